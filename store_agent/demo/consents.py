"""The answers customers gave: most may be addressed, some took it back, some were never asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from store_agent.demo import cast
from store_agent.demo.calendar import Calendar
from store_agent.domain.consent import LOCATION

Document = dict[str, Any]
Roll = Callable[[], float]

_TEXT_VERSION = "2026-02"
_OLD_TEXT_VERSION = "2023-05"
_OLD_TEXT_AFTER_DAYS = 600
_ANSWERED_WITHIN_DAYS = 1000
_WITHDRAWN_WITHIN_DAYS = 29  # always after the answer it takes back
_HOW = ("app", "double_opt_in", "tablet", "online_shop", "paper")
_NEVER_ASKED, _WITHDRAWN = 0.07, 0.13  # cumulated shares, for `clienteling`
_FURTHER_PURPOSES = (
    ("marketing.email", 0.5),
    (LOCATION, 0.25),
    ("marketing.sms", 0.12),
    ("marketing.push", 0.2),
)


def consent_documents(index: int, language: str, when: Calendar, roll: Roll) -> list[Document]:
    """All answers of customer `index`, oldest first; the cast's leads may all be addressed, and
    whoever collects an order may be noticed."""
    share = roll() if index >= cast.LEADS else 1.0
    days_ago = _WITHDRAWN_WITHIN_DAYS + 1 + int(roll() * _ANSWERED_WITHIN_DAYS)
    answer = {
        "purpose": "clienteling",
        "state": "granted",
        "decided_at": when.moment(days_ago, roll()),
        "how": _HOW[int(roll() * len(_HOW))],
        "text_version": _OLD_TEXT_VERSION if days_ago > _OLD_TEXT_AFTER_DAYS else _TEXT_VERSION,
        "language": language,
    }
    answers = [answer] if share >= _NEVER_ASKED else []
    answers += [
        {**answer, "purpose": purpose}
        for purpose, likelihood in _FURTHER_PURPOSES
        if roll() < likelihood or (purpose == LOCATION and cast.collects(index))
    ]
    if _NEVER_ASKED <= share < _WITHDRAWN:
        withdrawn_at = when.moment(1 + int(roll() * _WITHDRAWN_WITHIN_DAYS), roll())
        answers.append({**answer, "state": "withdrawn", "decided_at": withdrawn_at})
    return answers
