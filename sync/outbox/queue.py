"""The way of an event through the outbox: put, read in pages, acknowledge by a cursor, delete.

Each transport has one cursor per lane, in the same database as the rows. Delivered rows are
deleted later, in bounded steps, once every configured transport is past them.
"""

from __future__ import annotations

from sync.outbox.drops import gate, refuse
from sync.outbox.forward import bring_forward
from sync.outbox.pages import read_page
from sync.outbox.rows import (
    Connection,
    EventClass,
    Lane,
    OutboxEvent,
    OutboxRow,
    check,
    to_rfc3339,
)

PLATFORM = "platform"  # the name of the default transport


def put(tx: Connection, event: OutboxEvent) -> None:
    """Store one event in the caller's open transaction. Never commits.

    An urgent event takes along what still waits about its subject, so that order per customer
    holds across the lanes.

    When there is no room for its class it is not stored but counted, in the same transaction, and
    the caller goes on; that never befalls a right. Raises InvalidEventError when no platform could
    ever read the event: a bug of the caller, found here rather than at the head of the queue.
    """
    check(event)
    if event.event_class is not EventClass.RIGHT:
        closed = gate(tx, event.event_class)
        if closed is not None:
            refuse(tx, event.event_class, closed)
            return
    if event.lane is Lane.URGENT and event.subject:
        bring_forward(tx, event.subject)
    tx.execute(
        "INSERT INTO outbox"
        " (id, type, subject, occurred_at, data, lane, event_class, clock)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, (SELECT max(n) FROM outbox_clocks))",
        (
            event.id,
            event.type,
            event.subject or None,
            to_rfc3339(event.occurred_at),
            event.data,
            event.lane.value,
            event.event_class.value,
        ),
    )


def page(
    conn: Connection,
    transport: str = PLATFORM,
    lane: Lane = Lane.ORDINARY,
    limit: int = 500,
    *,
    after_seq: int | None = None,
) -> list[OutboxRow]:
    """The next rows of one lane for one transport, in order. Costs the same at any backlog.

    They follow `after_seq`, or else the transport's own position.
    """
    after = position(conn, transport, lane) if after_seq is None else after_seq
    rows = read_page(conn, lane, after, limit)
    again = _retried(conn, transport, lane, after, limit)
    return sorted(rows + again)[:limit] if again else rows


def _retried(
    conn: Connection, transport: str, lane: Lane, after: int, limit: int
) -> list[OutboxRow]:
    found = conn.execute(
        "SELECT q.retry_seq, q.id, q.type, q.subject, q.occurred_at, q.data, q.lane,"
        " q.event_class, c.offset_ms / 1000.0, q.clock"
        " FROM outbox_quarantine q LEFT JOIN outbox_clocks c ON c.n = q.clock"
        " WHERE q.transport = ? AND q.lane = ? AND q.retry_seq > ? ORDER BY q.retry_seq LIMIT ?",
        (transport, int(lane), after, limit),
    ).fetchall()
    return list(map(OutboxRow._make, found))


def position(conn: Connection, transport: str = PLATFORM, lane: Lane = Lane.ORDINARY) -> int:
    """The last `seq` of `lane` that needs no sending any more; 0 at the start."""
    row = conn.execute(
        "SELECT seq FROM outbox_cursors WHERE transport = ? AND lane = ?", (transport, int(lane))
    ).fetchone()
    return int(row[0]) if row else 0


def acknowledge(
    tx: Connection, up_to_seq: int, transport: str = PLATFORM, lane: Lane = Lane.ORDINARY
) -> None:
    """Note that `lane` is delivered up to `up_to_seq`. The position never moves back.

    Raises LookupError for a transport that was not enrolled.
    """
    before = position(tx, transport, lane)
    if up_to_seq <= before:
        return
    tx.execute(
        "UPDATE outbox_cursors SET seq = ?1, passed = passed + (SELECT count(*) FROM outbox"
        " WHERE lane = ?3 AND seq > ?4 AND seq <= ?1) WHERE transport = ?2 AND lane = ?3",
        (up_to_seq, transport, int(lane), before),
    )
    if not _changes(tx):
        raise LookupError(f"no transport {transport!r} is enrolled")
    tx.execute(
        "DELETE FROM outbox_quarantine WHERE transport = ? AND lane = ? AND retry_seq <= ?",
        (transport, int(lane), up_to_seq),
    )


def count_stale(tx: Connection, count: int, transport: str = PLATFORM) -> None:
    """Note that so many events were too old to be worth sending there."""
    tx.execute("UPDATE outbox_transports SET stale = stale + ? WHERE name = ?", (count, transport))


def purgeable(conn: Connection) -> int:
    """How many rows every configured transport is past: they may be deleted."""
    return sum(max(0, row[0] or 0) for row in conn.execute(_PURGEABLE).fetchall())


_PURGEABLE = """
    SELECT (SELECT sum(stored) FROM outbox_totals t WHERE t.lane = c.lane)
        - max((SELECT sum(put) FROM outbox_totals t WHERE t.lane = c.lane) - c.passed)
    FROM outbox_cursors c JOIN outbox_transports n ON n.name = c.transport
    WHERE n.is_configured GROUP BY c.lane
"""


def purge(tx: Connection, limit: int) -> int:
    """Delete at most `limit` rows that are delivered everywhere, oldest first; how many it were."""
    left = limit
    for lane, reached in tx.execute(_REACHED).fetchall():
        if left > 0:
            tx.execute(
                "DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox"
                " WHERE lane = ? AND seq <= ? ORDER BY seq LIMIT ?)",
                (lane, reached, left),
            )
            left -= _changes(tx)
    return limit - left


_REACHED = """
    SELECT c.lane, min(c.seq) FROM outbox_cursors c
    JOIN outbox_transports n ON n.name = c.transport WHERE n.is_configured GROUP BY c.lane
"""


def _changes(tx: Connection) -> int:
    return int(tx.execute("SELECT changes()").fetchone()[0])
