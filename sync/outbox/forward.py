"""Order per customer holds across the lanes: what an urgent event may not overtake goes with it.

When an urgent event about somebody is put, that person's events that still wait in the ordinary
lane move into the urgent one, before it, under new sequence numbers. So a redemption comes before
everybody else's scans and behind the customer's own.
"""

from __future__ import annotations

from collections.abc import Mapping

from sync.outbox.rows import Connection, Lane


def bring_forward(tx: Connection, subject: str) -> None:
    """Move what waits about `subject` to the end of the urgent lane, in its order.

    A transport that had it before gets it twice, under the same id.
    """
    for (seq,) in tx.execute(_WAITING, (subject,)).fetchall():
        event = tx.execute(_EVENT, (seq,)).fetchone()
        tx.execute(
            "UPDATE outbox_cursors SET passed = passed + 1 WHERE lane = ? AND seq < ?",
            (int(Lane.ORDINARY), seq),
        )
        tx.execute("DELETE FROM outbox WHERE seq = ?", (seq,))
        tx.execute(_AGAIN, (*event, int(Lane.URGENT)))


def waiting_subjects(conn: Connection, transport: str) -> Mapping[str, int]:
    """Whose urgent events `transport` has not got, and the `seq` of the first of each."""
    found = conn.execute(
        "SELECT subject, min(seq) FROM outbox WHERE lane = ?1 AND subject IS NOT NULL AND seq >"
        " coalesce((SELECT seq FROM outbox_cursors WHERE transport = ?2 AND lane = ?1), 0)"
        " GROUP BY subject",
        (int(Lane.URGENT), transport),
    ).fetchall()
    return dict(found)


# `lane = 1` as the partial index wants it.
_WAITING = """
    SELECT seq FROM outbox WHERE lane = 1 AND subject = ? AND seq > coalesce((
        SELECT min(c.seq) FROM outbox_cursors c JOIN outbox_transports n ON n.name = c.transport
        WHERE n.is_configured AND c.lane = 1), 0)
    ORDER BY seq
"""
_COLUMNS = "id, type, subject, occurred_at, data, event_class, clock"
_EVENT = f"SELECT {_COLUMNS} FROM outbox WHERE seq = ?"  # noqa: S608  a constant
_AGAIN = f"INSERT INTO outbox ({_COLUMNS}, lane) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  a constant
