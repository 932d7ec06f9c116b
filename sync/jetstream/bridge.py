"""Events from the stream to the platform: the reader on the platform's side.

Its position is its own, noted after the platform's answer and nowhere else: a crash at any moment
only hands events on again, and the platform drops by (source, id), without a window of time, what
it has. So each event is settled there once, though a stream may hold it twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from sync.errors import TransportError
from sync.jetstream import names
from sync.jetstream.ordered import DEADLINE_S
from sync.jetstream.places import Place, Places, Source
from sync.jetstream.port import Discard, JetStream, Message, Outgoing, StreamPlan, Tail
from sync.outbox import Lane, OutboxRow
from sync.transports.base import Transport

log = logging.getLogger(__name__)

PAGE = 500
LONG_POLL_S = 25.0
AT_ONCE = 16  # stores whose events are on the way to the platform
KEPT_TRANSPORTS = 256  # each may hold a compressor
FIRST_RETRY_S, LAST_RETRY_S = 2.0, 900.0  # of a store that the platform wants later
WELL_S = 600.0  # a platform that took events so lately is well: one store's refusal is its own
RELEASE_EVERY = 10_000  # messages; deleting them one page at a time would cost a sync each
DAY_S = 86_400.0

Connect = Callable[[Source], Transport]
Event = tuple[OutboxRow, Message]


@dataclass(frozen=True, slots=True)
class BridgePlan:
    """What is read. `releases` deletes what the platform has from the stream."""

    stream: str = names.EVENTS
    subject: str = "store"
    releases: bool = True
    replicas: int = 1
    max_bytes: int = 0

    def streams(self) -> tuple[StreamPlan, ...]:
        """How the streams are made: the events', and that of events the platform refused."""
        events = StreamPlan(
            self.stream, (f"{self.subject}.>",), self.replicas, max_bytes=self.max_bytes
        )
        refused = StreamPlan(
            f"{self.stream}_REFUSED",
            (f"{self.refused}.>",),
            self.replicas,
            Discard.OLD,
            max_age_s=90 * DAY_S,
        )
        return events, refused

    @property
    def refused(self) -> str:
        """The first word of the subjects of refused events."""
        return f"{self.subject}-refused"


@dataclass(frozen=True, slots=True)
class BridgeEnds:
    """`connect` gives the transport that speaks for a store."""

    js: JetStream
    connect: Connect
    places: Places
    monotonic: Callable[[], float]


