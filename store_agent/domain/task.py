"""Tasks: what somebody in the shop is to do, for a customer or without one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

MAX_TASK_CHARS = 500
# How long a task that was ticked off stays in sight, with the way back.
TASK_UNDO = timedelta(minutes=10)


class TaskKind(StrEnum):
    """What is to be done."""

    FOLLOW_UP = "follow_up"
    APPOINTMENT = "appointment"
    HAND_OVER = "hand_over"
    SERVICE = "service"
    OTHER = "other"


class TaskState(StrEnum):
    """What became of it."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Task:
    """One task: the shape of a document of the feed's collection `tasks`.

    `due_on` is a day of the shop's calendar; `due_at` the moment, where a time was agreed.
    `assignee` is a staff id, None = anybody. `handed_by` gave it to them and wrote `handed_text`.
    """

    id: str
    kind: TaskKind
    text: str
    created_at: datetime
    created_by: str
    changed_at: datetime
    store: str
    state: TaskState = TaskState.OPEN
    customer_id: str | None = None
    due_on: date | None = None
    due_at: datetime | None = None
    assignee: str | None = None
    handed_by: str | None = None
    handed_text: str = ""

    def is_overdue(self, now: datetime, today: date) -> bool:
        """Whether its moment, or failing that its day, has passed."""
        if self.due_at is not None:
            return self.due_at < now
        return self.due_on is not None and self.due_on < today

    def is_due(self, now: datetime, today: date) -> bool:
        """Whether it is to be done today at the latest."""
        return self.is_overdue(now, today) or (self.due_on is not None and self.due_on <= today)


def overlay(cached: Iterable[Task], local: Iterable[Task]) -> tuple[Task, ...]:
    """All tasks as they stand, the soonest first; of two forms of one the later counts."""
    by_id = {task.id: task for task in cached}
    for task in local:
        known = by_id.get(task.id)
        if known is None or known.changed_at <= task.changed_at:
            by_id[task.id] = task
    return tuple(sorted(by_id.values(), key=_soonest))


def _soonest(task: Task) -> tuple[bool, date, bool, str, str]:
    """Without a day last; within a day those with a time first, in the order of their times."""
    at = task.due_at.isoformat() if task.due_at else ""
    return (task.due_on is None, task.due_on or date.max, not at, at, task.id)
