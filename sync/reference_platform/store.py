"""The platform's own file: accepted events, current documents, and the log of their changes."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

FILE_NAME = "platform.db"
SEED_ROWS_PER_COMMIT = 20_000  # keeps the write-ahead log below about 20 MB while seeding

# Columns that files of an earlier release lack.
ADDED_COLUMNS = (("events", "sequence"), ("changes", "store_id"))
ONE_PLACE_ONE_EVENT = (
    "CREATE UNIQUE INDEX IF NOT EXISTS events_by_sequence ON events (source, sequence)"
)

Doc = Mapping[str, Any] | bytes  # bytes = the JSON text itself, the fast way for bulk seeding

SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    store_id TEXT NOT NULL,
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    body BLOB NOT NULL,
    sequence TEXT,
    UNIQUE (source, id)
) STRICT;
CREATE INDEX IF NOT EXISTS events_by_store ON events (store_id, seq);
CREATE TABLE IF NOT EXISTS sources (
    source TEXT PRIMARY KEY,
    store_id TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    events INTEGER NOT NULL,
    forks INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
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
    confirms TEXT,
    store_id TEXT
) STRICT;
-- Where the log stood at a time, so that it can be cut by age.
CREATE TABLE IF NOT EXISTS marks (at TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
-- Who was looked up or seen in a store that is not their own.
CREATE TABLE IF NOT EXISTS visitors (
    store_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (store_id, customer_id)
) STRICT, WITHOUT ROWID;
-- See finders.py.
CREATE TABLE IF NOT EXISTS finders (
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    collection TEXT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (kind, value, collection, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS finders_by_document ON finders (collection, key);
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""


class PlatformStore:
    """The documents and the feed. Thread-safe; every method blocks for one short transaction."""

    def __init__(self, path: Path) -> None:
        """Open or create the file at `path`."""
        self.path = path
        self.finders_ready = False
        self._entries: Callable[[str, bytes], list[tuple[str, str]]] | None = None
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("PRAGMA busy_timeout=5000")
        self._connection.executescript(SCHEMA)
        self._add_columns()
        with self.transaction():
            self._connection.execute(
                "INSERT OR IGNORE INTO notes VALUES ('log', ?), ('base', '0')", (uuid4().hex,)
            )

    def _add_columns(self) -> None:
        for table, column in ADDED_COLUMNS:
            known = self._connection.execute(f"PRAGMA table_info({table})").fetchall()
            if column not in {name for _, name, *_ in known}:
                self._connection.execute(f"ALTER TABLE {table} ADD COLUMN {column} TEXT")
        self._connection.execute(ONE_PLACE_ONE_EVENT)

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
            self._index(tx, collection, key, body)

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
                for row in chunk if self._entries else ():
                    self._index(tx, *row)
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
            self._index(tx, collection, key, None)

    def find_with(self, entries: Callable[[str, bytes], list[tuple[str, str]]]) -> None:
        """From now on `entries` says which (kind, value) pairs lead to a document."""
        with self.transaction() as tx:
            self._entries = entries
            tx.execute("DELETE FROM finders")

    def index_documents(self, after: int, limit: int) -> int | None:
        """Index the documents behind a place in the file; the new place, None at the end."""
        with self.transaction() as tx:
            rows = tx.execute(
                "SELECT rowid, collection, key, doc FROM documents WHERE rowid > ?"
                " ORDER BY rowid LIMIT ?",
                (after, limit),
            ).fetchall()
            for _, collection, key, doc in rows:
                self._index(tx, collection, key, doc)
        return rows[-1][0] if rows else None

    def find(self, kind: str, value: str) -> list[tuple[str, str]]:
        """(collection, key) of what a finder leads to."""
        with self.transaction() as tx:
            return tx.execute(
                "SELECT collection, key FROM finders WHERE kind = ? AND value = ?"
                " ORDER BY collection, key",
                (kind, value),
            ).fetchall()

    def _index(self, tx: sqlite3.Connection, collection: str, key: str, doc: bytes | None) -> None:
        if self._entries is None:
            return
        tx.execute("DELETE FROM finders WHERE collection = ? AND key = ?", (collection, key))
        found = self._entries(collection, doc) if doc is not None else []
        rows = [(kind, value, collection, key) for kind, value in found]
        tx.executemany("INSERT OR IGNORE INTO finders VALUES (?, ?, ?, ?)", rows)

    def tell_store(self, store_id: str, collection: str, key: str, doc: Doc) -> None:
        """Append a change that concerns one store only: somebody entered or left its scope."""
        with self.transaction() as tx:
            tx.execute(
                "INSERT INTO changes (collection, key, op, doc, store_id)"
                " VALUES (?, ?, 'upsert', ?, ?)",
                (collection, key, _body(doc), store_id),
            )

    def forget_changes(self) -> None:
        """Drop the change log: every shop's cursor is lost and it takes a new snapshot."""
        with self.transaction() as tx:
            tx.execute("INSERT INTO changes (collection, key, op) VALUES ('', '', 'base')")
            self._cut(tx, "(SELECT max(seq) FROM changes)", ())

    def mark(self, at: str) -> None:
        """Note how far the log is at this time (RFC 3339, UTC, one width)."""
        with self.transaction() as tx:
            tx.execute(
                "INSERT OR REPLACE INTO marks VALUES"
                " (?, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'changes'), 0))",
                (at,),
            )

    def cut_log(self, before: str) -> None:
        """Drop changes and tombstones that were written before the last mark before `before`."""
        with self.transaction() as tx:
            seq = tx.execute("SELECT max(seq) FROM marks WHERE at < ?", (before,)).fetchone()[0]
            if seq is not None:
                self._cut(tx, "max(CAST(value AS INTEGER), ?)", (seq,))
                tx.execute("DELETE FROM marks WHERE seq < ?", (seq,))

    @staticmethod
    def _cut(tx: sqlite3.Connection, base: str, values: tuple[int, ...]) -> None:
        tx.execute(f"UPDATE notes SET value = {base} WHERE name = 'base'", values)  # noqa: S608
        tx.execute(
            "DELETE FROM changes WHERE seq <="
            " (SELECT CAST(value AS INTEGER) FROM notes WHERE name = 'base')"
        )

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
