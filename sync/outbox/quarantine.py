"""What a transport refuses for good, kept with its reason until somebody decides.

Each transport has its own: an event that one refuses is delivered to the others as ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import orjson

from sync.outbox.queue import PLATFORM
from sync.outbox.rows import Connection, OutboxRow, from_rfc3339, to_rfc3339

EXPORT_PAGE = 200


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A refused event. `n` is its place in the list, for the next page."""

    n: int
    transport: str
    row: OutboxRow
    code: str
    reason: str
    at: datetime


def quarantine(  # noqa: PLR0913, PLR0917  what is refused, by whom, and why
    tx: Connection, row: OutboxRow, transport: str, code: str, reason: str, at: datetime
) -> None:
    """Keep `row` aside for one transport; its cursor goes on as if it were delivered."""
    tx.execute(
        "INSERT INTO outbox_quarantine (transport, seq, id, type, subject, occurred_at, data,"
        " lane, event_class, clock, code, reason, quarantined_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (transport, id) DO UPDATE SET"
        " seq = excluded.seq, code = excluded.code, reason = excluded.reason,"
        " quarantined_at = excluded.quarantined_at, retry_seq = NULL",
        (
            transport,
            row.seq,
            row.id,
            row.type,
            row.subject,
            row.occurred_at,
            row.data,
            int(row.lane),
            str(row.event_class),
            row.clock,
            code,
            reason,
            to_rfc3339(at),
        ),
    )


def quarantined(
    conn: Connection, transport: str | None = None, limit: int = 100, *, after: int = 0
) -> list[Quarantined]:
    """The refused events of one transport or of all, in the order of refusal, behind `after`."""
    found = conn.execute(
        "SELECT q.n, q.transport, q.code, q.reason, q.quarantined_at, q.seq, q.id, q.type,"
        " q.subject, q.occurred_at, q.data, q.lane, q.event_class, c.offset_ms / 1000.0, q.clock"
        " FROM outbox_quarantine q LEFT JOIN outbox_clocks c ON c.n = q.clock"
        " WHERE q.n > ? AND q.retry_seq IS NULL AND (?2 IS NULL OR q.transport = ?2)"
        " ORDER BY q.n LIMIT ?3",
        (after, transport, limit),
    ).fetchall()
    return [
        Quarantined(n, name, OutboxRow(*row), code, reason, from_rfc3339(at))
        for n, name, code, reason, at, *row in found
    ]


def quarantine_count(conn: Connection, transport: str | None = None) -> int:
    """How many events are refused and kept."""
    row = conn.execute(
        "SELECT coalesce(sum(held), 0) FROM outbox_held_totals WHERE ?1 IS NULL OR transport = ?1",
        (transport,),
    ).fetchone()
    return int(row[0])


def retry(tx: Connection, event_id: str, transport: str = PLATFORM) -> bool:
    """Put a refused event at the end of that transport's queue; False if it is not refused.

    It gets a new sequence number: to the receiver it comes late, whatever it was before.
    """
    if not _is_held(tx, event_id, transport):
        return False
    tx.execute("UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'outbox'")
    tx.execute(
        "UPDATE outbox_quarantine SET retry_seq ="
        " (SELECT seq FROM sqlite_sequence WHERE name = 'outbox')"
        " WHERE transport = ? AND id = ?",
        (transport, event_id),
    )
    return True


def export(conn: Connection, transport: str | None = None) -> Iterator[bytes]:
    """The refused events as JSON lines, read in pages."""
    after = 0
    while kept := quarantined(conn, transport, EXPORT_PAGE, after=after):
        yield from map(json_line, kept)
        after = kept[-1].n


def json_line(kept: Quarantined) -> bytes:
    """One refused event in full, with its newline."""
    return orjson.dumps(_document(kept), option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z)


def _is_held(conn: Connection, event_id: str, transport: str) -> bool:
    found = conn.execute(
        "SELECT 1 FROM outbox_quarantine WHERE transport = ? AND id = ? AND retry_seq IS NULL",
        (transport, event_id),
    ).fetchone()
    return found is not None


def _document(kept: Quarantined) -> dict[str, object]:
    return {
        "transport": kept.transport,
        "code": kept.code,
        "reason": kept.reason,
        "quarantined_at": kept.at,
        "sequence": kept.row.sequence,
        "id": kept.row.id,
        "type": kept.row.type,
        "subject": kept.row.subject,
        "time": kept.row.occurred_at,
        "data": orjson.Fragment(kept.row.data),
    }
