"""When customers last answered the survey here; what they said is in its event."""

from __future__ import annotations

from datetime import datetime

from store_agent.domain.survey import SurveyAnswer
from store_agent.storage.connection import Connection
from store_agent.storage.times import from_text_or_none, to_text


def record(tx: Connection, answer: SurveyAnswer) -> None:
    """Keep that an answer was given, and which score."""
    tx.execute(
        "INSERT INTO surveys (id, customer_id, score, at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (answer.id, answer.customer_id, answer.score, to_text(answer.at)),
    )


def last_at(ledger: Connection, *customer_ids: str) -> datetime | None:
    """When a customer answered last, under all its ids."""
    marks = ", ".join("?" * len(customer_ids))
    sql = f"SELECT max(at) FROM surveys WHERE customer_id IN ({marks})"  # noqa: S608  marks
    return from_text_or_none(ledger.execute(sql, customer_ids).fetchall()[0][0])
