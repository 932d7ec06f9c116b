"""Two receivers, a full outbox, wrong clocks, lossy lines and crashes: what is promised holds.

`SOAK=1` searches longer.
"""

import asyncio
import itertools
import os
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random

import orjson
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sync import outbox, push, true_time, upkeep
from sync.delivery import Delivery, Stale
from sync.errors import TransportError
from sync.fakes import PlainLedger
from sync.outbox import Caps, ClassCap, EventClass, Lane, OutboxEvent, drops, queue
from sync.outbox.tables import ROW_OVERHEAD_BYTES
from sync.push import Pusher
from sync.status import StatusBoard
from sync.transports.recording import Fault, RecordingTransport
from sync.true_time import BoxTime, PlatformClock
from sync.upkeep import OutboxUpkeep

START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
NAMES = ("platform", "crm")
STALE_S = 50_000.0  # presence on its way to the crm
RIGHT, RECORD, PRESENCE = EventClass.RIGHT, EventClass.RECORD, EventClass.PRESENCE
CAPS = Caps(ClassCap(max_count=6), ClassCap(max_bytes=20 * 210), 10**9, min_room_bytes=1000)
TOMBSTONE = "store.events.dropped"
QUICK_FAULTS = [Fault.LOST_REQUEST, Fault.LOST_ANSWER, Fault.BUSY, Fault.FORBIDDEN]


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


