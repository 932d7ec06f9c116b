"""What this part needs of a JetStream, in its own words. `NatsLine` and `FakeLine` implement it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Protocol

from sync.errors import TransportError

MAX_ATOMIC = 1000  # messages in one atomic batch, by the server's limit
MESSAGE_ID = "Nats-Msg-Id"
NO_STREAM_HINT = "The stream is not there: create it, or check its name; see docs/nats.md."


class Code(IntEnum):
    """JetStream's error codes that mean something here."""

    NO_STREAM = 10059
    STORAGE_FULL = 10047
    STREAM_FULL = 10077  # a limit of the stream with discard=new
    MESSAGE_TOO_LARGE = 10054
    BATCHES_OFF = 10174
    BATCH_INCOMPLETE = 10176  # also when too many are under way: only its first message hears that
    BATCH_HAS_DUPLICATE = 10201
    TOO_MANY_BATCHES = 10210


class Storage(StrEnum):
    """Where a stream keeps its messages."""

    FILE = "file"
    MEMORY = "memory"


class Discard(StrEnum):
    """What gives way when a stream is full."""

    OLD = "old"
    NEW = "new"


class Retention(StrEnum):
    """When a message may go."""

    LIMITS = "limits"
    INTEREST = "interest"
    WORK_QUEUE = "workqueue"


class RefusedError(TransportError):
    """JetStream answered that it will not; `code` is its own (see `Code`)."""

    def __init__(self, code: int, message: str, *, permanent: bool = False, hint: str = "") -> None:
        """Take over the server's words."""
        super().__init__(message, permanent=permanent, hint=hint)
        self.code = code


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to store. Within the stream's window an `id` is stored once."""

    subject: str
    body: bytes
    id: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stored:
    """Durable: the sequence number of the last message, or of the one it repeats."""

    seq: int
    is_duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a stream. `pending` is how many more the reader's filter has behind it."""

    subject: str
    body: bytes
    seq: int
    time_ns: int
    headers: Mapping[str, str] = field(default_factory=dict)
    pending: int = 0


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """How a stream is made. 0 = without limit, for `max_bytes` and `max_age_s`.

    `max_readers` 0 leaves it to the server, which from 2.15 on means 1000.
    """

    name: str
    subjects: tuple[str, ...]
    replicas: int = 1
    discard: Discard = Discard.NEW
    max_bytes: int = 0
    max_age_s: float = 0.0
    dedupe_s: float = 120.0
    max_readers: int = 0
    atomic: bool = True
    rollup: bool = False  # lets a newer message replace those of its subject
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """A stream as it is. `identity` changes when it is made anew; `last_ns` is its last message's.

    `max_message_bytes` is the smaller of the stream's limit and the server's.
    """

    name: str
    identity: str
    first_seq: int
    last_seq: int
    last_ns: int = 0
    server_time: datetime | None = None
    storage: Storage = Storage.FILE
    discard: Discard = Discard.NEW
    retention: Retention = Retention.LIMITS
    replicas: int = 1
    max_age_s: float = 0.0
    max_bytes: int = 0
    max_per_subject: int = 0
    max_message_bytes: int = 1024 * 1024
    dedupe_s: float = 120.0
    acknowledges: bool = True
    is_async: bool = False  # acknowledged before it is written
    is_sealed: bool = False
    is_mirror: bool = False
    allows_atomic: bool = True
    metadata: Mapping[str, str] = field(default_factory=dict)


class Tail(Protocol):
    """Reads a stream behind given positions, one per filter; nothing is left on the server.

    Raises TransportError when messages may have been missed: then open another one.
    """

    async def fetch(self, limit: int, wait_s: float) -> list[Message]:
        """The next messages, in the order of the stream for each filter.

        Waits up to `wait_s` for the first; empty means that there was none.
        """

    async def settle(self, last_seq: int) -> tuple[int, ...]:
        """By filter, up to which sequence number everything was fetched.

        `last_seq` is where the stream ended a moment ago: a filter behind which nothing is left is
        at least as far, though none of its own messages may be that new.
        """


class JetStream(Protocol):
    """One account of one JetStream. Raises TransportError and nothing else.

    Connects when needed; a failed exchange drops the connection and nothing is sent later.
    """

    async def describe(self, stream: str) -> StreamFacts:
        """The stream. Raises RefusedError with NO_STREAM."""

    async def store(self, messages: Sequence[Outgoing], deadline_s: float) -> Stored:
        """Store one message, or up to MAX_ATOMIC of one stream in a row: all of them or none."""

    async def repeat(self, messages: Sequence[Outgoing], deadline_s: float) -> list[Stored]:
        """Store each for itself without waiting between them: only what is stored already."""

    async def tail(self, stream: str, filters: Sequence[tuple[str, int]]) -> Tail:
        """Read what is behind each (subject filter, sequence number)."""

    async def message(self, stream: str, seq: int) -> Message | None:
        """One message; None when there is none (any more)."""

    async def last(self, stream: str, subject: str) -> Message | None:
        """The newest message of a subject, or None."""

    async def create(self, plan: StreamPlan) -> None:
        """Make a stream, or change it to the plan."""

    async def purge(self, stream: str, subject: str, below_seq: int = 0) -> None:
        """Delete the messages of a subject (wildcards allowed) below `below_seq`; 0 = all."""

    async def close(self) -> None:
        """Let go; may be called again."""
