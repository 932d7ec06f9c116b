"""What customers told here about themselves, until the feed has it."""

from __future__ import annotations

from collections.abc import Iterable

from store_agent.domain.preference import Preference
from store_agent.storage.connection import Connection
from store_agent.storage.times import from_text, to_text


def record(tx: Connection, customer_id: str, told: Iterable[Preference], event_id: str) -> None:
    """Keep what one event says."""
    tx.executemany(
        "INSERT INTO preferences (event_id, customer_id, label, value, at) VALUES (?, ?, ?, ?, ?)",
        [(event_id, customer_id, one.label, one.value, to_text(one.at)) for one in told],
    )


def pending(connection: Connection, *customer_ids: str) -> list[Preference]:
    """What overlays the document of a customer, under all its ids, in the order it was told."""
    marks = ", ".join("?" * len(customer_ids))
    rows = connection.execute(
        "SELECT label, value, at FROM preferences"  # noqa: S608  marks
        f" WHERE customer_id IN ({marks}) AND confirmed = 0 ORDER BY n",
        customer_ids,
    )
    return [Preference(row[0], row[1], from_text(row[2])) for row in rows]


def confirm(tx: Connection, event_id: str) -> None:
    """The feed contains this now; unknown ids are ignored."""
    tx.execute("UPDATE preferences SET confirmed = 1 WHERE event_id = ?", (event_id,))
