"""Events from the stream to the platform: the reader on the platform's side.

Its position is its own, noted after the platform's answer and nowhere else: a crash at any moment
only hands events on again, and the platform drops by (source, id), without a window of time, what
it has. So each event is settled there once, though a stream may hold it twice.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from sync.errors import PostponedError, TransportError
from sync.jetstream import names
from sync.jetstream.ordered import DEADLINE_S
from sync.jetstream.places import Place, Places
from sync.jetstream.port import Discard, JetStream, Message, Outgoing, StreamPlan, Tail
from sync.outbox import Lane, OutboxRow
from sync.transports.base import EventResult, Transport

PAGE = 500
LONG_POLL_S = 25.0
AT_ONCE = 16  # stores whose events are on the way to the platform
KEPT_TRANSPORTS = 256  # each may hold a compressor
MAX_DEFERRALS = 8  # "not now" for the same event this often in a row counts as "never"
RELEASE_EVERY = 10_000  # messages; deleting them one page at a time would cost a sync each
DAY_S = 86_400.0


class Source(NamedTuple):
    """Whose events they are: order holds within."""

    store_id: str
    epoch: str


Connect = Callable[[Source], Transport]


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


class EventBridge:
    """Hands one lane's events on to the platform, each store's in order. See `step`."""

    def __init__(
        self, js: JetStream, lane: Lane, connect: Connect, places: Places, plan: BridgePlan
    ) -> None:
        """`connect` gives the transport that speaks for a store."""
        self._js = js
        self._lane = lane.name.lower()
        self._connect = connect
        self._places = places
        self._plan = plan
        self._filter = names.events_of_lane(plan.subject, self._lane)
        self._transports: OrderedDict[Source, Transport] = OrderedDict()
        self._tail: Tail | None = None
        self._identity = ""
        self._deferrals: dict[str, int] = {}
        self._unreleased = 0

    async def step(self, wait_s: float = LONG_POLL_S) -> bool:
        """Hand on the next page; whether there was any. Raises TransportError, then call again."""
        try:
            tail = self._tail or await self._open()
            messages = await tail.fetch(PAGE, wait_s)
            if messages:
                await self._hand_on(messages)
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

    async def _hand_on(self, messages: Sequence[Message]) -> None:
        waiting: dict[Source, list[tuple[OutboxRow, Message]]] = {}
        for message in messages:
            try:
                source, row = _event(message, self._plan.subject)
            except ValueError as error:
                await self._refuse(message, "malformed", str(error))
            else:
                waiting.setdefault(source, []).append((row, message))
        gate = asyncio.Semaphore(AT_ONCE)
        outcomes = await asyncio.gather(
            *(self._deliver(gate, source, events) for source, events in waiting.items()),
            return_exceptions=True,
        )
        failed = {
            source: outcome
            for source, outcome in zip(waiting, outcomes, strict=True)
            if isinstance(outcome, BaseException)
        }
        for source, failure in failed.items():
            if not self._is_one_stores_fault(source, failure, len(failed) < len(waiting)):
                raise failure
            for _, message in waiting[source]:
                await self._refuse(message, "store_refused", str(failure))

    def _is_one_stores_fault(
        self, source: Source, error: BaseException, others_are_well: bool
    ) -> bool:
        """Whether the platform keeps refusing this store alone: it must not hold up the fleet."""
        is_permanent = isinstance(error, TransportError) and error.permanent
        return is_permanent and others_are_well and self._is_worn_out("/".join(source))

    async def _deliver(
        self,
        gate: asyncio.Semaphore,
        source: Source,
        events: Sequence[tuple[OutboxRow, Message]],
    ) -> None:
        """All events of one source, in order. Raises TransportError when some are left."""
        async with gate:
            transport = self._transport(source)
            left = list(events)
            while left:
                results = await transport.send([row for row, _ in left])
                done = await self._settle(zip(left, results, strict=False))
                if done == 0:
                    raise PostponedError("the platform wants an event later")
                del left[:done]

    async def _settle(
        self, answered: Iterable[tuple[tuple[OutboxRow, Message], EventResult]]
    ) -> int:
        """How many are dealt with: delivered, or set aside for people to look at.

        Only at the head "not now" is about the event itself; further on it may be about one before.
        """
        done = 0
        for (_, message), result in answered:
            if not result.delivered:
                if not (result.permanent or (done == 0 and self._is_worn_out(result.id))):
                    break
                await self._refuse(message, result.code, result.reason)
            self._deferrals.pop(result.id, None)
            done += 1
        return done

    def _is_worn_out(self, what: str) -> bool:
        """Whether this event or store was refused for now so often that it counts as for good."""
        self._deferrals[what] = self._deferrals.get(what, 0) + 1
        return self._deferrals[what] >= MAX_DEFERRALS

    async def _refuse(self, message: Message, code: str, reason: str) -> None:
        """Keep it where people find it, durably, before the stream's place moves past it."""
        store_id = names.store_of(message.subject, self._plan.subject)
        refused = Outgoing(
            f"{self._plan.refused}.{names.token(store_id)}",
            message.body,
            f"{self._plan.stream}.{message.seq}",
            {"Refused-Code": code, "Refused-Reason": reason, "Refused-Subject": message.subject},
        )
        await self._js.store((refused,), DEADLINE_S)

    def _transport(self, source: Source) -> Transport:
        transport = self._transports.get(source) or self._connect(source)
        self._transports[source] = transport
        self._transports.move_to_end(source)
        if len(self._transports) > KEPT_TRANSPORTS:
            self._transports.popitem(last=False)  # the line is shared: there is nothing to close
        return transport


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
