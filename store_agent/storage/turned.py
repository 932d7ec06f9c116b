"""Tablets that are turned to a customer; a row stays until somebody's PIN turns it back."""

from __future__ import annotations

from datetime import datetime

from store_agent.domain.turned import Grant, TurnedPage
from store_agent.storage.connection import Connection
from store_agent.storage.times import from_text, to_text


def put(tx: Connection, grant: Grant) -> None:
    """Turn a tablet; what it was turned to before is over."""
    tx.execute(
        "INSERT OR REPLACE INTO turned_tablets (device_id, customer_id, page, language, staff_id,"
        " started_at, last_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            grant.device_id,
            grant.customer_id,
            grant.page.value,
            grant.language,
            grant.staff_id,
            to_text(grant.started_at),
            to_text(grant.last_at),
        ),
    )


def get(ledger: Connection, device_id: str) -> Grant | None:
    """What this tablet is turned to; the caller judges whether it is over."""
    rows = ledger.execute(
        "SELECT customer_id, page, language, staff_id, started_at, last_at FROM turned_tablets"
        " WHERE device_id = ?",
        (device_id,),
    ).fetchall()
    if not rows:
        return None
    customer_id, page, language, staff_id, started_at, last_at = rows[0]
    return Grant(
        device_id,
        customer_id,
        TurnedPage(page),
        language,
        staff_id,
        from_text(started_at),
        from_text(last_at),
    )


def touch(tx: Connection, device_id: str, at: datetime) -> None:
    """The customer is still there."""
    tx.execute(
        "UPDATE turned_tablets SET last_at = ? WHERE device_id = ?", (to_text(at), device_id)
    )


def close(tx: Connection, device_id: str) -> None:
    """The customer is done: over at once, but the tablet stays locked."""
    tx.execute(
        "UPDATE turned_tablets SET last_at = '1970-01-01T00:00:00Z' WHERE device_id = ?",
        (device_id,),
    )


def end(tx: Connection, device_id: str) -> None:
    """Turned back."""
    tx.execute("DELETE FROM turned_tablets WHERE device_id = ?", (device_id,))
