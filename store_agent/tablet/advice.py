"""What the tablet asks about advice, answered: notes."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from kiosk_ui.advice import model
from kiosk_ui.errors import ShopUnavailable
from kiosk_ui.model import Viewer
from store_agent.advising.author import Author, ids_of, nameable
from store_agent.advising.notes import Notes
from store_agent.clock import Clock
from store_agent.domain.errors import InvalidInput, NotFound, Unavailable
from store_agent.domain.note import NOTE_UNDO, LocalNote, overlay
from store_agent.insight import sensitive
from store_agent.storage import Storage, View, notes

T = TypeVar("T")


class TabletAdvice:
    """Implements `kiosk_ui.advice.port.Advice`."""

    def __init__(self, storage: Storage, clock: Clock, notes_verbs: Notes) -> None:
        """Over one storage and the verbs."""
        self._storage = storage
        self._clock = clock
        self._notes = notes_verbs

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
        author = Author(viewer.staff_id, viewer.staff_name)
        await self._known(self._notes.record(key, customer_id, text, author))

    async def remove_note(self, note_id: str, customer_id: str, viewer: Viewer) -> None:
        """Take it out."""
        del viewer
        await self._known(self._notes.remove(note_id, customer_id))

    async def restore_note(self, note_id: str, customer_id: str, viewer: Viewer) -> None:
        """Bring it back."""
        del viewer
        await self._known(self._notes.restore(note_id, customer_id))

    async def _known(self, deed: Awaitable[T]) -> T:
        try:
            return await deed
        except NotFound as error:
            raise LookupError(str(error)) from error
        except InvalidInput as error:
            raise ValueError(str(error)) from error
        except Unavailable as error:
            raise ShopUnavailable(str(error), retry_after_s=error.retry_after_s) from error
