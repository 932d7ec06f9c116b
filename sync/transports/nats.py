"""Events to a JetStream stream, one message each: `store.<store>.<lane>.<type>`.

A message is a CloudEvent in structured JSON: the one mode that the CloudEvents binding for NATS
1.0.2 has, and the same text as in a batch over HTTP. `Nats-Msg-Id` is its source and id, which
together name an event: two shops may give the same id.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from pydantic import Field

from sync.errors import TooSlowError, TransportError
from sync.jetstream import names, promises
from sync.jetstream.line import NatsLine
from sync.jetstream.ordered import DEADLINE_S, OrderedStore, Outcome
from sync.jetstream.port import (
    Code,
    JetStream,
    Outgoing,
    RefusedError,
    StreamFacts,
    StreamPlan,
)
from sync.jetstream.settings import LineSettings
from sync.outbox import Lane, OutboxRow
from sync.transports.base import EventResult, ResultStatus
from sync.transports.cloudevents import EVENT_TYPE, encode_event
from sync.transports.probe import Probe, Reach
from sync.transports.table import Surroundings

log = logging.getLogger(__name__)

MAX_EVENTS = 500
MAX_BYTES = 1024 * 1024  # of one run: a slow line must get it through within the deadline
DOCTOR = "doctor"  # whose inbox the installer's question uses: it has no store
WINDOW_KEY = "reconnect_window_s"  # the stream's metadata: how the operator steers the fleet
HEADER_BYTES = 1024  # what the headers of one message may take of the server's limit
HEADERS = {"content-type": EVENT_TYPE}
LANES = {lane.value: lane.name.lower() for lane in Lane}  # rows carry the plain value
STATUSES = {Outcome.STORED: ResultStatus.ACCEPTED, Outcome.DUPLICATE: ResultStatus.DUPLICATE}


class Settings(LineSettings):
    """Where the events go."""

    stream: str = Field(names.EVENTS, pattern=r"^[A-Za-z0-9_-]+$", description="it must be there")
    subject: str = Field(
        "store", pattern=r"^[A-Za-z0-9_-]+$", description="the first word of every subject"
    )
    min_replicas: int = Field(1, ge=1, le=5, description="fewer copies of the stream are refused")
    create: bool = Field(False, description="make the stream if it is missing: for trials")
    create_max_bytes: int = Field(1024**3, gt=0, description="its size, if it is made")


def build(settings: Settings, around: Surroundings) -> NatsTransport:
    """See `sync.transports.table`."""
    line = NatsLine(settings, around.store_id)
    return NatsTransport(line, settings, around.store_id, around.epoch)


async def probe(settings: Settings, now: Callable[[], datetime]) -> Probe:
    """Whether the servers take this shop, and whether the stream is fit for its events."""
    line = NatsLine(settings, DOCTOR)
    try:
        facts = await line.describe(settings.stream)
        promises.check_events(facts, settings.min_replicas)
    except TransportError as error:
        reach = Reach.REFUSED if error.permanent else Reach.NOWHERE
        return Probe(reach, str(error), error.hint or "Check the line and the addresses.")
    finally:
        await line.close()
    told = facts.server_time
    offset_s = None if told is None else (told - now()).total_seconds()
    return Probe(Reach.THERE, f"the stream {facts.name} is there", "", offset_s)


class NatsTransport:
    """See `Transport`. Looks at the stream before it trusts it, once per connection's failure."""

    def __init__(
        self,
        js: JetStream,
        settings: Settings,
        store_id: str,
        epoch: str,
        *,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        """`epoch` is the life of the ledger file: sequence numbers count within it."""
        self._js = js
        self._settings = settings
        self._store_id = store_id
        self._source = f"/stores/{store_id}/{epoch}"
        self._own_subjects = f"{settings.subject}.{names.token(store_id)}"
        self._deadline_s = deadline_s
        self._size = MAX_EVENTS
        self._facts: StreamFacts | None = None
        self._warned: tuple[str, ...] = ()

    @property
    def reconnect_window_s(self) -> float | None:
        """What the stream's metadata says, in seconds."""
        text = self._facts.metadata.get(WINDOW_KEY, "") if self._facts else ""
        try:
            return float(text)
        except ValueError:
            return None

    @property
    def server_time(self) -> datetime | None:
        """What the server's clock said when the stream was looked at."""
        return self._facts.server_time if self._facts else None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the stream does not promise, a sentence each."""
        return self._warned

    async def send(self, batch: Sequence[OutboxRow]) -> list[EventResult]:
        """Store the head of `batch`; see `Transport.send`."""
        facts = self._facts or await self.prepare()
        rows, messages = self._head(batch, facts.max_message_bytes)
        if not messages:
            return [_too_large(batch[0])]
        store = OrderedStore(
            self._js,
            facts.name,
            f"{self._own_subjects}.{_lane(rows[0])}.>",
            facts.allows_atomic,
            self._deadline_s,
        )
        try:
            outcomes = await store.store(messages)
        except TooSlowError:
            self._size = max(1, len(messages) // 2)
            raise
        except BaseException:
            self._facts = None  # whatever it was: look again first
            raise
        self._size = min(MAX_EVENTS, self._size * 2)
        return [_result(row, outcome) for row, outcome in zip(rows, outcomes, strict=False)]

    async def prepare(self) -> StreamFacts:
        """Look at the stream; `send` does it by itself. Raises TransportError when it is unfit."""
        try:
            facts = await self._js.describe(self._settings.stream)
        except RefusedError as error:
            if error.code != Code.NO_STREAM or not self._settings.create:
                raise
            await self._js.create(plan_of(self._settings))
            facts = await self._js.describe(self._settings.stream)
        promises.check_events(facts, self._settings.min_replicas)
        warnings = promises.warnings(facts)
        for warning in set(warnings) - set(self._warned):
            log.warning(warning)
        self._warned, self._facts = warnings, facts
        return facts

    async def close(self) -> None:
        """Close the line."""
        await self._js.close()

    def _head(
        self, batch: Sequence[OutboxRow], max_bytes: int
    ) -> tuple[Sequence[OutboxRow], list[Outgoing]]:
        """What goes in one run: one lane, and nothing that the stream is sure to refuse."""
        messages: list[Outgoing] = []
        size = 0
        for row in batch[: self._size]:
            body = encode_event(row, self._source)
            size += len(body)
            fits = len(body) + HEADER_BYTES <= max_bytes
            if not fits or _lane(row) != _lane(batch[0]) or (messages and size > MAX_BYTES):
                break
            message_id = f"{self._source}/{row.id}"
            messages.append(Outgoing(self._subject(row), body, message_id, HEADERS))
        return batch[: len(messages)], messages

    def _subject(self, row: OutboxRow) -> str:
        return names.event(self._settings.subject, self._store_id, _lane(row), row.type)


def plan_of(settings: Settings) -> StreamPlan:
    """The stream that these settings ask for."""
    return StreamPlan(
        settings.stream,
        (f"{settings.subject}.>",),
        replicas=settings.min_replicas,
        max_bytes=settings.create_max_bytes,
    )


def _lane(row: OutboxRow) -> str:
    return LANES[row.lane]


def _result(row: OutboxRow, outcome: Outcome) -> EventResult:
    if outcome is Outcome.TOO_LARGE:
        return _too_large(row)
    return EventResult(row.id, STATUSES[outcome])


def _too_large(row: OutboxRow) -> EventResult:
    reason = "larger than the stream takes"
    return EventResult(row.id, ResultStatus.REJECTED, "too_large", reason, permanent=True)
