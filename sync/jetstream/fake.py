"""The shipped twin: a JetStream in memory that can be told to fail like a real one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any

from sync.errors import TooSlowError, TransportError, UnreachableError
from sync.jetstream.port import (
    MAX_ATOMIC,
    NO_STREAM_HINT,
    Code,
    Discard,
    Message,
    Outgoing,
    RefusedError,
    Stored,
    StreamFacts,
    StreamPlan,
)

NANOSECONDS = 1_000_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Fault(Enum):
    """What happens to one storing exchange."""

    LOST_REQUEST = auto()  # the server never sees it
    LOST_ANSWER = auto()  # stored, and the connection breaks before the answer
    SILENCE = auto()  # stored, and nobody answers
    BLACK_HOLE = auto()  # neither stored nor answered
    NO_LEADER = auto()  # nobody listens at the moment
    REFUSED_SECRET = auto()  # the credentials are not valid
    BUSY = auto()  # too many batches of others are under way


@dataclass(slots=True)
class FakeStream:
    """One stream. `messages` are what it holds, in order."""

    plan: StreamPlan
    facts: StreamFacts
    messages: list[Message] = field(default_factory=list)
    known: dict[str, tuple[int, int]] = field(default_factory=dict)  # id -> (seq, time_ns)

    @property
    def size(self) -> int:
        """Bytes held, as far as the limit is concerned."""
        return sum(len(message.body) for message in self.messages)


@dataclass(slots=True)
class FakeServer:
    """What survives the lines to it. `faults` befall the next storing exchanges, in order."""

    now: Callable[[], datetime]
    streams: dict[str, FakeStream] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    exchanges: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def line(self) -> FakeLine:
        """One more connection."""
        return FakeLine(self)

    def stream(self, name: str) -> FakeStream:
        """Raises RefusedError when there is none."""
        if name not in self.streams:
            words = "stream not found"
            raise RefusedError(Code.NO_STREAM, words, permanent=True, hint=NO_STREAM_HINT)
        return self.streams[name]

    def change(self, name: str, **facts: Any) -> None:
        """Set the stream up in another way than `create` would."""
        stream = self.stream(name)
        stream.facts = replace(stream.facts, **facts)

    def takes(self, subject: str) -> FakeStream:
        """The stream of a subject. Raises TransportError when there is none."""
        for stream in self.streams.values():
            if any(matches(subject, wanted) for wanted in stream.plan.subjects):
                return stream
        raise TransportError(f"nobody answers at {subject}")

    def now_ns(self) -> int:
        """The server's clock."""
        return round((self.now() - EPOCH).total_seconds() * 1000) * (NANOSECONDS // 1000)


class FakeLine:
    """See `port.JetStream`."""

    def __init__(self, server: FakeServer) -> None:
        """Connect to `server`."""
        self._server = server
        self.is_closed = False

    async def describe(self, stream: str) -> StreamFacts:
        """See `JetStream.describe`."""
        found = self._server.stream(stream)
        last = found.messages[-1] if found.messages else None
        first_seq = found.messages[0].seq if found.messages else found.facts.last_seq + 1
        return replace(
            found.facts,
            first_seq=first_seq,
            last_ns=last.time_ns if last else 0,
            server_time=self._server.now(),
        )

    async def store(self, messages: Sequence[Outgoing], deadline_s: float) -> Stored:
        """See `JetStream.store`."""
        self._server.exchanges += 1
        fault = self._server.faults.pop(0) if self._server.faults else None
        await self._befall(fault, deadline_s, before=True)
        try:
            return self._store(messages)
        finally:
            await self._befall(fault, deadline_s, before=False)

    async def repeat(self, messages: Sequence[Outgoing], deadline_s: float) -> list[Stored]:
        """See `JetStream.repeat`."""
        del deadline_s
        return [self._store((message,)) for message in messages]

    async def tail(self, stream: str, filters: Sequence[tuple[str, int]]) -> FakeTail:
        """See `JetStream.tail`."""
        found = self._server.stream(stream)
        return FakeTail(self._server, found.facts.identity, stream, list(filters))

    async def message(self, stream: str, seq: int) -> Message | None:
        """See `JetStream.message`."""
        held = self._server.stream(stream).messages
        return next((message for message in held if message.seq == seq), None)

    async def last(self, stream: str, subject: str) -> Message | None:
        """See `JetStream.last`."""
        held = reversed(self._server.stream(stream).messages)
        return next((message for message in held if matches(message.subject, subject)), None)

    async def create(self, plan: StreamPlan) -> None:
        """See `JetStream.create`."""
        known = self._server.streams.get(plan.name)
        if known is None:
            identity = f"{self._server.now().isoformat()} {len(self._server.streams)}"
            facts = StreamFacts(plan.name, identity, 1, 0)
            known = self._server.streams[plan.name] = FakeStream(plan, facts)
        known.plan = plan
        known.facts = replace(
            known.facts,
            discard=plan.discard,
            replicas=plan.replicas,
            max_age_s=plan.max_age_s,
            max_bytes=plan.max_bytes,
            dedupe_s=plan.dedupe_s,
            allows_atomic=plan.atomic,
            metadata=plan.metadata,
        )

    async def purge(self, stream: str, subject: str, below_seq: int = 0) -> None:
        """See `JetStream.purge`."""
        found = self._server.stream(stream)
        found.messages = [
            message
            for message in found.messages
            if not matches(message.subject, subject) or (below_seq and message.seq >= below_seq)
        ]

    async def close(self) -> None:
        """See `JetStream.close`."""
        self.is_closed = True

    async def _befall(self, fault: Fault | None, deadline_s: float, *, before: bool) -> None:
        if before and fault is Fault.LOST_REQUEST:
            raise UnreachableError("no connection to NATS: ConnectionRefusedError")
        if before and fault is Fault.NO_LEADER:
            raise TransportError("nobody answers at the events' subject")
        if before and fault is Fault.BUSY:
            words = "atomic publish batch is incomplete"
            raise RefusedError(Code.BATCH_INCOMPLETE, words, permanent=True)
        if before and fault is Fault.REFUSED_SECRET:
            raise TransportError("the server refuses the credentials", permanent=True, hint="Ask.")
        if not before and fault is Fault.LOST_ANSWER:
            raise UnreachableError("the connection has ended")
        if fault is (Fault.BLACK_HOLE if before else Fault.SILENCE):
            await asyncio.sleep(deadline_s)
            raise TooSlowError(f"no answer within {deadline_s:g} s")

    def _store(self, messages: Sequence[Outgoing]) -> Stored:
        stream = self._server.takes(messages[0].subject)
        if len(messages) == 1 and (known := self._known(stream, messages[0])):
            return Stored(known, is_duplicate=True)
        self._check(stream, messages)
        for message in messages:
            self._append(stream, message)
        self._server.news.set()
        self._server.news = asyncio.Event()
        return Stored(stream.facts.last_seq)

    def _check(self, stream: FakeStream, messages: Sequence[Outgoing]) -> None:
        """Raises RefusedError for what the stream does not take, and then takes nothing of it."""
        is_batch = len(messages) > 1
        if is_batch and not stream.facts.allows_atomic:
            raise RefusedError(Code.BATCHES_OFF, "atomic publish is disabled", permanent=True)
        if len(messages) > MAX_ATOMIC:
            raise RefusedError(10199, "atomic publish batch is too large: 1000", permanent=True)
        if is_batch and any(self._known(stream, message) for message in messages):
            words = "atomic publish batch contains duplicate message id"
            raise RefusedError(Code.BATCH_HAS_DUPLICATE, words, permanent=True)
        if any(len(m.body) > stream.facts.max_message_bytes for m in messages):
            raise RefusedError(Code.MESSAGE_TOO_LARGE, "message size exceeds maximum allowed")
        size = stream.size + sum(len(message.body) for message in messages)
        if stream.facts.discard is Discard.NEW and 0 < stream.facts.max_bytes < size:
            raise RefusedError(Code.STREAM_FULL, "maximum bytes exceeded")

    def _known(self, stream: FakeStream, message: Outgoing) -> int:
        """The number under which it was stored within the window; 0 when it was not."""
        seq, time_ns = stream.known.get(message.id, (0, 0))
        is_recent = self._server.now_ns() - time_ns <= stream.facts.dedupe_s * NANOSECONDS
        return seq if message.id and is_recent else 0

    def _append(self, stream: FakeStream, message: Outgoing) -> None:
        seq, now_ns = stream.facts.last_seq + 1, self._server.now_ns()
        headers = dict(message.headers) | ({"Nats-Msg-Id": message.id} if message.id else {})
        stream.messages.append(Message(message.subject, message.body, seq, now_ns, headers))
        stream.facts = replace(stream.facts, last_seq=seq)
        if message.id:
            stream.known[message.id] = (seq, now_ns)


class FakeTail:
    """See `port.Tail`."""

    def __init__(
        self, server: FakeServer, identity: str, stream: str, filters: list[tuple[str, int]]
    ) -> None:
        """Read behind each filter's number."""
        self._server = server
        self._identity = identity
        self._stream = stream
        self._filters = [subject for subject, _ in filters]
        self._positions = [seq for _, seq in filters]

    async def fetch(self, limit: int, wait_s: float) -> list[Message]:
        """See `Tail.fetch`."""
        try:
            async with asyncio.timeout(wait_s or None):
                while not (found := self._take(limit)) and wait_s:
                    await self._server.news.wait()
                return found
        except TimeoutError:
            return []

    async def settle(self, last_seq: int) -> tuple[int, ...]:
        """See `Tail.settle`."""
        for number, subject in enumerate(self._filters):
            if not self._behind(subject, self._positions[number]):
                self._positions[number] = max(self._positions[number], last_seq)
        return tuple(self._positions)

    def _take(self, limit: int) -> list[Message]:
        taken: list[Message] = []
        for number, subject in enumerate(self._filters):
            behind = self._behind(subject, self._positions[number])
            part = behind[: limit - len(taken)]
            left = range(len(behind) - 1, -1, -1)
            taken += [replace(m, pending=n) for m, n in zip(part, left, strict=False)]
            if part:
                self._positions[number] = part[-1].seq
        return taken

    def _behind(self, subject: str, seq: int) -> list[Message]:
        stream = self._server.stream(self._stream)
        if stream.facts.identity != self._identity:
            raise UnreachableError("the server ended the reading: Consumer Deleted")
        return [m for m in stream.messages if m.seq > seq and matches(m.subject, subject)]


def matches(subject: str, wanted: str) -> bool:
    """Whether a subject is what a filter with `*` and `>` asks for."""
    tokens, filters = subject.split("."), wanted.split(".")
    for number, one in enumerate(filters):
        if one == ">":
            return len(tokens) > number
        if number >= len(tokens) or one not in {"*", tokens[number]}:
            return False
    return len(tokens) == len(filters)
