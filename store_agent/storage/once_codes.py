"""Rotating codes that were shown once: the second time is a replay."""

from __future__ import annotations

from datetime import datetime

from store_agent.domain.scan import OnceCode
from store_agent.storage.connection import Connection
from store_agent.storage.times import to_text


def is_used(connection: Connection, code: OnceCode) -> bool:
    """Whether the code was burnt."""
    rows = connection.execute(
        "SELECT 1 FROM once_codes WHERE pass_id = ? AND counter = ?", (code.pass_id, code.counter)
    ).fetchall()
    return bool(rows)


def burn(tx: Connection, code: OnceCode, at: datetime) -> bool:
    """Use the code up. False when somebody was faster."""
    rows = tx.execute(
        "INSERT INTO once_codes (pass_id, counter, at) VALUES (?, ?, ?)"
        " ON CONFLICT DO NOTHING RETURNING 1",
        (code.pass_id, code.counter, to_text(at)),
    ).fetchall()
    return bool(rows)


def forget_before(tx: Connection, at: datetime) -> None:
    """Drop codes burnt before `at`; they are outside every time window by then."""
    tx.execute("DELETE FROM once_codes WHERE at < ?", (to_text(at),))
