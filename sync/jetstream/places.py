"""How far the platform's side has read each stream: its own small file, durable at each note."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

SCHEMA = """
CREATE TABLE IF NOT EXISTS places (
    name TEXT PRIMARY KEY,
    identity TEXT NOT NULL,
    seq INTEGER NOT NULL,
    time_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Place:
    """The last message that was dealt with: of which stream, its number, and its time there."""

    identity: str
    seq: int
    time_ns: int


class Places:
    """The file. Losing it costs a replay that the platform's deduplication absorbs."""

    def __init__(self, path: Path | str) -> None:
        """Open or create it."""
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(SCHEMA)

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()

    def of(self, name: str) -> Place | None:
        """The place noted under `name`, or None."""
        with self._lock:
            row = self._connection.execute(
                "SELECT identity, seq, time_ns FROM places WHERE name = ?", (name,)
            ).fetchone()
        return Place(*row) if row else None

    def note(self, name: str, place: Place) -> None:
        """Keep a place; durable when this returns."""
        with self._lock:
            self._connection.execute(
                "INSERT OR REPLACE INTO places VALUES (?, ?, ?, ?)",
                (name, place.identity, place.seq, place.time_ns),
            )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