class EventBridge:
    """Hands one lane's events on to the platform, each store's in order. See `step`.

    A store whose events the platform wants later, or refuses as a whole, is held: its events are
    kept in the bridge's own file and tried again, while the rest of the fleet goes on.
    """

    def __init__(self, ends: BridgeEnds, lane: Lane, plan: BridgePlan) -> None:
        """One bridge per lane and stream."""
        self._ends = ends
        self._js = ends.js
        self._places = ends.places
        self._lane = lane.name.lower()
        self._plan = plan
        self._filter = names.events_of_lane(plan.subject, self._lane)
        self._transports: OrderedDict[Source, Transport] = OrderedDict()
        self._tail: Tail | None = None
        self._identity = ""
        self._held: dict[Source, _Pause] | None = None
        self._well_s = float("-inf")
        self._unreleased = 0

    async def step(self, wait_s: float = LONG_POLL_S) -> bool:
        """Hand on the next page; whether there was any. Raises TransportError, then call again."""
        try:
            held = await self._known_held()
            tail = self._tail or await self._open()
            await self._retry_held(held)
            messages = await tail.fetch(PAGE, self._wait_s(held, wait_s))
            if messages:
                await self._hand_on(messages, held)
                await self._note(messages[-1])
        except BaseException:
            self._tail = None  # read on behind the noted place
            raise
        self._tail = tail
        await self._release(len(messages))
        return bool(messages)

    async def _open(self) -> Tail:
        facts = await self._js.describe(self._plan.stream)
        self._identity = facts.identity
        place = await asyncio.to_thread(self._places.of, self._lane)
        after_seq = 0
        if place is not None and place.identity == facts.identity and place.seq <= facts.last_seq:
            there = await self._js.message(self._plan.stream, place.seq)
            # Another message under the number: the server lost its newest ones and went on.
            if there is None or there.time_ns == place.time_ns:
                after_seq = place.seq
        return await self._js.tail(self._plan.stream, [(self._filter, after_seq)])

    async def _note(self, last: Message) -> None:
        place = Place(self._identity, last.seq, last.time_ns)
        await asyncio.to_thread(self._places.note, self._lane, place)

    async def _release(self, count: int) -> None:
        """Delete what the platform has, but for the newest: it shows that the stream is whole."""
        self._unreleased += count
        is_due = self._unreleased >= RELEASE_EVERY or (not count and self._unreleased)
        if self._plan.releases and is_due:
            place = await asyncio.to_thread(self._places.of, self._lane)
            if place is not None:
                await self._js.purge(self._plan.stream, self._filter, place.seq)
            self._unreleased = 0

    async def _hand_on(self, messages: Sequence[Message], held: dict[Source, _Pause]) -> None:
        """Deal with each message. Raises TransportError when the platform is not there."""
        waiting = await self._sorted(messages)
        free = [source for source in waiting if source not in held]
        gate = asyncio.Semaphore(AT_ONCE)
        outcomes = await asyncio.gather(
            *(self._deliver(gate, source, waiting[source]) for source in free),
            return_exceptions=True,
        )
        if any(outcome == [] for outcome in outcomes):
            self._well_s = self._ends.monotonic()
        for source, outcome in zip(free, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                if not self._is_one_stores_fault(outcome):
                    raise outcome
            else:
                waiting[source] = outcome
        for source, left in waiting.items():
            if left:
                kept = [message for _, message in left]
                await asyncio.to_thread(self._places.hold, self._lane, source, kept)
                if source not in held:
                    log.warning("the platform wants events of %s later: held", "/".join(source))
                    held[source] = _Pause(self._ends.monotonic() + FIRST_RETRY_S)

    async def _sorted(self, messages: Sequence[Message]) -> dict[Source, list[Event]]:
        found: dict[Source, list[Event]] = {}
        for message in messages:
            try:
                source, row = _event(message, self._plan.subject)
            except ValueError as error:
                await self._refuse(message, "malformed", str(error))
            else:
                found.setdefault(source, []).append((row, message))
        return found

    async def _deliver(
        self, gate: asyncio.Semaphore, source: Source, events: Sequence[Event]
    ) -> list[Event]:
        """Send in order; what the platform wants later, and everything behind it."""
        async with gate:
            transport = self._transport(source)
            left = list(events)
            while left:
                results = await transport.send([row for row, _ in left])
                for number, result in enumerate(results):
                    if not result.delivered:
                        if not result.permanent:
                            return left[number:]
                        await self._refuse(left[number][1], result.code, result.reason)
                del left[: len(results)]
            return []

    def _is_one_stores_fault(self, error: BaseException) -> bool:
        """Whether the platform refuses this store, for good, and takes others."""
        is_well = self._ends.monotonic() - self._well_s <= WELL_S
        return is_well and isinstance(error, TransportError) and error.permanent

    async def _known_held(self) -> dict[Source, _Pause]:
        if self._held is None:
            sources = await asyncio.to_thread(self._places.holding, self._lane)
            self._held = {source: _Pause(self._ends.monotonic()) for source in sources}
        return self._held

    def _wait_s(self, held: dict[Source, _Pause], wait_s: float) -> float:
        """No longer than until a held store is due."""
        due_s = min((pause.until_s for pause in held.values()), default=float("inf"))
        return max(0.0, min(wait_s, due_s - self._ends.monotonic()))

    async def _retry_held(self, held: dict[Source, _Pause]) -> None:
        """Try the held stores that are due. Raises TransportError when the platform is away."""
        gate = asyncio.Semaphore(1)
        for source, pause in list(held.items()):
            if pause.until_s > self._ends.monotonic():
                continue
            messages = await asyncio.to_thread(self._places.held, self._lane, source, PAGE)
            events = (await self._sorted(messages)).get(source, [])
            try:
                left = await self._deliver(gate, source, events)
            except TransportError as error:
                if not error.permanent:
                    raise
                left = events
            await self._note_held(held, source, messages, messages[len(messages) - len(left) :])

    async def _note_held(
        self,
        held: dict[Source, _Pause],
        source: Source,
        tried: Sequence[Message],
        left: Sequence[Message],
    ) -> None:
        done = tried[: len(tried) - len(left)]
        await asyncio.to_thread(self._places.let_go, self._lane, source, done)
        if left:
            held[source].double(self._ends.monotonic())
        elif len(tried) < PAGE:
            log.info("the events of %s are through", "/".join(source))
            del held[source]

    async def _refuse(self, message: Message, code: str, reason: str) -> None:
        """Keep it where people find it, durably, before the stream's place moves past it."""
        store_id = names.store_of(message.subject, self._plan.subject)
        refused = Outgoing(
            f"{self._plan.refused}.{names.token(store_id)}",
            message.body,
            f"{self._plan.stream}.{message.seq}.{message.time_ns}",
            {"Refused-Code": code, "Refused-Reason": reason, "Refused-Subject": message.subject},
        )
        await self._js.store((refused,), DEADLINE_S)

    def _transport(self, source: Source) -> Transport:
        transport = self._transports.get(source) or self._ends.connect(source)
        self._transports[source] = transport
        self._transports.move_to_end(source)
        if len(self._transports) > KEPT_TRANSPORTS:
            self._transports.popitem(last=False)  # the line is shared: there is nothing to close
        return transport


@dataclass(slots=True)
class _Pause:
    """When a held store is tried again, by the monotonic clock."""

    until_s: float
    pause_s: float = FIRST_RETRY_S

    def double(self, now_s: float) -> None:
        self.pause_s = min(2 * self.pause_s, LAST_RETRY_S)
        self.until_s = now_s + self.pause_s


def _event(message: Message, prefix: str) -> tuple[Source, OutboxRow]:
    """The event in a message. Raises ValueError that says what is wrong with it."""
    try:
        event: Any = orjson.loads(message.body)
        _, stores, store_id, epoch = event["source"].split("/")
        row = OutboxRow(
            int(event["sequence"]),
            event["id"],
            event["type"],
            event.get("subject"),
            event["time"],
            orjson.dumps(event["data"]),
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ValueError("this is no event of a store") from error
    if stores != "stores" or store_id != names.store_of(message.subject, prefix):
        raise ValueError("the event names another store than its subject")
    if not all(isinstance(text, str) and text for text in (row.id, row.type, row.occurred_at)):
        raise ValueError("an event needs id, type and time")
    return Source(store_id, epoch), row
