"""What the pages of this room need from the agent. Any method may raise ShopUnavailable.

Whatever names a customer raises LookupError for somebody who may not be named here. Deeds with a
`key` are done once, however often they come: it is made when their form is printed.
"""

from __future__ import annotations

from typing import Protocol

from kiosk_ui.advice.model import (
    ClientRow,
    Colleague,
    ContactCard,
    ContactChannel,
    NoteRow,
    TaskDraft,
    TaskRow,
)
from kiosk_ui.model import Viewer

MAX_TEXT = 1000  # characters of a note
MAX_TASK = 500  # characters of a task, or of a word on handing it over


class Advice(Protocol):
    """The shop's memory of the people it advises."""

    async def name(self, customer_id: str) -> str:
        """The customer's name, above a form about them."""

    async def notes(self, customer_id: str) -> tuple[NoteRow, ...]:
        """All notes on a customer, the newest first."""

    def warnings(self, text: str) -> tuple[str, ...]:
        """Codes of `words.SENSITIVE`: what the text had better not say."""

    async def record_note(self, key: str, customer_id: str, text: str, viewer: Viewer) -> None:
        """Keep a note of 1 to MAX_TEXT characters; ValueError for one that must not be kept."""

    async def remove_note(self, note_id: str, customer_id: str, viewer: Viewer) -> None:
        """Take it out everywhere. LookupError if unknown."""

    async def restore_note(self, note_id: str, customer_id: str, viewer: Viewer) -> None:
        """Take `remove_note` back. LookupError if unknown, or if it is too late."""

    async def tasks_for(self, customer_id: str) -> tuple[TaskRow, ...]:
        """What is to be done for a customer, the soonest first, and what was just done."""

    async def tasks(self) -> tuple[TaskRow, ...]:
        """What is to be done in this shop, the soonest first, and what was just done."""

    async def task(self, task_id: str) -> TaskRow:
        """One task. LookupError if unknown."""

    async def colleagues(self) -> tuple[Colleague, ...]:
        """Everybody who may be given a task."""

    async def add_task(self, key: str, draft: TaskDraft, viewer: Viewer) -> None:
        """Make a task; ValueError for one that makes no sense."""

    async def tick_task(self, task_id: str, viewer: Viewer, *, done: bool) -> None:
        """It is done, or not after all. LookupError if unknown."""

    async def hand_task(self, task_id: str, assignee: str, text: str, viewer: Viewer) -> None:
        """Give it to somebody else, with a word. LookupError if unknown."""

    async def contact(self, customer_id: str) -> ContactCard:
        """Who looks after a customer, and how they may be reached now."""

    async def clients(self, viewer: Viewer) -> tuple[ClientRow, ...]:
        """Whom the viewer looks after, by need."""

    async def look_after(self, customer_id: str, staff_id: str) -> None:
        """`staff_id` looks after this customer from now on, "" = nobody."""

    async def touch(
        self, key: str, customer_id: str, channel: ContactChannel, viewer: Viewer
    ) -> None:
        """The customer was contacted; ValueError where that channel is closed now."""

    async def take_touch_back(self, touch_id: str, customer_id: str) -> None:
        """It was a slip."""
