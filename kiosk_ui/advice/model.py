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
