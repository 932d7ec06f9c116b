"""What the shop was sent already, so that only differences travel. In memory.

Digests, not documents; SQLite without a file takes a tenth of what dictionaries would. A restart
forgets it, and a fresh snapshot fills it again.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import orjson

from sync.feed import Change, ChangeOp

SCHEMA = """
CREATE TABLE contacts (id INTEGER PRIMARY KEY, customer TEXT NOT NULL, round INTEGER NOT NULL);
CREATE INDEX contacts_customer ON contacts (customer);
CREATE TABLE docs (
    contact INTEGER NOT NULL, collection TEXT NOT NULL, key TEXT NOT NULL, digest BLOB NOT NULL,
    PRIMARY KEY (contact, collection, key)
) WITHOUT ROWID;
"""
DIGEST_BYTES = 8

Place = tuple[str, str]  # collection and key


def digest(change: Change) -> bytes:
    """A short name for a document's content."""
    text = orjson.dumps(change.doc, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(text, digest_size=DIGEST_BYTES).digest()


@dataclass(slots=True)
class Difference:
    """Changes to be sent, and what is to be remembered once they have arrived."""

    changes: list[Change] = field(default_factory=list)
    digests: list[tuple[int, Place, bytes | None]] = field(default_factory=list)

    def add(self, other: Difference) -> None:
        """Join two."""
        self.changes += other.changes
        self.digests += other.digests


class Seen:
    """By contact: the customer, the last round it was met in, and its documents' digests."""

    def __init__(self) -> None:
        """Nothing was sent yet."""
        self._db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        """Forget everything."""
        self._db.close()

    def meet(self, contact: int, customer: str, number: int) -> bool:
        """A contact is there in this round; False when another one bears the same customer id."""
        other = self.contact(customer)
        if other is not None and other != contact:
            return False
        self._db.execute(
            "INSERT INTO contacts VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
            " customer = excluded.customer, round = excluded.round",
            (contact, customer, number),
        )
        return True

    def contact(self, customer: str) -> int | None:
        """The contact of a customer."""
        row = self._db.execute("SELECT id FROM contacts WHERE customer = ?", (customer,)).fetchone()
        return row[0] if row else None

    def among(self, ids: Iterable[int]) -> list[int]:
        """Those of these contacts that are known here, each once."""
        sql = "SELECT 1 FROM contacts WHERE id = ?"
        return [one for one in sorted(set(ids)) if self._db.execute(sql, (one,)).fetchone()]

    def behind(self, contact: int, limit: int) -> list[int]:
        """The next contacts by id."""
        rows = self._db.execute(
            "SELECT id FROM contacts WHERE id > ? ORDER BY id LIMIT ?", (contact, limit)
        ).fetchall()
        return [row[0] for row in rows]

    def count(self) -> int:
        """How many contacts are known."""
        return int(self._db.execute("SELECT count(*) FROM contacts").fetchone()[0])

    def missed(self, number: int) -> list[int]:
        """Contacts that were not met in this round."""
        rows = self._db.execute("SELECT id FROM contacts WHERE round < ?", (number,)).fetchall()
        return [row[0] for row in rows]

    def compare(
        self, contact: int, documents: Iterable[Change], digests: Mapping[Place, bytes]
    ) -> Difference:
        """What to send so that the shop has exactly these documents of a contact."""
        known = self._known(contact)
        found = Difference()
        for change in documents:
            place = (change.collection, change.key)
            if known.pop(place, None) != digests[place]:
                found.changes.append(change)
                found.digests.append((contact, place, digests[place]))
        for place in known:
            found.changes.append(Change(*place, ChangeOp.DELETE))
            found.digests.append((contact, place, None))
        return found

    def keep(self, difference: Difference) -> None:
        """The changes have arrived."""
        for contact, (collection, key), one in difference.digests:
            if one is None:
                self._db.execute(
                    "DELETE FROM docs WHERE contact = ? AND collection = ? AND key = ?",
                    (contact, collection, key),
                )
            else:
                self._db.execute(
                    "INSERT OR REPLACE INTO docs VALUES (?, ?, ?, ?)",
                    (contact, collection, key, one),
                )

    def forget(self, contact: int) -> None:
        """A contact is gone."""
        self._db.execute("DELETE FROM contacts WHERE id = ?", (contact,))

    def _known(self, contact: int) -> dict[Place, bytes]:
        rows = self._db.execute(
            "SELECT collection, key, digest FROM docs WHERE contact = ?", (contact,)
        ).fetchall()
        return {(row[0], row[1]): row[2] for row in rows}
