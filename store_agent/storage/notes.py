"""Notes written or removed in this shop, until the feed has them; and those of the feed."""

from __future__ import annotations

from datetime import datetime

from store_agent.domain.note import LocalNote, Note
from store_agent.storage import codec
from store_agent.storage.connection import Connection, Row
from store_agent.storage.times import from_text, from_text_or_none, to_text, to_text_or_none

_COLUMNS = "id, customer_id, text, at, author, author_name, store, removed_at, confirmed"


def put(tx: Connection, one: LocalNote, event_id: str) -> None:
    """Keep a note as it is now; the feed confirms `event_id`, the last word on it."""
    note = one.note
    tx.execute(
        f"INSERT OR REPLACE INTO notes ({_COLUMNS}, event_id)"  # noqa: S608  constant
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
        (
            note.id,
            note.customer_id,
            note.text,
            to_text(note.at),
            note.author,
            note.author_name,
            note.store,
            to_text_or_none(one.removed_at),
            event_id,
        ),
    )


def get(ledger: Connection, note_id: str) -> LocalNote | None:
    """A note that was written or removed here."""
    rows = ledger.execute(
        f"SELECT {_COLUMNS} FROM notes WHERE id = ?",  # noqa: S608  constant
        (note_id,),
    ).fetchall()
    return _local(rows[0]) if rows else None


def local(ledger: Connection, removed_after: datetime, *customer_ids: str) -> list[LocalNote]:
    """What overlays the notes of a customer, under all its ids.

    Notes that were removed after `removed_after` are in it even when the feed has lost them too.
    """
    marks = ", ".join("?" * len(customer_ids))
    rows = ledger.execute(
        f"SELECT {_COLUMNS} FROM notes WHERE customer_id IN ({marks})"  # noqa: S608  marks
        " AND (confirmed = 0 OR removed_at > ?)",
        (*customer_ids, to_text(removed_after)),
    )
    return [_local(row) for row in rows]


def confirm(tx: Connection, event_id: str) -> None:
    """The feed contains this now; unknown ids are ignored."""
    tx.execute("UPDATE notes SET confirmed = 1 WHERE event_id = ?", (event_id,))
    tx.execute("DELETE FROM notes WHERE event_id = ? AND removed_at IS NULL", (event_id,))


def wipe(tx: Connection, removed_before: datetime) -> None:
    """Forget the text of notes that nobody will bring back."""
    tx.execute(
        "UPDATE notes SET text = '' WHERE removed_at <= ? AND text <> ''",
        (to_text(removed_before),),
    )


def cached(cache: Connection, customer_id: str) -> list[Note]:
    """The notes the feed has on a customer."""
    rows = cache.execute("SELECT doc FROM notes WHERE customer_id = ?", (customer_id,))
    return [codec.read(Note, row[0]) for row in rows.fetchall()]


def get_cached(cache: Connection, note_id: str) -> Note | None:
    """One note of the feed."""
    rows = cache.execute("SELECT doc FROM notes WHERE id = ?", (note_id,)).fetchall()
    return codec.read(Note, rows[0][0]) if rows else None


def _local(row: Row) -> LocalNote:
    note = Note(row[0], row[1], row[2], from_text(row[3]), row[4], row[5], row[6])
    return LocalNote(note, from_text_or_none(row[7]), bool(row[8]))
