"""What the platform's side keeps: its own small file, durable at each note.

How far each stream is read, and the events of stores that the platform wants later: so that one
store never holds up the fleet, and keeps its order. Losing the file costs a replay that the
platform's deduplication absorbs, as far as the stream still holds it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from sync.jetstream.port import Message

SCHEMA = """
CREATE TABLE IF NOT EXISTS places (
    name TEXT PRIMARY KEY,
    identity TEXT NOT NULL,
    seq INTEGER NOT NULL,
    time_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS held (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    lane TEXT NOT NULL,
    store_id TEXT NOT NULL,
    epoch TEXT NOT NULL,
    seq INTEGER NOT NULL,
    time_ns INTEGER NOT NULL,
    subject TEXT NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (lane, store_id, epoch, seq, time_ns)
) STRICT;
"""


class Source(NamedTuple):
    """Whose events they are: order holds within."""

    store_id: str
    epoch: str


@dataclass(frozen=True, slots=True)
class Place:
    """The last message that was dealt with: of which stream, its number, and its time there."""

    identity: str
    seq: int
    time_ns: int


class Places:
    """The file. Every method blocks for one short transaction; threads may share it."""

    def __init__(self, path: Path | str) -> None:
        """Open or create it."""
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(SCHEMA)

    def of(self, name: str) -> Place | None:
        """The place noted under `name`, or None."""
        rows = self._read("SELECT identity, seq, time_ns FROM places WHERE name = ?", (name,))
        return Place(*rows[0]) if rows else None

    def note(self, name: str, place: Place) -> None:
        """Keep a place; durable when this returns."""
        row = (name, place.identity, place.seq, place.time_ns)
        self._write("INSERT OR REPLACE INTO places VALUES (?, ?, ?, ?)", [row])

    def hold(self, lane: str, source: Source, messages: Iterable[Message]) -> None:
        """Keep messages behind those that are kept of this source already; twice is once."""
        self._write(
            "INSERT OR IGNORE INTO held (lane, store_id, epoch, seq, time_ns, subject, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(lane, *source, m.seq, m.time_ns, m.subject, m.body) for m in messages],
        )

    def holding(self, lane: str) -> set[Source]:
        """The sources of which messages are kept."""
        rows = self._read("SELECT DISTINCT store_id, epoch FROM held WHERE lane = ?", (lane,))
        return {Source(*row) for row in rows}

    def held(self, lane: str, source: Source, limit: int) -> list[Message]:
        """The oldest messages kept of a source."""
        rows = self._read(
            "SELECT subject, body, seq, time_ns FROM held"
            " WHERE lane = ? AND store_id = ? AND epoch = ? ORDER BY number LIMIT ?",
            (lane, *source, limit),
        )
        return [Message(*row) for row in rows]

    def let_go(self, lane: str, source: Source, messages: Iterable[Message]) -> None:
        """Forget kept messages: they are dealt with."""
        self._write(
            "DELETE FROM held"
            " WHERE lane = ? AND store_id = ? AND epoch = ? AND seq = ? AND time_ns = ?",
            [(lane, *source, message.seq, message.time_ns) for message in messages],
        )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _read(self, sql: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def _write(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(sql, rows)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
