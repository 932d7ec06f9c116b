"""What the pages of this room show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class NoteRow:
    """One note on a customer; a `removed` one stands there for a while with the way back."""

    id: str
    text: str
    at: datetime
    author: str  # the name
    removed: bool = False


class TaskKind(StrEnum):
    """What is to be done."""

    FOLLOW_UP = "follow_up"
    APPOINTMENT = "appointment"
    HAND_OVER = "hand_over"
    SERVICE = "service"
    OTHER = "other"


class Due(StrEnum):
    """How soon something is to be done, as of now."""

    OVERDUE = "overdue"
    TODAY = "today"
    LATER = "later"
    OPEN = "open"  # without a day


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task. `assignee` is a staff id, "" = anybody; a `done` one stands there for a while.

    `customer` is "" where it is for nobody, or for somebody who may not be named (then no text).
    """

    id: str
    kind: TaskKind
    text: str
    due: Due
    due_on: date | None = None
    due_at: datetime | None = None
    customer_id: str = ""
    customer: str = ""
    assignee: str = ""
    assignee_name: str = ""
    handed_by: str = ""  # the name
    handed_text: str = ""
    done: bool = False


@dataclass(frozen=True, slots=True)
class TaskDraft:
    """A task as its form has it."""

    kind: TaskKind
    text: str = ""
    customer_id: str = ""
    due_on: date | None = None
    due_time: time | None = None
    assignee: str = ""


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody to whom a task can be given."""

    id: str
    name: str


class ContactChannel(StrEnum):
    """How somebody is reached."""

    PHONE = "phone"
    EMAIL = "email"
    MESSAGE = "message"
    IN_PERSON = "in_person"


@dataclass(frozen=True, slots=True)
class ContactWay:
    """One channel: `why_not` is a code of `words.WHY_NOT`, "" = they may be contacted there now.

    `address` is the number or address where there is one to show.
    """

    channel: ContactChannel
    why_not: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class TouchRow:
    """One contact."""

    id: str
    channel: ContactChannel
    at: datetime
    by: str  # the name


@dataclass(frozen=True, slots=True)
class ContactCard:
    """Who looks after a customer ("" = nobody), how they may be reached, and when they were."""

    advisor: str = ""
    advisor_name: str = ""
    ways: tuple[ContactWay, ...] = ()
    last: TouchRow | None = None


@dataclass(frozen=True, slots=True)
class ClientRow:
    """One client. `reasons` are codes of `words.REASONS`, the most urgent first."""

    customer_id: str
    name: str
    reasons: tuple[str, ...] = ()
    days_since_purchase: int | None = None
    days_since_contact: int | None = None
    birthday_in_days: int | None = None
    ways: tuple[ContactWay, ...] = ()
