"""Several receivers at once, two lanes each: nobody and nothing waits for another."""

import asyncio
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random

import pytest

from sync import outbox, push, true_time
from sync.errors import TransportError
from sync.fakes import MemoryCache, PlainLedger
from sync.outbox import EventClass, Lane, OutboxEvent
from sync.status import LineState, StatusBoard
from sync.transports.recording import Fault, RecordingTransport
from sync.true_time import BoxTime, PlatformClock
from sync.worker import Delivery, Ends, Stale, SyncWorker

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
URGENT, ORDINARY = Lane.URGENT, Lane.ORDINARY


class Clock:
    def now(self) -> datetime:
        return AT

    def monotonic(self) -> float:
        return time.monotonic()


class Stuck(RecordingTransport):
    """Takes a request and never answers."""

    async def send(self, batch):
        self.exchanges += 1
        await asyncio.sleep(3600)
        return []


class Slow(RecordingTransport):
    """One event at a time."""

    async def send(self, batch):
        await asyncio.sleep(0.005)
        return await super().send(batch)


class Shop:
    """A ledger and its receivers, without a feed."""

    def __init__(self, *deliveries: Delivery, ledger: PlainLedger | None = None, ages=None) -> None:
        self.ledger = ledger or PlainLedger()
        ends = Ends(deliveries, None, self.ledger, MemoryCache())
        self.worker = SyncWorker(ends, Clock(), Random(3), 0.5, ages)

    def write(
        self, *ids: str, lane: Lane = ORDINARY, kind: str = "t", about: str | None = "c1"
    ) -> None:
        event_class = EventClass.PRESENCE if kind == "zone" else EventClass.RECORD

        def put(tx):
            for event_id in ids:
                event = OutboxEvent(event_id, kind, AT, b"{}", about, lane, event_class)
                outbox.put(tx, event)

        self.ledger.transact(put)
        self.worker.nudge()

    def state(self, name: str):
        return next(one for one in self.worker.status().transports if one.name == name)

    @asynccontextmanager
    async def working(self):
        task = asyncio.create_task(self.worker.run())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def ids(transport: RecordingTransport) -> list[str]:
    return [row.id for row in transport.accepted]


async def until(condition, within_s: float = 3.0):
    began_s = time.monotonic()
    while not condition():
        assert time.monotonic() - began_s < within_s, "waited in vain"
        await asyncio.sleep(0.005)


def both(platform: RecordingTransport, crm: RecordingTransport) -> tuple[Delivery, Delivery]:
    return Delivery("platform", platform, from_start=True), Delivery("crm", crm, from_start=True)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "bad",
    [
        Stuck(),
        RecordingTransport(faults=[Fault.LOST_REQUEST] * 99),
        RecordingTransport(faults=[Fault.FORBIDDEN] * 99),
        RecordingTransport(refused={"e1": "not_now"}, deferred={"e1"}),
    ],
    ids=["stuck", "away", "forbidden", "deferring"],
)
async def test_a_receiver_in_trouble_holds_up_no_other(bad):
    good = RecordingTransport()
    shop = Shop(*both(good, bad))
    async with shop.working():
        shop.write("e1", "e2")
        await until(lambda: ids(good) == ["e1", "e2"], within_s=0.5)
        shop.write("e3")
        await until(lambda: ids(good) == ["e1", "e2", "e3"], within_s=0.5)
        await until(lambda: shop.state("platform").line is LineState.ONLINE)
        assert shop.worker.status().line is LineState.ONLINE
        await until(lambda: shop.state("platform").backlog == 0)
    assert outbox.purgeable(shop.ledger.connection) == 0, "the other one still needs them"


@pytest.mark.asyncio
async def test_each_receiver_shows_its_own_trouble():
    away = RecordingTransport(faults=[Fault.FORBIDDEN] * 99)
    shop = Shop(*both(RecordingTransport(), away))
    shop.write("e1")
    async with shop.working():
        await until(lambda: shop.state("crm").line is LineState.OFFLINE)
        await until(lambda: shop.state("crm").backlog == 1)
        assert shop.state("crm").oldest_at == AT
        assert "token" in shop.state("crm").hint
        await until(lambda: shop.state("platform").line is LineState.ONLINE)
        assert shop.state("platform").reason is None


@pytest.mark.asyncio
async def test_what_one_receiver_refuses_reaches_the_other_and_can_be_tried_again():
    platform, crm = RecordingTransport(), RecordingTransport(refused={"e2": "invalid"})
    shop = Shop(*both(platform, crm))
    shop.write("e1", "e2", "e3")
    async with shop.working():
        await until(lambda: ids(platform) == ["e1", "e2", "e3"])
        await until(lambda: shop.state("crm").quarantined == 1)
        assert shop.worker.status().quarantined == 1
        assert shop.state("platform").quarantined == 0
        del crm.refused["e2"]
        shop.ledger.transact(partial(outbox.retry, event_id="e2", transport="crm"))
        shop.worker.nudge()
        await until(lambda: ids(crm) == ["e1", "e3", "e2"])
        await until(lambda: shop.state("crm").quarantined == 0)
    assert ids(platform) == ["e1", "e2", "e3"], "only the one that had refused it"


