"""How gladly somebody would recommend the shop, 0 to 10 (net promoter score)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

LOWEST, HIGHEST = 0, 10
UNHAPPY = 6  # up to here somebody of the shop sees to it
HAPPY = 9  # from here on the customer is asked to tell others
ASKED_AGAIN_AFTER = timedelta(days=90)
MAX_SENTENCE_CHARS = 300


@dataclass(frozen=True, slots=True)
class SurveyAnswer:
    """One answer, with a sentence if the customer wrote one."""

    id: str
    customer_id: str
    score: int
    sentence: str
    at: datetime
    language: str


def may_be_asked(last_at: datetime | None, now: datetime) -> bool:
    """Whether enough time has passed since the last answer."""
    return last_at is None or now - last_at >= ASKED_AGAIN_AFTER
