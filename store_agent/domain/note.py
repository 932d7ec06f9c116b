"""Notes: what staff write down about a customer, in every shop of the brand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

MAX_NOTE_CHARS = 1000
# How long a removed note can be brought back; then its text is wiped.
NOTE_UNDO = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Note:
    """One note: the shape of a document of the feed's collection `notes`.

    `author` is a staff id; the name goes with it because other shops do not know their people.
    """

    id: str
    customer_id: str
    text: str
    at: datetime
    author: str = ""
    author_name: str = ""
    store: str = ""


@dataclass(frozen=True, slots=True)
class LocalNote:
    """A note as this shop wrote or removed it, which the feed may not have yet."""

    note: Note
    removed_at: datetime | None = None
    confirmed: bool = False


def overlay(cached: Iterable[Note], local: Iterable[LocalNote]) -> tuple[LocalNote, ...]:
    """All notes on one person, the newest first; what this shop did counts until it is confirmed.

    Removed ones stay in it, so that a page can offer them back.
    """
    by_id = {note.id: LocalNote(note, confirmed=True) for note in cached}
    for one in local:
        by_id[one.note.id] = one
    return tuple(sorted(by_id.values(), key=lambda one: (one.note.at, one.note.id), reverse=True))
