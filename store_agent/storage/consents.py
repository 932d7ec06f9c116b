"""Consent decisions made in this shop: the proof, and which the platform has not confirmed yet."""

from __future__ import annotations

from store_agent.domain.consent import ConsentDecision, ConsentState
from store_agent.storage.connection import Connection
from store_agent.storage.times import from_text, to_text


def record(
    tx: Connection,
    customer_id: str,
    decision: ConsentDecision,
    device_id: str | None,
    staff_id: str | None,
) -> None:
    """Keep a decision for good. `decision.event_id` must be set; a repeated event is ignored."""
    if decision.event_id is None:
        raise ValueError("a decision made in this shop needs its event id")
    tx.execute(
        "INSERT INTO consents (event_id, customer_id, purpose, state, decided_at, how,"
        " text_version, language, device_id, staff_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (
            decision.event_id,
            customer_id,
            decision.purpose,
            decision.state.value,
            to_text(decision.decided_at),
            decision.how,
            decision.text_version,
            decision.language,
            device_id,
            staff_id,
        ),
    )


def undelivered(connection: Connection, *customer_ids: str) -> list[ConsentDecision]:
    """Decisions that overlay the document of a customer, under all its ids, as they were made."""
    marks = ", ".join("?" * len(customer_ids))
    rows = connection.execute(
        "SELECT purpose, state, decided_at, how, text_version, language, event_id"  # noqa: S608  marks
        f" FROM consents WHERE customer_id IN ({marks}) AND confirmed = 0 ORDER BY n",
        customer_ids,
    )
    return [
        ConsentDecision(row[0], ConsentState(row[1]), from_text(row[2]), *row[3:]) for row in rows
    ]


def confirm(tx: Connection, event_id: str) -> None:
    """The feed contains this decision now; unknown ids are ignored."""
    tx.execute("UPDATE consents SET confirmed = 1 WHERE event_id = ?", (event_id,))
