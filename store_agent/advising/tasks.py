"""Tasks: add, tick off, hand over. What was done here counts here at once, offline too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from store_agent.advising.author import Author, nameable
from store_agent.clock import Clock
from store_agent.domain import events
from store_agent.domain.errors import InvalidInput, NotFound
from store_agent.domain.ids import NewId, new_id
from store_agent.domain.task import MAX_TASK_CHARS, TASK_UNDO, Task, TaskKind, TaskState
from store_agent.insight import sensitive
from store_agent.outgoing import emit
from store_agent.storage import Connection, Storage, View, catalog, tasks

# What goes without saying more than for whom and when.
SELF_EXPLAINING = frozenset({TaskKind.FOLLOW_UP, TaskKind.APPOINTMENT})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be done. `due_time` is on the shop's wall; `assignee` None = anybody."""

    kind: TaskKind
    text: str
    customer_id: str | None = None
    due_on: date | None = None
    due_time: time | None = None
    assignee: str | None = None


class Tasks:
    """The verbs on tasks. `changed` is told for whom, None = for no customer."""

    def __init__(
        self,
        storage: Storage,
        zone: ZoneInfo,
        clock: Clock,
        changed: Callable[[str | None], None],
        make_id: NewId = new_id,
    ) -> None:
        """Over one storage; `zone` is the shop's."""
        self._storage = storage
        self._zone = zone
        self._clock = clock
        self._changed = changed
        self._new_id = make_id

    async def add(self, task_id: str, wanted: Wanted, author: Author) -> None:
        """Make a task. The same `task_id` again makes none.

        Raises NotFound for somebody who may not be named, InvalidInput for what makes no sense.
        """
        wanted = replace(wanted, text=_checked(wanted.text))
        if not wanted.text and (wanted.kind not in SELF_EXPLAINING or wanted.customer_id is None):
            raise InvalidInput("a task of this kind needs a text", field="text")
        due_at = self._moment(wanted.due_on, wanted.due_time)
        now = self._clock.now()

        def look(view: View) -> Task | None:
            _check_assignee(view, wanted.assignee)
            owner = wanted.customer_id and nameable(view, wanted.customer_id).id
            if _current(view, task_id) is not None:
                return None  # told before
            return Task(
                id=task_id,
                kind=wanted.kind,
                text=wanted.text,
                created_at=now,
                created_by=author.staff_id,
                changed_at=now,
                store=self._storage.store_id,
                customer_id=owner,
                due_on=wanted.due_on,
                due_at=due_at,
                assignee=wanted.assignee,
            )

        await self._keep(look, author)

    async def set_state(self, task_id: str, state: TaskState, author: Author) -> None:
        """Tick a task off, or open it again. Raises NotFound."""

        def look(view: View) -> Task | None:
            task = _known(view, task_id)
            return None if task.state is state else replace(task, state=state)

        await self._keep(look, author)

    async def hand_over(
        self, task_id: str, assignee: str | None, text: str, author: Author
    ) -> None:
        """Give a task to somebody else, with a word on it. Raises NotFound and InvalidInput."""
        text = _checked(text)

        def look(view: View) -> Task | None:
            _check_assignee(view, assignee)
            task = _known(view, task_id)
            if (task.assignee, task.handed_text) == (assignee, text):
                return None
            return replace(task, assignee=assignee, handed_by=author.staff_id, handed_text=text)

        await self._keep(look, author)

    async def _keep(self, look: Callable[[View], Task | None], author: Author) -> None:
        now, event_id = self._clock.now(), self._new_id()

        def record(tx: Connection, found: Task | None) -> Task | None:
            if found is None:
                return None
            task = replace(found, changed_at=now)
            tasks.put(tx, task, event_id)
            tasks.tidy(tx, now - TASK_UNDO)
            emit(tx, events.task_changed(event_id, task, author.staff_id))
            return task

        task = await self._storage.decide(look, record)
        if task is not None:
            self._changed(task.customer_id)

    def _moment(self, day: date | None, at: time | None) -> datetime | None:
        if at is None:
            return None
        if day is None:
            raise InvalidInput("a time needs its day", field="due_on")
        return datetime.combine(day, at, self._zone)


def _checked(text: str) -> str:
    text = text.strip()
    if len(text) > MAX_TASK_CHARS:
        raise InvalidInput(f"a task has at most {MAX_TASK_CHARS} characters", field="text")
    if sensitive.NEVER_KEPT.intersection(sensitive.find(text)):
        raise InvalidInput("a task holds no number of a payment card", field="text")
    return text


def _check_assignee(view: View, staff_id: str | None) -> None:
    if staff_id is not None and staff_id not in {one.id for one in catalog.staff(view.cache)}:
        raise InvalidInput("nobody of that name works here", field="assignee")


def _current(view: View, task_id: str) -> Task | None:
    local, cached = tasks.get(view.ledger, task_id), tasks.get_cached(view.cache, task_id)
    if local is None or cached is None:
        return local or cached
    return local if local.changed_at >= cached.changed_at else cached


def _known(view: View, task_id: str) -> Task:
    task = _current(view, task_id)
    if task is None:
        raise NotFound("no such task", field="task_id")
    return task
