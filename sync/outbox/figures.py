"""How much waits, for whom, and since when. Nothing here counts rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sync.outbox.queue import PLATFORM, position
from sync.outbox.rows import Connection, Lane, from_rfc3339


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many events wait for one transport, and since when the oldest does.

    `quarantined` it refuses and nobody decided yet; `stale` were too old to be worth sending, and
    `dropped` had to go for want of room, both since the beginning of the file.
    """

    count: int = 0
    oldest_at: datetime | None = None
    quarantined: int = 0
    stale: int = 0
    dropped: int = 0


def backlog(conn: Connection, transport: str = PLATFORM) -> Backlog:
    """What waits for `transport`. Nothing for one that was never enrolled."""
    found = conn.execute(
        "SELECT held, retrying, stale, dropped,"
        " (SELECT sum(put) FROM outbox_totals) - (SELECT sum(passed) FROM outbox_cursors"
        "  WHERE transport = ?1) FROM outbox_transports WHERE name = ?1",
        (transport,),
    ).fetchone()
    if found is None:
        return Backlog()
    held, retrying, stale, dropped, behind = found
    return Backlog(max(0, behind) + retrying, _oldest(conn, transport), held, stale, dropped)


def _oldest(conn: Connection, transport: str) -> datetime | None:
    heads = [
        conn.execute(
            "SELECT occurred_at FROM outbox WHERE lane = ? AND seq > ? ORDER BY seq LIMIT 1",
            (int(lane), position(conn, transport, lane)),
        ).fetchone()
        for lane in Lane
    ]
    times = [from_rfc3339(head[0]) for head in heads if head]
    return min(times, default=None)
