"""Answers: what became of the one thing to say, and which topics rest because of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# Half a year: long enough that nobody feels pursued, short enough that tastes may have changed.
QUIET_FOR = timedelta(days=180)
# What the shop owes or keeps for somebody is theirs to know about at the next visit.
OWED_TOPICS = frozenset({"case", "pickup", "return"})


class Outcome(StrEnum):
    """What became of it."""

    SAID = "said"
    NOT_NOW = "not_now"
    NOT_INTERESTED = "not_interested"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `topic` is that of the sentence, e.g. "birthday" or "right:o-1"."""

    topic: str
    outcome: Outcome
    visit_id: str
    at: datetime


def quiet_topics(answers: Iterable[Answer], visit_id: str | None, now: datetime) -> frozenset[str]:
    """What is not suggested now: what was answered in this visit, and what was declined lately."""
    return frozenset(
        one.topic
        for one in answers
        if one.visit_id == visit_id or (_is_declined(one) and now - one.at < QUIET_FOR)
    )


def _is_declined(answer: Answer) -> bool:
    return answer.outcome is Outcome.NOT_INTERESTED and answer.topic not in OWED_TOPICS
