"""A lossy line, crashes and refusals: the platform ends with each event once and in order."""

import asyncio
from datetime import UTC, datetime
from functools import partial
from random import Random

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from sync import outbox, push
from sync.delivery import Delivery
from sync.errors import TransportError
from sync.fakes import PlainLedger
from sync.outbox import OutboxEvent
from sync.push import Pusher
from sync.status import StatusBoard
from sync.transports.base import EventResult, ResultStatus
from sync.transports.recording import Fault, RecordingTransport

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


class PatientClock:
    """Whoever looks finds that every pause is over."""

    seconds = 0.0

    def now(self) -> datetime:
        return AT

    def monotonic(self) -> float:
        self.seconds += 1e6
        return self.seconds


class PowerCut(Exception):
    """The box stopped before this write."""


class BrittleLedger(PlainLedger):
    """Loses power before the next write when told to."""

    cut_before_write = False

    async def write(self, fn):
        if self.cut_before_write:
            self.cut_before_write = False
            raise PowerCut
        return await super().write(fn)


class AcknowledgingFirst(Pusher):
    """Known bad: moves the position before the platform answered."""

    async def step(self) -> bool:
        rows = await self._ledger.read(outbox.page)
        if not rows:
            return False
        await self._ledger.write(partial(outbox.acknowledge, up_to_seq=rows[-1].seq))
        await self._transport.send(rows)
        return True


class ForgetfulPlatform(RecordingTransport):
    """Known bad: no deduplication."""

    def _take(self, row):
        self.accepted.append(row)
        return EventResult(row.id, ResultStatus.ACCEPTED)


class Deliveries(RuleBasedStateMachine):
    pusher_type = Pusher
    platform_type = RecordingTransport

    def __init__(self):
        super().__init__()
        self.ledger = BrittleLedger()
        self.platform = self.platform_type(max_events=3)
        self.written = []
        self.restart()

    @rule()
    def restart(self):
        board = StatusBoard(lambda: AT)
        self.clock = PatientClock()
        self.pusher = self.pusher_type(
            Delivery("platform", self.platform),
            self.ledger,
            board,
            self.clock,
            lambda window_s: None,
            Random(1),
        )

    @rule(count=st.integers(1, 7))
    def write_events(self, count):
        for _ in range(count):
            event = OutboxEvent(f"e{len(self.written):04}", "t", AT, b"{}")
            self.ledger.transact(partial(outbox.put, event=event))
            self.written.append(event.id)

    @precondition(lambda self: self.written)
    @rule(data=st.data(), for_good=st.booleans())
    def refuse(self, data, for_good):
        victim = data.draw(st.sampled_from(self.written))
        if victim in self.platform.refused:
            return
        self.platform.refused[victim] = "invalid_event"
        if not for_good:
            self.platform.deferred.add(victim)

    @rule()
    def relent(self):
        """What was wanted later is wanted now; a final refusal stays final."""
        for event_id in self.platform.deferred:
            del self.platform.refused[event_id]
        self.platform.deferred.clear()

    @rule(faults=st.lists(st.sampled_from(Fault), max_size=3), cut=st.booleans())
    def push(self, faults, cut):
        self.platform.faults = list(faults)
        self.ledger.cut_before_write = cut
        for _ in range(3):
            self.step()
        self.ledger.cut_before_write = False

    def step(self) -> bool:
        try:
            return asyncio.run(self.pusher.step())
        except (TransportError, PowerCut):
            return True

    def teardown(self):
        self.platform.faults = []
        self.relent()
        while self.step():
            pass
        kept = {q.row.id for q in outbox.quarantined(self.ledger.connection, limit=10_000)}
        arrived = [row.id for row in self.platform.accepted]
        sequence = [row.seq for row in self.platform.accepted]
        self.ledger.close()
        assert len(arrived) == len(set(arrived)), "an event arrived twice"
        assert set(arrived) | kept == set(self.written), "an event was lost"
        assert sequence == sorted(sequence), "the order of the source was broken"


SEARCH = settings(max_examples=60, stateful_step_count=25, deadline=None)
FIND_ONLY = settings(SEARCH, phases=[Phase.generate], database=None)


@pytest.fixture(autouse=True)
def short_batches(monkeypatch):
    """So that reading ahead happens."""
    monkeypatch.setattr(push, "BATCH", 4)
    monkeypatch.setattr(push, "READ_AHEAD", 6)


@pytest.mark.timeout(60)
def test_every_event_arrives_once_and_in_order_whatever_the_line_does():
    run_state_machine_as_test(Deliveries, settings=SEARCH)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "bad",
    [
        {"pusher_type": AcknowledgingFirst},
        {"platform_type": ForgetfulPlatform},
    ],
    ids=["acknowledge before send", "platform without deduplication"],
)
def test_the_search_finds_a_known_bad_variant(bad):
    with pytest.raises(AssertionError):
        run_state_machine_as_test(type("BadDelivery", (Deliveries,), bad), settings=FIND_ONLY)
