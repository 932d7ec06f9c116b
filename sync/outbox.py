"""The outbox: events that left a business transaction and wait for the platform.

Rows live in the caller's database and transaction. The delivered position is a cursor row in the
same database; delivered rows are deleted later, in bounded steps. `seq` comes from AUTOINCREMENT,
so it never repeats in the life of a file, and it alone is the order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

import orjson

from sync.errors import InvalidEventError

PLATFORM = "platform"  # the name of the default transport's cursor
SEQUENCE_DIGITS = 20  # CloudEvents compares `sequence` as text: fixed width (2^63 has 19 digits)
MAX_DATA_BYTES = 64 * 1024  # one event; a batch of 500 stays far below the platform's body limit

MIGRATIONS: tuple[tuple[str, str], ...] = (
    (
        "outbox_001_tables",
        """
        CREATE TABLE outbox (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            type TEXT NOT NULL,
            subject TEXT,
            occurred_at TEXT NOT NULL,
            data BLOB NOT NULL
        ) STRICT;
        CREATE TABLE outbox_cursor (
            transport TEXT PRIMARY KEY,
            seq INTEGER NOT NULL DEFAULT 0,
            reconnect_window_s REAL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE outbox_quarantine (
            seq INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            type TEXT NOT NULL,
            subject TEXT,
            occurred_at TEXT NOT NULL,
            data BLOB NOT NULL,
            code TEXT NOT NULL,
            reason TEXT NOT NULL,
            quarantined_at TEXT NOT NULL
        ) STRICT;
        """,
    ),
)


class Cursor(Protocol):
    """What an executed statement answers."""

    def fetchone(self) -> Any:
        """The next row as a sequence, or None."""

    def fetchall(self) -> list[Any]:
        """All remaining rows."""


class Connection(Protocol):
    """The little this module asks of a database; sqlite3, sqlcipher3 and apsw all satisfy it."""

    def execute(self, sql: str, params: Sequence[Any] = (), /) -> Cursor:
        """Run one statement."""


@dataclass(frozen=True, slots=True)
class OutboxEvent:
    """One event to send. `data` is a JSON object as bytes; `subject` the person it is about."""

    id: str
    type: str
    occurred_at: datetime
    data: bytes
    subject: str | None = None


class OutboxRow(NamedTuple):
    """One stored event. `occurred_at` is the RFC 3339 text that goes on the wire.

    A tuple and no dataclass: a long backlog makes millions of them, at a third of the time.
    """

    seq: int
    id: str
    type: str
    subject: str | None
    occurred_at: str
    data: bytes

    @property
    def sequence(self) -> str:
        """The order within `source`, zero-padded so that text order is number order."""
        return f"{self.seq:0{SEQUENCE_DIGITS}d}"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An event the platform refuses for good, kept with the reason until somebody retries it."""

    row: OutboxRow
    code: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many events wait, and since when the oldest does."""

    count: int
    oldest_at: datetime | None


def put(tx: Connection, event: OutboxEvent) -> None:
    """Store one event in the caller's open transaction. Never commits.

    Raises InvalidEventError when the platform could never read it: that is a bug of the caller,
    found here rather than at the head of the queue.
    """
    _check(event)
    tx.execute(
        "INSERT INTO outbox (id, type, subject, occurred_at, data) VALUES (?, ?, ?, ?, ?)",
        (event.id, event.type, event.subject, to_rfc3339(event.occurred_at), event.data),
    )


def page(conn: Connection, after_seq: int, limit: int) -> list[OutboxRow]:
    """At most `limit` rows behind `after_seq`, in order. Costs the same at any backlog."""
    found = conn.execute(
        "SELECT seq, id, type, subject, occurred_at, data FROM outbox WHERE seq > ?"
        " ORDER BY seq LIMIT ?",
        (after_seq, limit),
    ).fetchall()
    return list(map(OutboxRow._make, found))


def position(conn: Connection, transport: str = PLATFORM) -> int:
    """The last delivered `seq`; 0 at the start."""
    row = conn.execute("SELECT seq FROM outbox_cursor WHERE transport = ?", (transport,)).fetchone()
    return int(row[0]) if row else 0


def acknowledge(tx: Connection, up_to_seq: int, transport: str = PLATFORM) -> None:
    """Note that everything up to `up_to_seq` is delivered. The position never moves back."""
    tx.execute(
        "INSERT INTO outbox_cursor (transport, seq) VALUES (?, ?) ON CONFLICT (transport)"
        " DO UPDATE SET seq = max(seq, excluded.seq)",
        (transport, up_to_seq),
    )


def purgeable(conn: Connection) -> int:
    """How many rows at most are delivered on every transport and may be deleted."""
    row = conn.execute(
        "SELECT (SELECT min(seq) FROM outbox_cursor) - (SELECT min(seq) FROM outbox) + 1"
    ).fetchone()
    return max(0, row[0] or 0)


def purge(tx: Connection, limit: int) -> int:
    """Delete at most `limit` delivered rows, oldest first; the number deleted."""
    tx.execute(
        "DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox"
        " WHERE seq <= (SELECT min(seq) FROM outbox_cursor) ORDER BY seq LIMIT ?)",
        (limit,),
    )
    return int(tx.execute("SELECT changes()").fetchone()[0])


def quarantine(tx: Connection, row: OutboxRow, code: str, reason: str, at: datetime) -> None:
    """Take one row out of the queue for good, but keep it with the platform's reason."""
    tx.execute(
        "INSERT INTO outbox_quarantine"
        " (seq, id, type, subject, occurred_at, data, code, reason, quarantined_at)"
        " SELECT seq, id, type, subject, occurred_at, data, ?, ?, ? FROM outbox WHERE seq = ?",
        (code, reason, to_rfc3339(at), row.seq),
    )
    tx.execute("DELETE FROM outbox WHERE seq = ?", (row.seq,))


def quarantined(conn: Connection, limit: int = 100) -> list[Quarantined]:
    """The refused events, oldest first."""
    found = conn.execute(
        "SELECT seq, id, type, subject, occurred_at, data, code, reason, quarantined_at"
        " FROM outbox_quarantine ORDER BY seq LIMIT ?",
        (limit,),
    ).fetchall()
    return [Quarantined(OutboxRow(*row[:6]), row[6], row[7], from_rfc3339(row[8])) for row in found]


def quarantine_count(conn: Connection) -> int:
    """How many events are refused and kept."""
    return int(conn.execute("SELECT count(*) FROM outbox_quarantine").fetchone()[0])


def retry(tx: Connection, event_id: str) -> bool:
    """Put one refused event at the end of the queue again; False if it is not in quarantine."""
    tx.execute(
        "INSERT INTO outbox (id, type, subject, occurred_at, data)"
        " SELECT id, type, subject, occurred_at, data FROM outbox_quarantine WHERE id = ?",
        (event_id,),
    )
    tx.execute("DELETE FROM outbox_quarantine WHERE id = ?", (event_id,))
    return int(tx.execute("SELECT changes()").fetchone()[0]) == 1


def backlog(conn: Connection, transport: str = PLATFORM) -> Backlog:
    """What waits for `transport`. No scan: the rows behind the cursor have no gaps."""
    delivered = position(conn, transport)
    last = conn.execute("SELECT max(seq) FROM outbox").fetchone()[0] or 0
    oldest = conn.execute(
        "SELECT occurred_at FROM outbox WHERE seq > ? ORDER BY seq LIMIT 1", (delivered,)
    ).fetchone()
    return Backlog(max(0, last - delivered), from_rfc3339(oldest[0]) if oldest else None)


def remember_window(tx: Connection, reconnect_window_s: float, transport: str = PLATFORM) -> None:
    """Keep the window the platform announced, for a restart while the line is down."""
    tx.execute(
        "INSERT INTO outbox_cursor (transport, reconnect_window_s) VALUES (?, ?)"
        " ON CONFLICT (transport) DO UPDATE SET reconnect_window_s = excluded.reconnect_window_s",
        (transport, reconnect_window_s),
    )


def recall_window(conn: Connection, transport: str = PLATFORM) -> float | None:
    """The window the platform last announced, in seconds."""
    row = conn.execute(
        "SELECT reconnect_window_s FROM outbox_cursor WHERE transport = ?", (transport,)
    ).fetchone()
    return row[0] if row else None


def to_rfc3339(moment: datetime) -> str:
    """UTC with microseconds and `Z`: one width, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def from_rfc3339(text: str) -> datetime:
    """The inverse of `to_rfc3339`."""
    return datetime.fromisoformat(text)


def _check(event: OutboxEvent) -> None:
    if not event.id or not event.type:
        raise InvalidEventError("an event needs an id and a type")
    if event.occurred_at.tzinfo is None:
        raise InvalidEventError("occurred_at needs a time zone")
    if len(event.data) > MAX_DATA_BYTES:
        raise InvalidEventError(f"data is longer than {MAX_DATA_BYTES} bytes")
    try:
        document = orjson.loads(event.data)
    except orjson.JSONDecodeError as error:
        raise InvalidEventError("data is not JSON") from error
    if not isinstance(document, dict):
        raise InvalidEventError("data is not a JSON object")
