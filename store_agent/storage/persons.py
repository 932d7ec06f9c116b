"""Person states set in this shop (capability A11), until the platform's document has them."""

from __future__ import annotations

from datetime import datetime

from store_agent.domain.customer import PersonState
from store_agent.storage.connection import Connection
from store_agent.storage.times import to_text


def set_state(  # noqa: PLR0913, PLR0917  one column each
    tx: Connection, customer_id: str, state: PersonState, on: bool, event_id: str, at: datetime
) -> None:
    """Switch a state on or off; a repeated event is ignored."""
    tx.execute(
        "INSERT INTO person_states (event_id, customer_id, state, is_on, at)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (event_id, customer_id, state.value, int(on), to_text(at)),
    )


def pending(connection: Connection, *customer_ids: str) -> dict[PersonState, bool]:
    """What overlays the document of a customer, under all its ids: each state's last switch."""
    marks = ", ".join("?" * len(customer_ids))
    rows = connection.execute(
        "SELECT state, is_on FROM person_states"  # noqa: S608  marks
        f" WHERE customer_id IN ({marks}) AND confirmed = 0 ORDER BY n",
        customer_ids,
    )
    return {PersonState(state): bool(is_on) for state, is_on in rows}


def confirm(tx: Connection, event_id: str) -> None:
    """The feed contains this switch now; unknown ids are ignored."""
    tx.execute("UPDATE person_states SET confirmed = 1 WHERE event_id = ?", (event_id,))
