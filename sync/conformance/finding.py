"""What a check found out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a platform did. `ABSENT` is a part that it may leave out."""

    OK = "ok"
    NOTE = "note"
    ABSENT = "absent"
    WRONG = "WRONG"


class Group(StrEnum):
    """Which part of the contract a check is about."""

    EVENTS = "Events: needed to take what a shop tells"
    DOCUMENTS = "Documents: needed to tell a shop about customers and offers"
    LOOKUPS = "Look-ups: optional, for customers a shop does not know"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. `words` say what was seen and, if it is wrong, what to do."""

    group: Group
    asked: str
    verdict: Verdict
    words: str = ""


class WrongError(Exception):
    """A promise is broken; the text says how, and what to do."""


class AbsentError(Exception):
    """This part is not there, which is allowed; the text says what a shop does without it."""


class NotedError(Exception):
    """Allowed, but worth knowing."""
