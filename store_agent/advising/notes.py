"""Notes: record, remove, restore. What was written here counts here at once, offline too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from store_agent.advising.author import Author, ids_of, nameable
from store_agent.clock import Clock
from store_agent.domain import events
from store_agent.domain.errors import InvalidInput, NotFound
from store_agent.domain.ids import NewId, new_id
from store_agent.domain.note import MAX_NOTE_CHARS, NOTE_UNDO, LocalNote, Note
from store_agent.insight import sensitive
from store_agent.outgoing import emit
from store_agent.storage import Connection, Storage, View, notes


class Notes:
    """The verbs on notes. `changed` is told whose page is another one now."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        changed: Callable[[str], None],
        make_id: NewId = new_id,
    ) -> None:
        """Over one storage."""
        self._storage = storage
        self._clock = clock
        self._changed = changed
        self._new_id = make_id

    async def record(self, note_id: str, customer_id: str, text: str, author: Author) -> None:
        """Write a note. The same `note_id` again writes it once; with another text, anew.

        Raises NotFound for somebody who may not be named, InvalidInput for a text that is empty,
        too long, or holds the number of a payment card.
        """
        text = _checked(text)
        now, event_id = self._clock.now(), self._new_id()

        def look(view: View) -> tuple[str, LocalNote | None]:
            return nameable(view, customer_id).id, _current(view, note_id)

        def record(tx: Connection, found: tuple[str, LocalNote | None]) -> None:
            owner, known = found
            if known is not None and not _is_rewritten(known, text, author):
                return  # told before
            at = known.note.at if known is not None else now
            note = Note(
                note_id, owner, text, at, author.staff_id, author.name, self._storage.store_id
            )
            self._keep(tx, LocalNote(note), event_id)

        await self._storage.decide(look, record)
        self._changed(customer_id)

    async def remove(self, note_id: str, customer_id: str) -> None:
        """Take a note out, here and everywhere. Raises NotFound when there is none."""
        now, event_id = self._clock.now(), self._new_id()

        def record(tx: Connection, known: LocalNote | None) -> None:
            if known is None:
                raise NotFound("no such note", field="note_id")
            if known.removed_at is None:
                self._keep(tx, LocalNote(known.note, removed_at=now), event_id)

        await self._storage.decide(lambda view: _of(view, note_id, customer_id), record)
        self._changed(customer_id)

    async def restore(self, note_id: str, customer_id: str) -> None:
        """Take `remove` back. Raises NotFound when it is too late, or was never removed here."""
        now, event_id = self._clock.now(), self._new_id()

        def record(tx: Connection) -> None:
            local = notes.get(tx, note_id)
            if local is None or not local.note.text:
                raise NotFound("no such note", hint="It was removed too long ago.")
            if local.removed_at is not None:
                self._keep(tx, replace(local, removed_at=None), event_id)
            notes.wipe(tx, now - NOTE_UNDO)

        await self._storage.write(record)
        self._changed(customer_id)

    def _keep(self, tx: Connection, one: LocalNote, event_id: str) -> None:
        now = self._clock.now()
        notes.put(tx, one, event_id)
        notes.wipe(tx, now - NOTE_UNDO)
        emit(tx, events.note_recorded(event_id, now, one.note, removed=one.removed_at is not None))


def _checked(text: str) -> str:
    text = text.strip()
    if not text:
        raise InvalidInput("a note needs a text", field="text")
    if len(text) > MAX_NOTE_CHARS:
        raise InvalidInput(f"a note has at most {MAX_NOTE_CHARS} characters", field="text")
    if sensitive.NEVER_KEPT.intersection(sensitive.find(text)):
        raise InvalidInput("a note holds no number of a payment card", field="text")
    return text


def _is_rewritten(known: LocalNote, text: str, author: Author) -> bool:
    """Whether a repeat is a new wording. A late repeat does not bring back what was removed."""
    is_theirs = known.note.author == author.staff_id
    return is_theirs and known.removed_at is None and known.note.text != text


def _current(view: View, note_id: str) -> LocalNote | None:
    """A note as it stands now, also one that was removed here."""
    local = notes.get(view.ledger, note_id)
    if local is not None:
        return local
    cached = notes.get_cached(view.cache, note_id)
    return None if cached is None else LocalNote(cached, confirmed=True)


def _of(view: View, note_id: str, customer_id: str) -> LocalNote | None:
    """The note, if it is on this person."""
    person, known = nameable(view, customer_id), _current(view, note_id)
    is_theirs = known is not None and known.note.customer_id in ids_of(view, person)
    return known if is_theirs else None
