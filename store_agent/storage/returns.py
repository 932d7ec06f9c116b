"""Returns the till reported, each once, and how much of each sold line has come back."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from store_agent.storage import codec
from store_agent.storage.connection import Connection
from store_agent.storage.times import to_text

T = TypeVar("T")


def find(connection: Connection, return_txn_id: str, shape: type[T]) -> T | None:
    """What was answered to this return, or None."""
    rows = connection.execute(
        "SELECT doc FROM returns WHERE return_txn_id = ?", (return_txn_id,)
    ).fetchall()
    return codec.read(shape, rows[0][0]) if rows else None


def record(  # noqa: PLR0913, PLR0917  one column each
    tx: Connection,
    return_txn_id: str,
    txn_id: str | None,
    till: str,
    at: datetime,
    answer: object,
) -> None:
    """Keep a return and its answer."""
    tx.execute(
        "INSERT INTO returns (return_txn_id, txn_id, till, at, doc) VALUES (?, ?, ?, ?, ?)",
        (return_txn_id, txn_id, till, to_text(at), codec.dump(answer)),
    )


def returned(connection: Connection, txn_id: str) -> dict[str, int]:
    """Thousandths of pieces that have come back, by line."""
    rows = connection.execute(
        "SELECT line_id, qty_milli FROM returned_lines WHERE txn_id = ?", (txn_id,)
    ).fetchall()
    return {row[0]: row[1] for row in rows}


def set_returned(tx: Connection, txn_id: str, line_id: str, qty_milli: int) -> None:
    """How much of a line has come back in all."""
    tx.execute(
        "INSERT OR REPLACE INTO returned_lines (txn_id, line_id, qty_milli) VALUES (?, ?, ?)",
        (txn_id, line_id, qty_milli),
    )