class World(RuleBasedStateMachine):
    """The shop, and what is true."""

    pusher_type = Pusher
    ages_type = PlatformClock

    def __init__(self):
        super().__init__()
        self.ledger = BrittleLedger()
        self.db = self.ledger.connection
        self.configured = NAMES
        self.was_away: set[str] = set()
        self.ledger.transact(partial(outbox.enrol, transports=dict.fromkeys(NAMES, True)))
        self.receivers = {name: RecordingTransport(max_events=3) for name in NAMES}
        self.true_s, self.set_by_s, self.mono_s, self.boots = 0.0, 0.0, 50.0, 0
        self.free_bytes = 10**9
        self.happened_s: dict[str, float] = {}
        self.classes: dict[str, EventClass] = {}
        self.told: list[dict] = []
        # Those that were tried once more after a refusal: they come late, whatever they are.
        self.set_aside: dict[str, set[str]] = {name: set() for name in NAMES}
        self.ids = map("e{:04}".format, itertools.count())
        self.reboot()

    # -- the box ---------------------------------------------------------------------------------

    def now(self) -> datetime:
        return START + timedelta(seconds=self.true_s + self.set_by_s)

    def monotonic(self) -> float:
        return self.mono_s

    def look(self) -> BoxTime:
        return BoxTime(f"boot-{self.boots}", self.now(), self.mono_s)

    @rule()
    def reboot(self):
        self.boots += 1
        self.mono_s = 50.0
        self.restart()

    @rule()
    def restart(self):
        self.ages = self.ages_type(f"boot-{self.boots}", self.now, self.monotonic)
        self.ages.recall(self.db)
        self.pushers = {
            name: self.pusher_type(
                Delivery(name, receiver, Stale({"presence": STALE_S} if name == "crm" else {})),
                self.ledger,
                StatusBoard(self.now, NAMES),
                self,
                lambda window_s: None,
                Random(1),
                self.ages,
            )
            for name, receiver in self.receivers.items()
        }
        self.keep = OutboxUpkeep(
            self.ledger, CAPS, self.tombstone, self.monotonic, lambda: self.free_bytes, self.ages
        )

    @rule(seconds=st.sampled_from([1.0, 1000.0, 100_000.0]))
    def time_goes_by(self, seconds):
        self.true_s += seconds
        self.mono_s += seconds

    @rule(seconds=st.sampled_from([-1.7e9, 0.0, 7.5e8]))
    def somebody_sets_the_clock(self, seconds):
        self.set_by_s = seconds

    @rule()
    def the_platform_tells_its_time(self):
        told = self.ages.hears(START + timedelta(seconds=self.true_s))
        if told is not None:
            self.ledger.transact(partial(true_time.tell, told=told))

    @rule(free_bytes=st.sampled_from([0, 10**9]))
    def the_disk_fills_or_empties(self, free_bytes):
        self.free_bytes = free_bytes

    # -- events ----------------------------------------------------------------------------------

    @rule(
        count=st.integers(1, 7),
        lane=st.sampled_from(Lane),
        event_class=st.sampled_from(EventClass),
        who=st.sampled_from(["c1", "c2", None]),
    )
    def something_happens(self, count, lane, event_class, who):
        def record(tx):
            true_time.enter(tx, self.look())
            for event_id in itertools.islice(self.ids, count):
                self.happened_s[event_id], self.classes[event_id] = self.true_s, event_class
                outbox.put(
                    tx,
                    OutboxEvent(event_id, "t", self.now(), b"{}", who, lane, event_class),
                )

        self.ledger.transact(record)

    def tombstone(self, dropped: outbox.Dropped) -> OutboxEvent:
        event_id = f"t{len(self.told):04}"
        self.told.append(dict(dropped.by_transport))
        self.happened_s[event_id], self.classes[event_id] = self.true_s, RIGHT
        data = orjson.dumps({"count": dropped.count})
        return OutboxEvent(event_id, TOMBSTONE, self.now(), data, None, Lane.URGENT, RIGHT)

    # -- the receivers ---------------------------------------------------------------------------

    @rule(names=st.sampled_from([("platform",), NAMES]))
    def the_configuration_changes(self, names):
        self.configured = names
        self.was_away |= set(NAMES) - set(names)
        self.ledger.transact(partial(outbox.enrol, transports=dict.fromkeys(names, True)))
        self.restart()

    @precondition(lambda self: self.happened_s)
    @rule(data=st.data(), name=st.sampled_from(NAMES), for_good=st.booleans())
    def a_receiver_refuses(self, data, name, for_good):
        victim = data.draw(st.sampled_from(sorted(self.happened_s)))
        receiver = self.receivers[name]
        if victim not in receiver.refused:
            receiver.refused[victim] = "invalid_event"
            if not for_good:
                receiver.deferred.add(victim)

    @rule(name=st.sampled_from(NAMES))
    def a_receiver_relents(self, name):
        receiver = self.receivers[name]
        for event_id in receiver.deferred:
            receiver.refused.pop(event_id, None)
        receiver.deferred.clear()

    @rule(data=st.data())
    def somebody_retries(self, data):
        kept = outbox.quarantined(self.db)
        if kept:
            one = data.draw(st.sampled_from(kept))
            if data.draw(st.booleans()):
                self.receivers[one.transport].refused.pop(one.row.id, None)
            self.set_aside[one.transport].add(one.row.id)
            self.ledger.transact(
                partial(outbox.retry, event_id=one.row.id, transport=one.transport)
            )

    @rule(
        name=st.sampled_from(NAMES),
        faults=st.lists(st.sampled_from(QUICK_FAULTS), max_size=3),
        cut=st.booleans(),
    )
    def events_are_pushed(self, name, faults, cut):
        if name not in self.configured:
            return
        self.receivers[name].faults = list(faults)
        self.ledger.cut_before_write = cut
        for _ in range(3):
            self.step(name)
        self.ledger.cut_before_write = False
        self.receivers[name].faults = []

    @rule(cut=st.booleans())
    def the_outbox_is_looked_after(self, cut):
        self.ledger.cut_before_write = cut
        with suppress(PowerCut):
            asyncio.run(self.keep.round())
        self.ledger.cut_before_write = False

    def step(self, name) -> bool:
        try:
            return asyncio.run(self.pushers[name].step())
        except (TransportError, PowerCut):
            return True

    # -- what holds ------------------------------------------------------------------------------

    @invariant()
    def the_counts_are_those_of_a_full_count(self):
        for lane, event_class, stored, length in self.db.execute(
            "SELECT lane, event_class, stored, bytes FROM outbox_totals"
        ).fetchall():
            counted = self.db.execute(
                f"SELECT count(*), coalesce(sum(length(data) + {ROW_OVERHEAD_BYTES}), 0)"
                " FROM outbox WHERE lane = ? AND event_class = ?",
                (lane, event_class),
            ).fetchone()
            assert (stored, length) == counted
        for name in self.configured:
            waiting = outbox.backlog(self.db, name)
            ahead = sum(len(outbox.page(self.db, name, lane)) for lane in Lane)
            assert waiting.count == ahead
            assert waiting.quarantined == len(outbox.quarantined(self.db, name))
            assert (waiting.oldest_at is None) <= (ahead == self.retrying(name))

    def retrying(self, name) -> int:
        sql = "SELECT count(*) FROM outbox_quarantine WHERE transport = ? AND retry_seq NOT NULL"
        return int(self.db.execute(sql, (name,)).fetchone()[0])

    def teardown(self):
        self.the_configuration_changes(NAMES)
        self.free_bytes = 10**9
        self.settle()
        asyncio.run(self.keep.round())  # nothing goes any more: the rest is told
        self.time_goes_by(7200.0)
        asyncio.run(self.keep.round())
        self.settle()
        for name in NAMES:
            self.check(name)
        assert outbox.purgeable(self.db) == sum(
            len(outbox.page(self.db, lane=lane, after_seq=0)) for lane in Lane
        )
        self.ledger.close()

    def settle(self):
        self.restart()  # which also ends all pauses
        for name in NAMES:
            self.a_receiver_relents(name)
            while self.step(name):
                pass

    def check(self, name):
        arrived = [row.id for row in self.receivers[name].accepted]
        kept = {q.row.id for q in outbox.quarantined(self.db, name, limit=10_000)}
        assert len(arrived) == len(set(arrived)), "an event arrived twice"
        by_lane, by_subject = defaultdict(list), defaultdict(list)
        for row in self.receivers[name].accepted:
            by_lane[row.lane].append(row.seq)
            if row.subject and row.id not in self.set_aside[name]:
                by_subject[row.subject].append(row.id)
        assert all(seqs == sorted(seqs) for seqs in by_lane.values()), "order was broken"
        if name in self.was_away:
            return  # nobody kept anything for it
        assert all(ids == sorted(ids) for ids in by_subject.values()), "a customer's order broke"
        missing = set(self.happened_s) - set(arrived) - kept
        assert all(self.classes[one] is not RIGHT for one in missing), "a right was lost"
        figures = outbox.backlog(self.db, name)
        told = sum(one.get(name, 0) for one in self.told)
        assert figures.dropped == told, "a loss was not told"
        assert len(missing) <= told + figures.stale, "an event was lost without a word"
        if not figures.dropped:
            ages_s = [self.true_s - self.happened_s[one] for one in missing]
            assert all(age_s > STALE_S for age_s in ages_s), "a wrong clock made an event old"
            assert name == "crm" or not missing


