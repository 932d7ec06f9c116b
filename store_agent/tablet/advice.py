"""What the tablet asks about advice, answered: notes, tasks, clients."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from kiosk_ui.advice import model
from kiosk_ui.errors import ShopUnavailable
from kiosk_ui.model import Viewer
from store_agent.advising.author import Author, ids_of, nameable
from store_agent.advising.notes import Notes
from store_agent.advising.tasks import Tasks, Wanted
from store_agent.clock import Clock
from store_agent.domain.errors import Conflict, InvalidInput, NotFound, Unavailable
from store_agent.domain.note import NOTE_UNDO, LocalNote, overlay
from store_agent.domain.task import TASK_UNDO, Task, TaskKind, TaskState
from store_agent.domain.task import overlay as tasks_overlay
from store_agent.domain.touch import Channel
from store_agent.insight import sensitive
from store_agent.storage import Storage, View, catalog, notes, tasks
from store_agent.tablet.clients import ClientDesk

T = TypeVar("T")


class TabletAdvice:
    """Implements `kiosk_ui.advice.port.Advice`."""

    def __init__(  # noqa: PLR0913, PLR0917  the verbs by name
        self,
        storage: Storage,
        zone: ZoneInfo,
        clock: Clock,
        notes_verbs: Notes,
        tasks_verbs: Tasks,
        client_desk: ClientDesk,
    ) -> None:
        """Over one storage and the verbs; `zone` is the shop's."""
        self._clients = client_desk
        self._storage = storage
        self._zone = zone
        self._clock = clock
        self._notes = notes_verbs
        self._tasks = tasks_verbs

    async def name(self, customer_id: str) -> str:
        """The name of somebody who may be named."""
        return await self._known(
            self._storage.read(lambda view: nameable(view, customer_id).display_name)
        )

    async def notes(self, customer_id: str) -> tuple[model.NoteRow, ...]:
        """The feed's notes with what this shop did since."""
        now = self._clock.now()

        def read(view: View) -> tuple[LocalNote, ...]:
            person = nameable(view, customer_id)
            local = notes.local(view.ledger, now - NOTE_UNDO, *ids_of(view, person))
            return overlay(notes.cached(view.cache, person.id), local)

        found = await self._known(self._storage.read(read, is_long=True))
        recent = (
            one for one in found if one.removed_at is None or now - one.removed_at < NOTE_UNDO
        )
        return tuple(
            model.NoteRow(
                one.note.id,
                one.note.text,
                one.note.at,
                one.note.author_name or one.note.author,
                one.removed_at is not None,
            )
            for one in recent
        )

    def warnings(self, text: str) -> tuple[str, ...]:
        """What the text had better not say."""
        return tuple(one.value for one in sensitive.find(text))

    async def record_note(self, key: str, customer_id: str, text: str, viewer: Viewer) -> None:
        """Keep a note."""
        await self._known(self._notes.record(key, customer_id, text, _author(viewer)))

    async def remove_note(self, note_id: str, customer_id: str, viewer: Viewer) -> None:
        """Take it out."""
        del viewer
        await self._known(self._notes.remove(note_id, customer_id))

    async def restore_note(self, note_id: str, customer_id: str, viewer: Viewer) -> None:
        """Bring it back."""
        del viewer
        await self._known(self._notes.restore(note_id, customer_id))

    async def tasks_for(self, customer_id: str) -> tuple[model.TaskRow, ...]:
        """For one customer, in whichever shop."""
        since = self._clock.now() - TASK_UNDO

        def read(view: View) -> tuple[model.TaskRow, ...]:
            person = nameable(view, customer_id)
            local = tasks.local(view.ledger, since, *ids_of(view, person))
            return self._rows(view, tasks_overlay(tasks.open_of(view.cache, person.id), local))

        return await self._known(self._storage.read(read, is_long=True))

    async def tasks(self) -> tuple[model.TaskRow, ...]:
        """Of this shop."""
        since, store = self._clock.now() - TASK_UNDO, self._storage.store_id

        def read(view: View) -> tuple[model.TaskRow, ...]:
            local = tasks.local(view.ledger, since)
            return self._rows(view, tasks_overlay(tasks.open_in(view.cache, store), local))

        return await self._known(self._storage.read(read, is_long=True))

    async def task(self, task_id: str) -> model.TaskRow:
        """One that is open, or was until just now."""
        for row in await self.tasks():
            if row.id == task_id:
                return row
        raise LookupError(task_id)

    async def colleagues(self) -> tuple[model.Colleague, ...]:
        """Everybody who may use the tablet."""
        staff = await self._storage.read(lambda view: catalog.staff(view.cache))
        return tuple(model.Colleague(one.id, one.name) for one in staff)

    async def add_task(self, key: str, draft: model.TaskDraft, viewer: Viewer) -> None:
        """Make a task."""
        wanted = Wanted(
            TaskKind(draft.kind),
            draft.text,
            draft.customer_id or None,
            draft.due_on,
            draft.due_time,
            draft.assignee or None,
        )
        await self._known(self._tasks.add(key, wanted, _author(viewer)))

    async def tick_task(self, task_id: str, viewer: Viewer, *, done: bool) -> None:
        """It is done, or not after all."""
        state = TaskState.DONE if done else TaskState.OPEN
        await self._known(self._tasks.set_state(task_id, state, _author(viewer)))

    async def hand_task(self, task_id: str, assignee: str, text: str, viewer: Viewer) -> None:
        """Give it to somebody else."""
        verb = self._tasks.hand_over(task_id, assignee or None, text, _author(viewer))
        await self._known(verb)

    async def contact(self, customer_id: str) -> model.ContactCard:
        """Who looks after somebody, and how they may be reached."""
        return await self._known(self._clients.card(customer_id))

    async def clients(self, viewer: Viewer) -> tuple[model.ClientRow, ...]:
        """Whom the viewer looks after."""
        return await self._known(self._clients.rows(viewer.staff_id))

    async def look_after(self, customer_id: str, staff_id: str) -> None:
        """Somebody else looks after them."""
        await self._known(self._clients.verbs.look_after(customer_id, staff_id))

    async def touch(
        self, key: str, customer_id: str, channel: model.ContactChannel, viewer: Viewer
    ) -> None:
        """They were contacted."""
        verb = self._clients.verbs.touch(key, customer_id, Channel(channel), _author(viewer))
        await self._known(verb)

    async def take_touch_back(self, touch_id: str, customer_id: str) -> None:
        """It was a slip."""
        await self._known(self._clients.verbs.take_touch_back(touch_id, customer_id))

    def _rows(self, view: View, found: tuple[Task, ...]) -> tuple[model.TaskRow, ...]:
        """Open ones, and those that were ticked off just now."""
        since = self._clock.now() - TASK_UNDO
        shown = [task for task in found if task.state is TaskState.OPEN or task.changed_at > since]
        staff = {one.id: one.name for one in catalog.staff(view.cache)} if shown else {}
        return tuple(self._row(view, task, staff) for task in shown)

    def _row(self, view: View, task: Task, staff: Mapping[str, str]) -> model.TaskRow:
        now = self._clock.now()
        row = model.TaskRow(
            id=task.id,
            kind=model.TaskKind(task.kind),
            text=task.text,
            due=_due(task, now, now.astimezone(self._zone).date()),
            due_on=task.due_on,
            due_at=task.due_at,
            customer_id=task.customer_id or "",
            assignee=task.assignee or "",
            assignee_name=staff.get(task.assignee or "", task.assignee or ""),
            handed_by=staff.get(task.handed_by or "", task.handed_by or ""),
            handed_text=task.handed_text,
            done=task.state is not TaskState.OPEN,
        )
        if task.customer_id is None:
            return row
        try:
            return replace(row, customer=nameable(view, task.customer_id).display_name)
        except NotFound:  # what was written about them may name them
            return replace(row, text="", handed_text="", customer_id="")

    async def _known(self, deed: Awaitable[T]) -> T:
        try:
            return await deed
        except NotFound as error:
            raise LookupError(str(error)) from error
        except (Conflict, InvalidInput) as error:
            raise ValueError(str(error)) from error
        except Unavailable as error:
            raise ShopUnavailable(str(error), retry_after_s=error.retry_after_s) from error


def _author(viewer: Viewer) -> Author:
    return Author(viewer.staff_id, viewer.staff_name)


def _due(task: Task, now: datetime, today: date) -> model.Due:
    if task.due_on is None:
        return model.Due.OPEN
    if task.is_overdue(now, today):
        return model.Due.OVERDUE
    return model.Due.TODAY if task.is_due(now, today) else model.Due.LATER
