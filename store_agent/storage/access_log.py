"""Who looked at whom: kept for the customer and the data-protection officer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store_agent.storage.connection import Connection
from store_agent.storage.times import from_text, to_text


@dataclass(frozen=True, slots=True)
class Access:
    """One look at, or act on, a customer."""

    at: datetime
    staff_id: str | None
    device_id: str | None
    customer_id: str | None
    action: str


def record(  # noqa: PLR0913, PLR0917  one column each
    tx: Connection,
    at: datetime,
    staff_id: str | None,
    device_id: str | None,
    customer_id: str | None,
    action: str,
) -> None:
    """Add one entry; entries are never changed."""
    tx.execute(
        "INSERT INTO access_log (at, staff_id, device_id, customer_id, action)"
        " VALUES (?, ?, ?, ?, ?)",
        (to_text(at), staff_id, device_id, customer_id, action),
    )


def of_customer(connection: Connection, customer_id: str) -> list[Access]:
    """Everything about one customer, the latest first."""
    rows = connection.execute(
        "SELECT at, staff_id, device_id, customer_id, action FROM access_log"
        " WHERE customer_id = ? ORDER BY id DESC",
        (customer_id,),
    )
    return [Access(from_text(row[0]), *row[1:]) for row in rows]
