"""The shipped fake of this room: notes in memory, about the invented cast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from kiosk_ui.advice.model import NoteRow
from kiosk_ui.advice.words import NEVER_KEPT
from kiosk_ui.fake_cast import MIRA
from kiosk_ui.live import Hub
from kiosk_ui.model import Viewer

DAY = timedelta(days=1)
TELLTALE = {"krank": "health", "4111": "payment_card"}  # enough for a fake


@dataclass(eq=False, slots=True)
class FakeAdvice:
    """Implements `port.Advice`; `names` are those who may be named."""

    hub: Hub
    now: Callable[[], datetime]
    names: dict[str, str] = field(default_factory=dict)
    notes_on: dict[str, dict[str, NoteRow]] = field(default_factory=dict)

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
    return FakeAdvice(hub, now, names, {MIRA: {row.id: row for row in written}})
