"""What waits in the outbox: events, their lanes and classes, and how their times are written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple, Protocol

import orjson

from sync.errors import InvalidEventError

SEQUENCE_DIGITS = 20  # CloudEvents compares `sequence` as text: fixed width (2^63 has 19 digits)
MAX_DATA_BYTES = 64 * 1024  # one event; a batch of 500 stays far below the platform's body limit

# CloudEvents forbids them in attributes, JSON in texts; `pages` therefore may separate by one.
NO_TEXT = re.compile("[\x00-\x1f\x7f-\x9f]")


class Lane(IntEnum):
    """Which queue an event stands in. Order is promised within a lane, and for each subject."""

    URGENT = 0  # what money and consent depend on: sent before anything else
    ORDINARY = 1


class EventClass(StrEnum):
    """What may happen to an event that waits too long or takes too much room."""

    RIGHT = "right"  # never dropped
    RECORD = "record"  # dropped after all of PRESENCE
    PRESENCE = "presence"  # dropped first


class Cursor(Protocol):
    """What an executed statement answers."""

    def fetchone(self) -> Any:
        """The next row as a sequence, or None."""

    def fetchall(self) -> list[Any]:
        """All remaining rows."""


class Connection(Protocol):
    """The little this part asks of a database; sqlite3, sqlcipher3 and apsw all satisfy it."""

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
    lane: Lane = Lane.ORDINARY
    event_class: EventClass = EventClass.RECORD


class OutboxRow(NamedTuple):
    """One stored event. `occurred_at` is the RFC 3339 text that goes on the wire.

    `offset_s` is the platform's clock minus the box's when the row was written, in seconds; None
    when it was never known. `clock` is the segment of `true_time`. A tuple and no dataclass: a long
    backlog makes millions of them, at a third of the time. For the same reason `lane` and
    `event_class` come as plain values: compare them with `==`.
    """

    seq: int
    id: str
    type: str
    subject: str | None
    occurred_at: str
    data: bytes
    lane: Lane = Lane.ORDINARY
    event_class: EventClass = EventClass.RECORD
    offset_s: float | None = None
    clock: int | None = None

    @property
    def sequence(self) -> str:
        """The order within `source`, zero-padded so that text order is number order."""
        return as_sequence(self.seq)


def as_sequence(seq: int) -> str:
    """A number as `sequence` on the wire."""
    return str(seq).zfill(SEQUENCE_DIGITS)


def check(event: OutboxEvent) -> None:
    """Raise InvalidEventError for what no platform could ever read."""
    if not event.id or not event.type:
        raise InvalidEventError("an event needs an id and a type")
    if NO_TEXT.search(event.id + event.type + (event.subject or "")):
        raise InvalidEventError("id, type and subject must not hold control characters")
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


def to_rfc3339(moment: datetime) -> str:
    """UTC with microseconds and `Z`: one width, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def from_rfc3339(text: str) -> datetime:
    """The inverse of `to_rfc3339`."""
    return datetime.fromisoformat(text)