@pytest.mark.asyncio
async def test_the_urgent_lane_overtakes_a_long_backlog():
    slow = Slow(max_events=1)
    shop = Shop(Delivery("platform", slow, from_start=True))
    shop.write(*[f"o{n}" for n in range(300)])
    async with shop.working():
        await until(lambda: len(slow.accepted) >= 3)
        shop.write("u1", "u2", lane=URGENT, about="c2")
        await until(lambda: "u2" in ids(slow), within_s=0.5)
    arrived = ids(slow)
    assert arrived.index("u2") - arrived.index("u1") == 1
    assert arrived.index("u2") < 100
    ordinary = [one for one in arrived if one[0] == "o"]
    assert ordinary == [f"o{n}" for n in range(len(ordinary))]


@pytest.mark.asyncio
@pytest.mark.parametrize(("waiting", "free"), [(URGENT, ORDINARY), (ORDINARY, URGENT)])
async def test_an_event_wanted_later_stops_its_own_lane_only(waiting, free):
    platform = RecordingTransport(refused={"e1": "not_now"}, deferred={"e1"})
    shop = Shop(Delivery("platform", platform, from_start=True))
    shop.write("e1", "e2", lane=waiting)
    shop.write("f1", "f2", lane=free, about="c2")
    async with shop.working():
        await until(lambda: ids(platform) == ["f1", "f2"])
        shop.write("f3", lane=free, about="c2")
        await until(lambda: ids(platform) == ["f1", "f2", "f3"], within_s=0.5)
        platform.refused.clear()
        await until(lambda: ids(platform) == ["f1", "f2", "f3", "e1", "e2"])


@pytest.mark.asyncio
async def test_an_urgent_event_takes_along_what_waits_about_its_customer():
    slow = Slow(max_events=1)
    shop = Shop(Delivery("platform", slow, from_start=True))
    shop.write(*[f"o{n}" for n in range(300)], about="c1")
    shop.write("scan", "visit", about="c2")
    async with shop.working():
        await until(lambda: len(slow.accepted) >= 3)
        shop.write("sale", lane=URGENT, about="c2")
        await until(lambda: "sale" in ids(slow), within_s=0.5)
        assert [one for one in ids(slow) if one[0] != "o"] == ["scan", "visit", "sale"]


async def what_arrives_around_a_deferred_sale() -> list[str]:
    """What arrives while a sale is wanted later, and then everything."""
    platform = RecordingTransport(refused={"sale": "not_now"}, deferred={"sale"})
    shop = Shop(Delivery("platform", platform, from_start=True))
    shop.write("sale", lane=URGENT, about="c1")
    shop.write("other", about="c2")
    shop.write("scan", about="c1")
    async with shop.working():
        await until(lambda: "other" in ids(platform))
        await asyncio.sleep(0.1)
        platform.refused.clear()
        await until(lambda: len(platform.accepted) == 3)
    return ids(platform)


@pytest.mark.asyncio
async def test_while_an_urgent_event_is_wanted_later_its_customer_waits_and_others_do_not():
    assert await what_arrives_around_a_deferred_sale() == ["other", "sale", "scan"]


@pytest.mark.asyncio
async def test_an_other_lane_that_simply_goes_on_would_show(monkeypatch):
    monkeypatch.setattr(outbox, "waiting_subjects", lambda conn, transport: {})
    assert await what_arrives_around_a_deferred_sale() == ["other", "scan", "sale"]


@pytest.mark.asyncio
async def test_the_retry_comes_by_itself_without_anything_new():
    platform = RecordingTransport(faults=[Fault.LOST_REQUEST] * 3)
    shop = Shop(Delivery("platform", platform, from_start=True))
    shop.write("e1")
    async with shop.working():
        await until(lambda: ids(platform) == ["e1"])
    assert platform.exchanges == 4


@pytest.mark.asyncio
async def test_no_number_of_failures_makes_an_event_be_given_up():
    platform = RecordingTransport()
    ledger, steps = PlainLedger(), 2000
    ledger.transact(partial(outbox.put, event=OutboxEvent("e1", "t", AT, b"{}")))
    platform.faults = [Fault.LOST_REQUEST, Fault.BUSY, Fault.FORBIDDEN, Fault.LOST_ANSWER] * 500
    pusher = push.Pusher(
        Delivery("platform", platform),
        ledger,
        StatusBoard(lambda: AT),
        Clock(),
        lambda window_s: None,
        Random(1),
    )
    for _ in range(steps):
        with pytest.raises(TransportError):
            await pusher.step()
    assert await pusher.step()
    assert ids(platform) == ["e1"]
    assert outbox.position(ledger.connection) == 1
    ledger.close()


