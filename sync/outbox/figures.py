"""How much waits, for whom, and since when. Nothing here counts rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sync.outbox.caps import Usage
from sync.outbox.queue import PLATFORM, position
from sync.outbox.rows import Connection, EventClass, Lane, from_rfc3339


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
        "SELECT (SELECT coalesce(sum(held), 0) FROM outbox_held_totals WHERE transport = ?1),"
        " (SELECT coalesce(sum(retrying), 0) FROM outbox_held_totals WHERE transport = ?1),"
        " stale, dropped, (SELECT sum(put) FROM outbox_totals)"
        " - (SELECT sum(passed) FROM outbox_cursors WHERE transport = ?1)"
        " FROM outbox_transports WHERE name = ?1",
        (transport,),
    ).fetchone()
    if found is None:
        return Backlog()
    held, retrying, stale, dropped, behind = found
    return Backlog(max(0, behind) + retrying, _oldest(conn, transport), held, stale, dropped)


def usage(conn: Connection, free_bytes: int | None = None) -> Usage:
    """What waits or is refused, by class. `free_bytes` is free on the disk of the file."""
    found = conn.execute(
        "SELECT event_class, sum(n), sum(b) FROM"
        " (SELECT event_class, stored AS n, bytes AS b FROM outbox_totals"
        "  UNION ALL SELECT event_class, held + retrying, bytes FROM outbox_held_totals)"
        " GROUP BY event_class"
    ).fetchall()
    counts = {EventClass(name): count for name, count, _ in found}
    lengths = {EventClass(name): length for name, _, length in found}
    room = (
        None if free_bytes is None else free_bytes + free_pages(conn) * _pragma(conn, "page_size")
    )
    return Usage(counts, lengths, room)


def free_pages(conn: Connection) -> int:
    """How many pages of the file hold nothing."""
    return _pragma(conn, "freelist_count")


def vacuum(tx: Connection, pages: int) -> None:
    """Give at most so many free pages back to the disk. Works in a transaction of its own."""
    tx.execute(f"PRAGMA incremental_vacuum({pages})").fetchall()


def _pragma(conn: Connection, name: str) -> int:
    return int(conn.execute(f"PRAGMA {name}").fetchone()[0])


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
