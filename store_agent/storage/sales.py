"""Sales as the till reported them, each once."""

from __future__ import annotations

from datetime import date

from store_agent.domain.sale import Sale
from store_agent.storage import codec
from store_agent.storage.connection import Connection
from store_agent.storage.times import to_text


def record(tx: Connection, sale: Sale, event_id: str) -> bool:
    """Keep a sale. False when this `txn_id` is known: then nothing is changed."""
    rows = tx.execute(
        "INSERT INTO sales (txn_id, event_id, received_at, customer_ref, doc, receipt)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1",
        (
            sale.txn_id,
            event_id,
            to_text(sale.received_at),
            sale.customer_ref,
            codec.dump(sale),
            _receipt(sale.till, sale.business_date, sale.receipt_number),
        ),
    ).fetchall()
    return bool(rows)


def get(connection: Connection, txn_id: str) -> Sale | None:
    """The sale of a transaction, or None."""
    rows = connection.execute("SELECT doc FROM sales WHERE txn_id = ?", (txn_id,)).fetchall()
    return codec.read(Sale, rows[0][0]) if rows else None


def by_receipt(connection: Connection, till: str, day: date, number: str) -> Sale | None:
    """The sale behind a receipt, or None when it is not known here, or not told from another."""
    rows = connection.execute(
        "SELECT doc FROM sales WHERE receipt = ? LIMIT 2", (_receipt(till, day, number),)
    ).fetchall()
    return codec.read(Sale, rows[0][0]) if len(rows) == 1 else None


def _receipt(till: str, day: date, number: str) -> str:
    return f"{till}/{day.isoformat()}/{number}"
