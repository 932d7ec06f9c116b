"""Who is on the way to the shop, or near it and not known to be inside."""

from __future__ import annotations

from datetime import datetime

from store_agent.domain.arrival import Arrival, ArrivalStage
from store_agent.domain.greeting import Confidence
from store_agent.storage.connection import Connection
from store_agent.storage.times import from_text, from_text_or_none, to_text, to_text_or_none


def put(tx: Connection, arrival: Arrival) -> None:
    """Note where somebody is on the way; `since` of an earlier note stays."""
    tx.execute(
        "INSERT INTO arrivals (customer_id, fence_id, stage, since, as_of, eta_at, confidence)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (customer_id, fence_id) DO UPDATE SET"
        " stage = excluded.stage, as_of = excluded.as_of, eta_at = excluded.eta_at,"
        " confidence = excluded.confidence",
        (
            arrival.customer_id,
            arrival.fence_id,
            arrival.stage.value,
            to_text(arrival.since),
            to_text(arrival.as_of),
            to_text_or_none(arrival.eta_at),
            arrival.confidence.value,
        ),
    )


def forget(tx: Connection, customer_id: str, fence_id: str | None = None) -> None:
    """They are no longer on the way to this fence, or (None) to any."""
    if fence_id is None:
        tx.execute("DELETE FROM arrivals WHERE customer_id = ?", (customer_id,))
        return
    tx.execute(
        "DELETE FROM arrivals WHERE customer_id = ? AND fence_id = ?", (customer_id, fence_id)
    )


def silent(connection: Connection, before: datetime) -> list[Arrival]:
    """Who was last heard of before `before`."""
    return [one for one in everybody(connection) if one.as_of < before]


def is_expected(connection: Connection, customer_id: str) -> bool:
    """Whether this customer is on the way."""
    rows = connection.execute(
        "SELECT 1 FROM arrivals WHERE customer_id = ? AND stage IN (?, ?)",
        (customer_id, ArrivalStage.APPROACHING.value, ArrivalStage.NEARBY.value),
    ).fetchall()
    return bool(rows)


def everybody(connection: Connection) -> list[Arrival]:
    """All of them, soonest first; who has no time of arrival comes first."""
    rows = connection.execute(
        "SELECT customer_id, fence_id, stage, since, as_of, eta_at, confidence FROM arrivals"
        " ORDER BY coalesce(eta_at, ''), since, customer_id"
    )
    return [
        Arrival(
            customer_id,
            fence_id,
            ArrivalStage(stage),
            from_text(since),
            from_text(as_of),
            Confidence(confidence),
            from_text_or_none(eta_at),
        )
        for customer_id, fence_id, stage, since, as_of, eta_at, confidence in rows
    ]
