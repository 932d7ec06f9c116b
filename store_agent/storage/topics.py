"""What customers answered to the one thing that was said to them."""

from __future__ import annotations

from datetime import datetime

from store_agent.domain.answer import Answer, Outcome
from store_agent.storage.connection import Connection, Row
from store_agent.storage.times import from_text, to_text

_COLUMNS = "topic, outcome, visit_id, at"


def record(tx: Connection, customer_id: str, answer: Answer) -> None:
    """Keep an answer; another one to the same topic in the same visit replaces it."""
    tx.execute(
        f"INSERT OR REPLACE INTO topics (customer_id, {_COLUMNS}) VALUES (?, ?, ?, ?, ?)",  # noqa: S608  constant
        (
            customer_id,
            answer.topic,
            answer.outcome.value,
            answer.visit_id,
            to_text(answer.at),
        ),
    )


def take_back(tx: Connection, customer_id: str, visit_id: str, topic: str) -> bool:
    """Forget an answer; False when there is none."""
    return bool(
        tx.execute(
            "DELETE FROM topics WHERE customer_id = ? AND topic = ? AND visit_id = ? RETURNING 1",
            (customer_id, topic, visit_id),
        ).fetchall()
    )


def forget(tx: Connection, before: datetime) -> None:
    """Let go of what quiets nothing any more."""
    tx.execute("DELETE FROM topics WHERE at < ?", (to_text(before),))


def of(ledger: Connection, *customer_ids: str) -> list[Answer]:
    """All answers of a customer, under all its ids, the oldest first."""
    marks = ", ".join("?" * len(customer_ids))
    rows = ledger.execute(
        f"SELECT {_COLUMNS} FROM topics WHERE customer_id IN ({marks}) ORDER BY at",  # noqa: S608  marks
        customer_ids,
    ).fetchall()
    return [_answer(row) for row in rows]


def _answer(row: Row) -> Answer:
    return Answer(row[0], Outcome(row[1]), row[2], from_text(row[3]))
