"""Filling an empty cache with a snapshot's documents, many rows at a time.

A million documents pass through `add`: what it does for each of them is written for speed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from store_agent.domain.customer import Customer
from store_agent.domain.errors import InvalidInput
from store_agent.storage import changes, codec, documents, words
from store_agent.storage.connection import Connection
from store_agent.storage.documents import COLLECTIONS, Collection
from store_agent.storage.wire import Document

ROWS_PER_INSERT = 1000
# Number words come in random order; sorting this many at a time touches each page of their index
# seldom instead of once per word. About 200 bytes each while they wait.
NUMBERS_PER_INSERT = 200_000
CUSTOMERS, PASSES = "customers", "passes"
INSERT_CUSTOMER = (
    # A repeated id gets a new number; the search words of the old one find nobody.
    "INSERT OR REPLACE INTO customers (n, id, doc) VALUES (?, ?, ?)"
)


class _Table:
    """The rows of one collection that wait to be written."""

    __slots__ = ("check", "insert_sql", "kind", "of_key", "pick", "rows")

    def __init__(self, name: str, kind: Collection) -> None:
        self.kind = kind
        self.pick = kind.pick
        self.insert_sql = INSERT_CUSTOMER if name == CUSTOMERS else kind.insert_sql
        self.rows: list[tuple[Any, ...]] = []
        self.check = codec.json_check(kind.shape)
        self.of_key = kind.of_key

    def row(self, key: str, raw: bytes, version: int) -> tuple[Any, tuple[Any, ...]]:
        """The document's value, and its row. Raises InvalidInput."""
        if version != 1:
            self.kind.check_version(version)
        value = self.of_key(key, self.check(raw))
        return value, (key, *self.pick(value), raw)


class CacheFilling:
    """One import under way; `connection` is inside a transaction."""

    def __init__(self, connection: Connection, as_of: datetime) -> None:
        """`as_of` is the platform's time of the snapshot."""
        self._connection = connection
        self._as_of = as_of
        self._tables: Mapping[str, _Table] = {
            name: _Table(name, kind) for name, kind in COLLECTIONS.items()
        }
        self._names: list[tuple[int, str]] = []
        self._numbers: list[tuple[str, int]] = []
        self._shapes: set[tuple[int, int]] = set()
        self._last_customer = 0
        self._touched: set[str] = set()
        self._unknown: Counter[str] = Counter()
        self.quarantined = 0

    def add(self, entry: Document) -> None:
        """Take one document; an unreadable one goes into quarantine, an unknown one is counted."""
        name, key, raw, version = entry
        table = self._tables.get(name)
        if table is None:
            self._unknown[name] += 1
            return
        try:
            value, row = table.row(key, raw, version)
        except InvalidInput as error:
            self._put_aside(entry, str(error))
            return
        if name == CUSTOMERS:
            row = (self._index(value), *row)
        elif name == PASSES and row[3] is not None:
            self._shapes.add((row[4], len(row[3])))
        rows = table.rows
        rows.append(row)
        if len(rows) >= ROWS_PER_INSERT:
            self._flush(name)

    def finish(self, cursor: str) -> None:
        """Write what is left, and where the feed goes on."""
        for name, table in self._tables.items():
            if table.rows:
                self._flush(name)
        self._flush_numbers()
        self._connection.executemany(documents.INSERT_SHAPE, sorted(self._shapes))
        for name, number in self._unknown.most_common():
            changes.note_ignored(self._connection, name, number)
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
        table = self._tables[name]
        self._touched.add(name)
        self._connection.executemany(table.insert_sql, table.rows)
        table.rows.clear()
        if name != CUSTOMERS:
            return
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
            self._connection,
            entry.collection,
            entry.key,
            entry.raw,
            reason,
            self._as_of,
            entry.version,
        )
        self.quarantined += 1