class AcknowledgingFirst(Pusher):
    """Known bad: moves the position before the answer."""

    async def step(self) -> bool:
        for lane in Lane:
            rows = await self._ledger.read(partial(outbox.page, transport=self._name, lane=lane))
            if rows:
                up_to = partial(outbox.acknowledge, up_to_seq=rows[0].seq)
                await self._ledger.write(partial(up_to, transport=self._name, lane=lane))
                await self._transport.send(rows[:1])
                return True
        return False


class WallClockAges(PlatformClock):
    """Known bad: believes the box's wall clock."""

    def least_age_s(self, occurred_at, segment):
        return (self.look().wall - occurred_at).total_seconds()


def purge_behind_the_fastest(monkeypatch):
    monkeypatch.setattr(queue, "_REACHED", queue._REACHED.replace("min(c.seq)", "max(c.seq)"))
    monkeypatch.setattr(queue, "_PURGEABLE", queue._PURGEABLE.replace("max((", "min(("))


def let_urgent_events_overtake(monkeypatch):
    monkeypatch.setattr(queue, "bring_forward", lambda *_: None)


def drop_without_a_word(monkeypatch):
    monkeypatch.setattr(drops, "_note", lambda *_: None)


SOAK = bool(os.environ.get("SOAK"))
SEARCH = settings(
    max_examples=5000 if SOAK else 120,
    stateful_step_count=40,
    deadline=None,
    derandomize=not SOAK,
)
FIND_ONLY = settings(
    SEARCH, max_examples=3000, phases=[Phase.generate], database=None, print_blob=False
)


@pytest.fixture(autouse=True)
def small_steps(monkeypatch):
    """So that everything happens within a few events."""
    monkeypatch.setattr(push, "BATCH", 4)
    monkeypatch.setattr(push, "READ_AHEAD", 6)
    monkeypatch.setattr(upkeep, "BITE_ROWS", 3)


@pytest.mark.timeout(1200 if SOAK else 120)
def test_whatever_happens_each_receiver_gets_all_it_should_once_and_in_order():
    run_state_machine_as_test(World, settings=SEARCH)


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "bad",
    [{"pusher_type": AcknowledgingFirst}, {"ages_type": WallClockAges}],
    ids=["acknowledge before the answer", "age by the wall clock"],
)
def test_the_search_finds_a_known_bad_part(bad):
    with pytest.raises(AssertionError):
        run_state_machine_as_test(type("BadWorld", (World,), bad), settings=FIND_ONLY)


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "spoil",
    [
        purge_behind_the_fastest,
        drop_without_a_word,
        let_urgent_events_overtake,
    ],
)
def test_the_search_finds_a_known_bad_statement(spoil, monkeypatch):
    spoil(monkeypatch)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(World, settings=FIND_ONLY)
