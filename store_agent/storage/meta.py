"""The small facts a file keeps about itself: table `meta`, in the ledger and in the cache."""

from __future__ import annotations

from datetime import datetime

from store_agent.storage.connection import Connection
from store_agent.storage.times import from_text, to_text

# What a probe writes has to need room, or a full disk would look well again.
PROBE_BYTES = 64 * 1024


def get(connection: Connection, key: str) -> str | None:
    """The value of `key`, or None."""
    rows = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchall()
    return None if not rows or rows[0][0] is None else str(rows[0][0])


def put(tx: Connection, key: str, value: str | int | None) -> None:
    """Set `key`."""
    tx.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?)"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )


def get_time(connection: Connection, key: str) -> datetime | None:
    """The time stored under `key`, or None."""
    text = get(connection, key)
    return None if text is None else from_text(text)


def put_time(tx: Connection, key: str, at: datetime) -> None:
    """Store a time under `key`."""
    put(tx, key, to_text(at))


def probe_fill(tx: Connection) -> None:
    """Write something that needs fresh pages; `probe_clear` takes it away again."""
    tx.execute(
        "INSERT OR REPLACE INTO meta (key, value) VALUES ('probe', zeroblob(?))", (PROBE_BYTES,)
    )


def probe_clear(tx: Connection) -> None:
    """Remove what `probe_fill` wrote."""
    tx.execute("DELETE FROM meta WHERE key = 'probe'")
