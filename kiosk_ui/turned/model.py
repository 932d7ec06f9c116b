"""What the pages of a turned tablet show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class TurnedKind(StrEnum):
    """What the tablet was turned for."""

    CONSENT = "consent"
    KNOWN = "known"
    PREFERENCES = "preferences"
    SURVEY = "survey"


@dataclass(frozen=True, slots=True)
class TurnedState:
    """What a tablet is turned to. Without `is_open` it says goodbye and shows nothing else.

    `name` is how the customer is addressed, "" when they may not be named (any more).
    """

    kind: TurnedKind
    language: str
    is_open: bool
    seconds_left: float
    staff_id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """One consent in the customer's words. `granted` None: never answered."""

    purpose: str
    title: str
    what_for: str
    benefit: str
    granted: bool | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked now; `versions` comes back with the answers."""

    versions: str
    language: str
    rows: tuple[Question, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """Somebody's PIN turned the tablet back: the session, and whose page it was."""

    token: str
    customer_id: str
