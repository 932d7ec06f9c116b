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
    title: str = ""
    what_for: str = ""
    benefit: str = ""
    granted: bool | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked now; `versions` comes back with the answers.

    `others` were allowed elsewhere and are not asked here; they can only be taken back.
    """

    versions: str
    language: str
    rows: tuple[Question, ...] = ()
    others: tuple[Question, ...] = ()


class KnownOrigin(StrEnum):
    """Where something that is known comes from."""

    TOLD = "told"
    OBSERVED = "observed"
    INFERRED = "inferred"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class KnownLine:
    """One thing the shop knows. A fact can be put right by its `label`."""

    label: str
    value: str
    origin: KnownOrigin
    at: datetime | None = None
    is_fact: bool = False


@dataclass(frozen=True, slots=True)
class QuizOption:
    """One answer to tap."""

    code: str
    text: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class QuizRow:
    """One question, in the language of the page."""

    label: str
    title: str
    is_multiple: bool
    options: tuple[QuizOption, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """Somebody's PIN turned the tablet back: the session, and whose page it was."""

    token: str
    customer_id: str
