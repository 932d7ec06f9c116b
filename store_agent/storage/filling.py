"""Filling an empty cache with a snapshot's documents, many rows at a time."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from store_agent.domain.customer import Customer
from store_agent.domain.errors import InvalidInput
from store_agent.storage import changes, codec, documents, words
from store_agent.storage.connection import Connection
from store_agent.storage.documents import COLLECTIONS
from store_agent.storage.wire import Document

ROWS_PER_INSERT = 1000
# Number words come in random order; sorting this many at a time touches each page of their index
# seldom instead of once per word. About 200 bytes each while they wait.
NUMBERS_PER_INSERT = 200_000


class CacheFilling:
    """One import under way; `connection` is inside a transaction."""

    def __init__(self, connection: Connection, as_of: datetime) -> None:
        """`as_of` is the platform's time of the snapshot."""
        self._connection = connection
        self._as_of = as_of
        self._rows: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self._names: list[tuple[int, str]] = []
        self._numbers: list[tuple[str, int]] = []
        self._last_customer = 0
        self._touched: set[str] = set()
        self.quarantined = 0

    def add(self, entry: Document) -> None:
        """Take one document; an unreadable one goes into quarantine, an unknown one nowhere."""
        kind = COLLECTIONS.get(entry.collection)
        if kind is None:
            return
        try:
            value = kind.of_key(entry.key, codec.check_json(kind.shape, entry.raw))
        except InvalidInput as error:
            self._put_aside(entry, str(error))
            return
        row = (entry.key, *kind.pick(value), entry.raw)
        if entry.collection == "customers":
            row = (self._index(value), *row)
        elif entry.collection == "passes":
            documents.note_anchor(self._connection, value)
        rows = self._rows[entry.collection]
        rows.append(row)
        if len(rows) >= ROWS_PER_INSERT:
            self._flush(entry.collection)

    def finish(self, cursor: str) -> None:
        """Write what is left, and where the feed goes on."""
        for name in list(self._rows):
            self._flush(name)
        self._flush_numbers()
        changes.bump_versions(self._connection, self._touched)
        changes.set_cursor(self._connection, cursor, self._as_of)

    def _index(self, customer: Customer) -> int:
        """Queue the search words of a customer; the number they stand under."""
        self._last_customer += 1
        number = self._last_customer
        self._names.append((number, words.name_words(customer)))
        self._numbers += [(word, number) for word in words.number_words(customer)]
        return number

    def _flush(self, name: str) -> None:
        rows = self._rows.pop(name)
        self._touched.add(name)
        if name != "customers":
            self._connection.executemany(COLLECTIONS[name].insert_sql, rows)
            return
        self._connection.executemany(
            # A repeated id gets a new number; the search words of the old one find nobody.
            "INSERT OR REPLACE INTO customers (n, id, doc) VALUES (?, ?, ?)",
            rows,
        )
        self._connection.executemany(documents.INSERT_NAMES, self._names)
        self._names.clear()
        if len(self._numbers) >= NUMBERS_PER_INSERT:
            self._flush_numbers()

    def _flush_numbers(self) -> None:
        self._numbers.sort()
        self._connection.executemany(documents.INSERT_NUMBER, self._numbers)
        self._numbers.clear()

    def _put_aside(self, entry: Document, reason: str) -> None:
        changes.quarantine(
            self._connection, entry.collection, entry.key, entry.raw, reason, self._as_of
        )
        self.quarantined += 1
