"""The platform's own file: accepted events, current documents, and the log of their changes."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

FILE_NAME = "platform.db"
SEED_ROWS_PER_COMMIT = 20_000  # keeps the write-ahead log below about 20 MB while seeding

Doc = Mapping[str, Any] | bytes  # bytes = the JSON text itself, the fast way for bulk seeding

SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    store_id TEXT NOT NULL,
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (source, id)
) STRICT;
CREATE INDEX IF NOT EXISTS events_by_store ON events (store_id, seq);
CREATE TABLE IF NOT EXISTS documents (
    collection TEXT NOT NULL,
    key TEXT NOT NULL,
    doc BLOB NOT NULL,
    PRIMARY KEY (collection, key)
) STRICT;
CREATE TABLE IF NOT EXISTS changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    collection TEXT NOT NULL,
    key TEXT NOT NULL,
    op TEXT NOT NULL,
    doc BLOB,
    confirms TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""


class PlatformStore:
    """The documents and the feed. Thread-safe; every method blocks for one short transaction."""

    def __init__(self, path: Path) -> None:
        """Open or create the file at `path`."""
        self.path = path
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("PRAGMA busy_timeout=5000")
        self._connection.executescript(SCHEMA)
        with self.transaction():
            self._connection.execute(
                "INSERT OR IGNORE INTO notes VALUES ('log', ?), ('base', '0')", (uuid4().hex,)
            )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One durable transaction; nested use joins the outer one."""
        with self._lock:
            if self._connection.in_transaction:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def get(self, collection: str, key: str) -> dict[str, Any] | None:
        """The document, or None."""
        with self._lock:
            row = self._connection.execute(
                "SELECT doc FROM documents WHERE collection = ? AND key = ?", (collection, key)
            ).fetchone()
        return orjson.loads(row[0]) if row else None

    def put(self, collection: str, key: str, doc: Doc, confirms: str | None = None) -> None:
        """Write one document and append it to the change log."""
        body = _body(doc)
        with self.transaction() as tx:
            tx.execute(
                "INSERT INTO documents VALUES (?, ?, ?) ON CONFLICT (collection, key)"
                " DO UPDATE SET doc = excluded.doc",
                (collection, key, body),
            )
            tx.execute(
                "INSERT INTO changes (collection, key, op, doc, confirms)"
                " VALUES (?, ?, 'upsert', ?, ?)",
                (collection, key, body, confirms),
            )

    def put_many(self, collection: str, items: Iterable[tuple[str, Doc]]) -> None:
        """Write documents and their changes in one transaction."""
        with self.transaction():
            for key, doc in items:
                self.put(collection, key, doc)

    def seed(self, collection: str, items: Iterable[tuple[str, Doc]]) -> int:
        """Write many documents without a change each; shops take a new snapshot. Their number.

        Committed in steps: a seed that was interrupted is simply run again.
        """
        written = 0
        rows = ((collection, key, _body(doc)) for key, doc in items)
        while chunk := _take(rows, SEED_ROWS_PER_COMMIT):
            with self.transaction() as tx:
                tx.executemany("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", chunk)
            written += len(chunk)
        self.forget_changes()
        return written

    def delete(self, collection: str, key: str, confirms: str | None = None) -> None:
        """Remove one document and append the tombstone."""
        with self.transaction() as tx:
            tx.execute("DELETE FROM documents WHERE collection = ? AND key = ?", (collection, key))
            tx.execute(
                "INSERT INTO changes (collection, key, op, confirms) VALUES (?, ?, 'delete', ?)",
                (collection, key, confirms),
            )

    def forget_changes(self) -> None:
        """Drop the change log: every shop's cursor is lost and it takes a new snapshot."""
        with self.transaction() as tx:
            tx.execute("INSERT INTO changes (collection, key, op) VALUES ('', '', 'base')")
            tx.execute(
                "UPDATE notes SET value = (SELECT max(seq) FROM changes) WHERE name = 'base'"
            )
            tx.execute("DELETE FROM changes")

    def note(self, name: str) -> str | None:
        """A remembered setting, or None."""
        with self._lock:
            row = self._connection.execute(
                "SELECT value FROM notes WHERE name = ?", (name,)
            ).fetchone()
        return row[0] if row else None

    def remember(self, name: str, value: str) -> None:
        """Keep a setting across restarts."""
        with self.transaction() as tx:
            tx.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, value))

    def count(self, collection: str) -> int:
        """How many documents the collection holds."""
        with self._lock:
            row = self._connection.execute(
                "SELECT count(*) FROM documents WHERE collection = ?", (collection,)
            ).fetchone()
        return int(row[0])


def _body(doc: Doc) -> bytes:
    return doc if isinstance(doc, bytes) else orjson.dumps(doc)


def _take(rows: Iterator[tuple[str, str, bytes]], limit: int) -> list[tuple[str, str, bytes]]:
    chunk: list[tuple[str, str, bytes]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == limit:
            break
    return chunk
