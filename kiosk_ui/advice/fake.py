"""The shipped fake of this room: notes and tasks in memory, about the invented cast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from kiosk_ui.advice.model import (
    ClientRow,
    Colleague,
    ContactCard,
    ContactChannel,
    ContactWay,
    Due,
    NoteRow,
    TaskDraft,
    TaskKind,
    TaskRow,
    TouchRow,
)
from kiosk_ui.advice.words import NEVER_KEPT
from kiosk_ui.fake import default_staff
from kiosk_ui.fake_cast import MIRA
from kiosk_ui.live import Hub
from kiosk_ui.model import Viewer

DAY = timedelta(days=1)
ZONE = ZoneInfo("Europe/Berlin")
TELLTALE = {"krank": "health", "4111": "payment_card"}  # enough for a fake


@dataclass(eq=False, slots=True)
class FakeAdvice:
    """Implements `port.Advice`; `names` are those who may be named."""

    hub: Hub
    now: Callable[[], datetime]
    names: dict[str, str] = field(default_factory=dict)
    notes_on: dict[str, dict[str, NoteRow]] = field(default_factory=dict)
    rows: dict[str, TaskRow] = field(default_factory=dict)
    cards: dict[str, ContactCard] = field(default_factory=dict)
    mine: dict[str, tuple[ClientRow, ...]] = field(default_factory=dict)  # by staff id
    staff: tuple[Colleague, ...] = tuple(Colleague(c.id, c.name) for c in default_staff())

    async def name(self, customer_id: str) -> str:
        """See `Advice`."""
        return self.names[customer_id]

    async def notes(self, customer_id: str) -> tuple[NoteRow, ...]:
        """See `Advice`."""
        rows = self.notes_on.get(customer_id, {}).values()
        return tuple(sorted(rows, key=lambda row: row.at, reverse=True))

    def warnings(self, text: str) -> tuple[str, ...]:
        """See `Advice`."""
        return tuple(code for word, code in TELLTALE.items() if word in text.casefold())

    async def record_note(self, key: str, customer_id: str, text: str, viewer: Viewer) -> None:
        """See `Advice`."""
        if not NEVER_KEPT.isdisjoint(self.warnings(text)):
            raise ValueError("not to be kept")
        row = NoteRow(key, text, self.now(), viewer.staff_name)
        self.notes_on.setdefault(customer_id, {}).setdefault(key, row)
        self.hub.customer_changed(customer_id)

    async def remove_note(self, note_id: str, customer_id: str, viewer: Viewer) -> None:
        """See `Advice`."""
        del viewer
        self._set_removed(note_id, customer_id, removed=True)

    async def restore_note(self, note_id: str, customer_id: str, viewer: Viewer) -> None:
        """See `Advice`."""
        del viewer
        self._set_removed(note_id, customer_id, removed=False)

    def _set_removed(self, note_id: str, customer_id: str, *, removed: bool) -> None:
        rows = self.notes_on[customer_id]
        rows[note_id] = replace(rows[note_id], removed=removed)
        self.hub.customer_changed(customer_id)

    async def tasks_for(self, customer_id: str) -> tuple[TaskRow, ...]:
        """See `Advice`."""
        return tuple(row for row in await self.tasks() if row.customer_id == customer_id)

    async def tasks(self) -> tuple[TaskRow, ...]:
        """See `Advice`."""
        last = self.now().date() + 1000 * DAY
        return tuple(sorted(self.rows.values(), key=lambda row: row.due_on or last))

    async def task(self, task_id: str) -> TaskRow:
        """See `Advice`."""
        return self.rows[task_id]

    async def colleagues(self) -> tuple[Colleague, ...]:
        """See `Advice`."""
        return self.staff

    async def add_task(self, key: str, draft: TaskDraft, viewer: Viewer) -> None:
        """See `Advice`."""
        del viewer
        at = time(draft.due_time.hour, draft.due_time.minute) if draft.due_time else None
        row = TaskRow(
            key,
            draft.kind,
            draft.text,
            self._due(draft),
            draft.due_on,
            datetime.combine(draft.due_on, at, ZONE) if draft.due_on and at else None,
            draft.customer_id,
            self.names.get(draft.customer_id, ""),
            draft.assignee,
            self._staff_name(draft.assignee),
        )
        self.rows.setdefault(key, row)
        self._told(row)

    async def tick_task(self, task_id: str, viewer: Viewer, *, done: bool) -> None:
        """See `Advice`."""
        del viewer
        self.rows[task_id] = replace(self.rows[task_id], done=done)
        self._told(self.rows[task_id])

    async def hand_task(self, task_id: str, assignee: str, text: str, viewer: Viewer) -> None:
        """See `Advice`."""
        self.rows[task_id] = replace(
            self.rows[task_id],
            assignee=assignee,
            assignee_name=self._staff_name(assignee),
            handed_by=viewer.staff_name,
            handed_text=text,
        )
        self._told(self.rows[task_id])

    async def contact(self, customer_id: str) -> ContactCard:
        """See `Advice`."""
        return self.cards.get(customer_id, ContactCard())

    async def clients(self, viewer: Viewer) -> tuple[ClientRow, ...]:
        """See `Advice`."""
        return self.mine.get(viewer.staff_id, ())

    async def look_after(self, customer_id: str, staff_id: str) -> None:
        """See `Advice`."""
        card = await self.contact(customer_id)
        name = self._staff_name(staff_id)
        self._set_card(customer_id, replace(card, advisor=staff_id, advisor_name=name))

    async def touch(
        self, key: str, customer_id: str, channel: ContactChannel, viewer: Viewer
    ) -> None:
        """See `Advice`."""
        card = await self.contact(customer_id)
        if any(way.channel is channel and way.why_not for way in card.ways):
            raise ValueError("not to be contacted so")
        last = TouchRow(key, channel, self.now(), viewer.staff_name)
        self._set_card(customer_id, replace(card, last=last))

    async def take_touch_back(self, touch_id: str, customer_id: str) -> None:
        """See `Advice`."""
        card = await self.contact(customer_id)
        if card.last is not None and card.last.id == touch_id:
            self._set_card(customer_id, replace(card, last=None))

    def _set_card(self, customer_id: str, card: ContactCard) -> None:
        self.cards[customer_id] = card
        self.hub.customer_changed(customer_id)
        self.hub.floor_changed()

    def _due(self, draft: TaskDraft) -> Due:
        today = self.now().date()
        if draft.due_on is None:
            return Due.OPEN
        if draft.due_on == today:
            return Due.TODAY
        return Due.OVERDUE if draft.due_on < today else Due.LATER

    def _staff_name(self, staff_id: str) -> str:
        return next((one.name for one in self.staff if one.id == staff_id), "")

    def _told(self, row: TaskRow) -> None:
        self.hub.customer_changed(row.customer_id)
        self.hub.floor_changed()


WAYS = (
    ContactWay(ContactChannel.PHONE, address="+49 221 5550123"),
    ContactWay(ContactChannel.EMAIL, address="mira@example.com"),
    ContactWay(ContactChannel.MESSAGE, "no_consent"),
)
CLOSED = tuple(ContactWay(way.channel, "too_often") for way in WAYS)
CLIENTS = (
    ClientRow(MIRA, "Mira Musterfrau", ("task_overdue", "near_tier"), 23, 12, ways=WAYS),
    ClientRow("ayla", "Ayla Fiktiv", ("birthday",), 40, None, 0, WAYS),
    ClientRow("selin", "Selin Exempel", ("lapsing",), 92, 61, ways=CLOSED),
    ClientRow("jonas", "Jonas Beispiel", (), 12, 3, ways=WAYS),
)


def sample_tasks(now: datetime) -> tuple[TaskRow, ...]:
    """An ordinary day's list."""
    today = now.date()
    at_four = datetime.combine(today, time(16), ZONE)
    return (
        TaskRow(
            "task-1",
            TaskKind.FOLLOW_UP,
            "Zurückrufen, sobald der Mantel in 40 da ist",
            Due.OVERDUE,
            today - DAY,
            customer_id=MIRA,
            customer="Mira Musterfrau",
            assignee="bea",
            assignee_name="Bea Beispiel",
        ),
        TaskRow(
            "task-2",
            TaskKind.APPOINTMENT,
            "Anprobe des Hochzeitskleids mit der Schneiderin",
            Due.TODAY,
            today,
            at_four,
            MIRA,
            "Mira Musterfrau",
            "bea",
            "Bea Beispiel",
            "Emil Entwurf",
            "Sie bringt ihre Tochter mit; Kabine 3 ist frei gehalten.",
        ),
        TaskRow("task-3", TaskKind.OTHER, "Fenster am Eingang umdekorieren", Due.TODAY, today),
        TaskRow(
            "task-4",
            TaskKind.SERVICE,
            "Saum kürzen lassen, Abholung vereinbaren",
            Due.LATER,
            today + 3 * DAY,
            assignee="emil",
            assignee_name="Emil Entwurf",
        ),
    )


def sample_advice(hub: Hub, now: Callable[[], datetime], names: dict[str, str]) -> FakeAdvice:
    """A shop in which a few things were written down."""
    written = (
        NoteRow(
            "note-2",
            "Sucht für die Hochzeit der Tochter im Mai etwas Festliches in Dunkelgrün.",
            now() - 12 * DAY,
            "Emil Entwurf",
        ),
        NoteRow("note-1", "Mag es, in Ruhe anzuprobieren.", now() - 200 * DAY, "Bea Beispiel"),
    )
    notes = {MIRA: {row.id: row for row in written}}
    tasks = {row.id: row for row in sample_tasks(now())}
    cards = {MIRA: ContactCard("bea", "Bea Beispiel", WAYS)}
    return FakeAdvice(hub, now, names, notes, tasks, cards, {"bea": CLIENTS})