@pytest.mark.asyncio
async def test_a_new_receiver_begins_now_or_at_the_start_and_an_old_one_goes_on():
    ledger = PlainLedger()
    first = RecordingTransport()
    shop = Shop(Delivery("platform", first, from_start=True), ledger=ledger)
    shop.write("e1")
    async with shop.working():
        await until(lambda: ids(first) == ["e1"])
    again, from_now, from_start = (RecordingTransport() for _ in range(3))
    shop = Shop(
        Delivery("platform", again, from_start=True),
        Delivery("crm", from_now),
        Delivery("archive", from_start, from_start=True),
        ledger=ledger,
    )
    async with shop.working():
        await until(lambda: len(ids(from_start)) == 1)
        shop.write("e2")
        await until(lambda: ids(from_start) == ["e1", "e2"])
        await until(lambda: ids(again) == ids(from_now) == ["e2"])
    ledger.close()


@pytest.mark.asyncio
async def test_a_receiver_that_is_configured_no_more_holds_no_rows():
    ledger = PlainLedger()
    shop = Shop(*both(RecordingTransport(), Stuck()), ledger=ledger)
    shop.write("e1", "e2")
    async with shop.working():
        await until(lambda: outbox.position(ledger.connection) == 2)
        assert outbox.purgeable(ledger.connection) == 0
    shop = Shop(Delivery("platform", RecordingTransport(), from_start=True), ledger=ledger)
    shop.write("e3")
    async with shop.working():
        await until(lambda: outbox.position(ledger.connection) == 3)
    assert outbox.purgeable(ledger.connection) == 3
    ledger.close()


@pytest.mark.asyncio
async def test_presence_too_old_for_one_receiver_is_passed_over_there_and_counted():
    ledger, seconds = PlainLedger(), [100.0]
    ages = PlatformClock("boot", lambda: AT + timedelta(seconds=seconds[0]), lambda: seconds[0])
    box = BoxTime("boot", AT + timedelta(seconds=100), 100.0)
    ledger.transact(lambda tx: true_time.enter(tx, box))
    platform, crm = RecordingTransport(), RecordingTransport()
    stale = Delivery("crm", crm, Stale({"presence": 600.0}), from_start=True)
    shop = Shop(Delivery("platform", platform, from_start=True), stale, ledger=ledger, ages=ages)

    def put(event_id, kind, event_class, at_s):
        moment = AT + timedelta(seconds=at_s)
        event = OutboxEvent(event_id, kind, moment, b"{}", None, ORDINARY, event_class)
        ledger.transact(partial(outbox.put, event=event))

    put("z1", "zone", EventClass.PRESENCE, 100)
    put("s1", "scan", EventClass.RECORD, 100)
    put("z2", "zone", EventClass.PRESENCE, 3000)
    seconds[0] = 3100.0
    async with shop.working():
        await until(lambda: ids(crm) == ["s1", "z2"])
        await until(lambda: ids(platform) == ["z1", "s1", "z2"])
        await until(lambda: shop.state("crm").stale == 1)
        await until(lambda: shop.state("crm").backlog == 0)
        assert shop.state("platform").stale == 0
    ledger.close()


@pytest.mark.asyncio
async def test_what_was_answered_is_kept_when_the_agent_stops(monkeypatch):
    monkeypatch.setattr(push, "BATCH", 10)
    monkeypatch.setattr(push, "SETTLE_S", 3600.0)
    slow = Slow(max_events=10)
    shop = Shop(Delivery("platform", slow, from_start=True))
    shop.write(*[f"e{n}" for n in range(3000)])
    async with shop.working():
        await until(lambda: len(slow.accepted) >= 50)
    reached = outbox.position(shop.ledger.connection)
    assert len(slow.accepted) - reached <= 10, "at most what was under way"


@pytest.mark.parametrize(
    ("after_s", "kind", "event_class", "limit_s"),
    [
        ({"presence": 60.0}, "store.zone.left", EventClass.PRESENCE, 60.0),
        ({"presence": 60.0, "store.zone.": 5.0}, "store.zone.left", EventClass.PRESENCE, 5.0),
        ({"store.": 9.0, "store.zone.": 5.0}, "store.zone.left", EventClass.PRESENCE, 5.0),
        ({"presence": 60.0}, "store.sale.recorded", EventClass.RIGHT, None),
    ],
)
def test_the_longest_prefix_says_what_is_too_old_and_a_type_before_a_class(
    after_s, kind, event_class, limit_s
):
    row = outbox.OutboxRow(1, "e", kind, None, "", b"", ORDINARY, event_class)
    assert Stale(after_s).limit_s(row) == limit_s


@pytest.mark.asyncio
async def test_online_an_event_leaves_within_a_fraction_of_a_second():
    """The bar is 10 s for a scan and 60 s for a sale, at the platform."""
    platform = RecordingTransport()
    shop = Shop(Delivery("platform", platform, from_start=True))
    async with shop.working():
        for number in range(20):
            lane = URGENT if number % 2 else ORDINARY
            began_s = time.monotonic()
            shop.write(f"e{number}", lane=lane)
            await until(lambda count=number + 1: len(platform.accepted) == count, within_s=1.0)
            assert time.monotonic() - began_s < 1.0
            await asyncio.sleep(0.01)
