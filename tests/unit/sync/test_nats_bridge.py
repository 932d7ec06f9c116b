"""The platform's side: events reach it once and in order, its feed reaches the fleet."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import httpx
import orjson
import pytest
import pytest_asyncio

from sync.errors import TransportError, UnreachableError
from sync.fakes import MemoryCache
from sync.feed import HttpFeed
from sync.jetstream import bridge as bridges
from sync.jetstream.bridge import BridgeEnds, BridgePlan, EventBridge
from sync.jetstream.fake import FakeServer
from sync.jetstream.feed import NatsFeed
from sync.jetstream.feed import Settings as FeedSettings
from sync.jetstream.mirror import FeedMirror
from sync.jetstream.places import Places, Source
from sync.jetstream.port import Outgoing
from sync.jetstream.publishing import FeedPlan, FeedPublisher
from sync.outbox import Lane, OutboxRow
from sync.reference_platform import EventRefusedError, PlatformStore
from sync.reference_platform.app import Platform, create_app
from sync.reference_platform.intake import read_events
from sync.transports.base import EventResult, Transport
from sync.transports.http import HttpLine
from sync.transports.nats import NatsTransport, Settings
from sync.transports.platform_http import PlatformHttpTransport

SOAK = os.environ.get("SOAK") == "1"
AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
PLAN = BridgePlan()
FEED = FeedPlan()
TOKEN = "token"
pytestmark = pytest.mark.asyncio


class PickyRules:
    """Refuses by id."""

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self.deferred: set[str] = set()

    def apply(self, event, store) -> None:
        if event.id in self.refused:
            raise EventRefusedError("no_such_type", "unknown type")
        if event.id in self.deferred:
            raise EventRefusedError("not_now", "ask again", permanent=False)


class Flaky:
    """A transport whose next exchanges fail: before the platform sees them, or after."""

    def __init__(self, inner: Transport, world: World, store_id: str) -> None:
        self._inner = inner
        self._world = world
        self._store_id = store_id

    async def send(self, batch: Sequence[OutboxRow]) -> list[EventResult]:
        self._world.exchanges += 1
        faults = self._world.faults.get(self._store_id)
        fault = faults.pop(0) if faults else ""
        if fault == "lost":
            raise UnreachableError("lost")
        if fault == "closed":
            raise TransportError("the platform answers 410", permanent=True)
        results = await self._inner.send(batch)
        if fault == "answer lost":
            raise UnreachableError("answer lost")
        return results


class World:
    """Shops, a NATS server, the bridge and the reference platform."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.at = AT
        self.server = FakeServer(lambda: self.at)
        self.store = PlatformStore(folder / "platform.db")
        self.rules = PickyRules()
        self.platform = Platform(self.store, TOKEN, lambda: self.at, self.rules)
        self.places = Places(folder / "bridge.db")
        self.faults: dict[str, list[str]] = {}
        app = create_app(self.platform)
        state = {"platform": self.platform, "line": self.platform.line}

        async def with_state(scope, receive, send):
            await app(scope | {"state": state}, receive, send)

        self.http = HttpLine("http://platform", TOKEN, lambda: AT, httpx.ASGITransport(with_state))
        self.seconds = 0.0
        self.exchanges = 0
        self.bridge = self.new_bridge()

    def new_bridge(self, lane: Lane = Lane.ORDINARY, plan: BridgePlan = PLAN) -> EventBridge:
        line = self.server.line()
        ends = BridgeEnds(line, self.connect, self.places, lambda: self.seconds)
        return EventBridge(ends, lane, plan)

    def connect(self, source: Source) -> Transport:
        inner = PlatformHttpTransport(self.http, *source)
        return Flaky(inner, self, source.store_id)

    def shop(self, store_id: str = "s1", epoch: str = "e1") -> NatsTransport:
        settings = Settings(servers=("nats://fake",))
        return NatsTransport(self.server.line(), settings, store_id, epoch)

    async def drain(self, bridge: EventBridge | None = None) -> int:
        """Step until nothing is left; how many failures were met."""
        failures = 0
        while True:
            try:
                if not await (bridge or self.bridge).step(0.0):
                    return failures
            except TransportError:
                failures += 1
                assert failures < 50

    def accepted(self, store_id: str = "s1") -> list[str]:
        found: list[str] = []
        after = ""
        while True:
            events, following = read_events(self.store, store_id, after)
            found += [event["id"] for event in orjson.loads(orjson.dumps(events))]
            if following == after:
                return found
            after = following

    @property
    def refused(self) -> list[tuple[str, str]]:
        held = self.server.streams["EVENTS_REFUSED"].messages
        return [(m.subject, m.headers["Refused-Code"]) for m in held]


@pytest_asyncio.fixture
async def world(tmp_path) -> AsyncIterator[World]:
    made = World(tmp_path)
    for plan in (*PLAN.streams(), *FEED.streams()):
        await made.server.line().create(plan)
    yield made
    await made.http.close()
    made.store.close()
    made.places.close()


def rows(first: int, last: int, lane: Lane = Lane.ORDINARY) -> list[OutboxRow]:
    return [
        OutboxRow(n, f"e{n:04}", "t", "c-1", "2026-11-21T10:00:00.000000Z", b'{"n":1}', lane)
        for n in range(first, last + 1)
    ]


def ids(first: int, last: int) -> list[str]:
    return [row.id for row in rows(first, last)]


async def test_events_reach_the_platform_as_the_shop_wrote_them(world):
    await world.shop().send(rows(1, 2))
    await world.drain()
    events, _ = read_events(world.store, "s1", "")
    assert orjson.loads(orjson.dumps(events))[1] == {
        "specversion": "1.0",
        "id": "e0002",
        "source": "/stores/s1/e1",
        "type": "t",
        "subject": "c-1",
        "time": "2026-11-21T10:00:00.000000Z",
        "sequence": "00000000000000000002",
        "datacontenttype": "application/json",
        "data": {"n": 1},
    }


async def test_what_the_stream_holds_twice_the_platform_has_once(world):
    """Beyond the server's window of deduplication, as after days offline."""
    await world.shop().send(rows(1, 5))
    world.at += timedelta(hours=1)
    await world.shop().send(rows(1, 8))
    assert len(world.server.streams["EVENTS"].messages) == 13
    await world.drain()
    assert world.accepted() == ids(1, 8)


async def test_shops_that_are_mixed_in_the_stream_keep_their_order(world):
    for first in range(1, 100, 3):
        for store in ("s1", "s2", "s3"):
            await world.shop(store).send(rows(first, first + 2))
    await world.drain()
    for store in ("s1", "s2", "s3"):
        assert world.accepted(store) == ids(1, 99)


async def test_the_place_is_noted_after_the_answer_so_that_a_crash_anywhere_changes_nothing(world):
    for store in ("s1", "s2"):
        await world.shop(store).send(rows(1, 30))
    world.faults = {"s1": ["answer lost", "lost", "answer lost"], "s2": ["lost"]}
    assert await world.drain() == 3
    assert await world.drain(world.new_bridge()) == 0  # and a new process finds nothing to do
    for store in ("s1", "s2"):
        assert world.accepted(store) == ids(1, 30)


async def test_a_lost_places_file_replays_what_the_stream_holds_and_changes_nothing(world):
    await world.shop().send(rows(1, 30))
    plan = replace(PLAN, releases=False)
    await world.drain(world.new_bridge(plan=plan))
    world.places.close()
    world.places = Places(":memory:")
    await world.drain(world.new_bridge(plan=plan))
    assert world.accepted() == ids(1, 30)


async def test_a_server_that_lost_its_newest_messages_and_went_on_hides_none_of_the_next(world):
    await world.shop().send(rows(1, 10))
    await world.drain()
    stream = world.server.streams["EVENTS"]
    stream.messages, stream.facts = [], replace(stream.facts, last_seq=4)
    stream.known.clear()
    world.at += timedelta(seconds=1)
    await world.shop().send(rows(11, 20))  # numbers 5 to 14: the first six look old
    await world.drain(world.new_bridge())
    assert world.accepted() == ids(1, 20)


async def test_a_stream_that_was_made_anew_is_read_from_its_beginning(world):
    await world.shop().send(rows(1, 10))
    await world.drain()
    del world.server.streams["EVENTS"]
    for plan in PLAN.streams():
        await world.server.line().create(plan)
    await world.shop().send(rows(11, 13))
    await world.drain()
    assert world.accepted() == ids(1, 13)


async def test_what_the_platform_has_leaves_the_stream_but_for_the_newest(world):
    await world.shop().send(rows(1, 30))
    await world.shop().send(rows(31, 33, Lane.URGENT))
    await world.drain()
    assert [message.seq for message in world.server.streams["EVENTS"].messages] == [30, 31, 32, 33]


async def test_the_lanes_are_read_apart(world):
    await world.shop().send(rows(1, 3))
    await world.shop().send(rows(4, 5, Lane.URGENT))
    await world.drain(world.new_bridge(Lane.URGENT))
    assert world.accepted() == ids(4, 5)
    await world.drain()
    assert world.accepted() == [*ids(4, 5), *ids(1, 3)]


async def test_a_refused_event_is_kept_for_people_and_holds_nothing_up(world):
    world.rules.refused = {"e0002"}
    await world.shop().send(rows(1, 4))
    await world.drain()
    assert world.accepted() == ["e0001", "e0003", "e0004"]
    assert world.refused == [("store-refused.s1", "no_such_type")]


async def test_an_event_wanted_later_holds_up_its_store_and_nobody_else(world):
    world.rules.deferred = {"e0002"}
    await world.shop().send(rows(1, 4))
    await world.shop("s2").send(rows(11, 13))
    for _ in range(20):
        await world.drain()
        world.seconds += bridges.LAST_RETRY_S
        await world.shop("s2").send(rows(14, 14))
    assert world.accepted() == ["e0001"]
    assert world.accepted("s2") == ids(11, 14)
    assert world.refused == []


async def test_what_was_held_keeps_its_order_with_what_comes_later_and_through_a_restart(world):
    world.rules.deferred = {"e0002"}
    await world.shop().send(rows(1, 4))
    await world.drain()
    await world.shop().send(rows(5, 9))
    await world.drain()
    bridge = world.new_bridge()
    await world.drain(bridge)
    assert world.accepted() == ["e0001"]
    world.rules.deferred = set()
    await world.shop().send(rows(10, 12))
    world.seconds += bridges.LAST_RETRY_S
    await world.drain(bridge)
    assert world.accepted() == ids(1, 12)
    await world.shop().send(rows(13, 14))
    await world.drain(bridge)
    assert world.accepted() == ids(1, 14)


async def test_more_than_a_page_that_was_held_is_handed_on(world, monkeypatch):
    monkeypatch.setattr(bridges, "PAGE", 7)
    world.rules.deferred = {"e0003"}
    await world.shop().send(rows(1, 40))
    await world.drain()
    assert world.accepted() == ids(1, 2)
    world.rules.deferred = set()
    for _ in range(8):
        world.seconds += bridges.LAST_RETRY_S
        await world.drain()
    assert world.accepted() == ids(1, 40)


async def test_a_held_store_is_tried_less_and_less_often(world):
    world.rules.deferred = {"e0001"}
    await world.shop().send(rows(1, 1))
    tries = []
    for _ in range(120):
        before = world.exchanges
        await world.drain()
        if world.exchanges > before:
            tries.append(world.seconds)
        world.seconds += 1.0
    assert tries == [0, 2, 6, 14, 30, 62]


async def test_a_store_that_the_platform_closed_does_not_hold_up_the_fleet(world):
    await world.shop("s2").send(rows(1, 3))
    await world.drain()
    await world.shop("s1").send(rows(1, 2))
    world.faults["s1"] = ["closed"] * 3
    await world.drain()
    await world.shop("s2").send(rows(4, 6))
    await world.drain()
    assert world.accepted("s2") == ids(1, 6)
    for _ in range(5):
        world.seconds += bridges.LAST_RETRY_S
        await world.drain()
    assert world.accepted("s1") == ids(1, 2)  # and when it is open again, nothing is missing


async def test_a_platform_that_refuses_everybody_is_waited_for(world):
    for store in ("s1", "s2"):
        await world.shop(store).send(rows(1, 2))
    world.faults = {"s1": ["closed"] * 20, "s2": ["closed"] * 20}
    for _ in range(20):
        with pytest.raises(TransportError):
            await world.bridge.step(0.0)
    assert world.places.holding("ordinary") == set()
    await world.drain()
    assert world.accepted("s1") == world.accepted("s2") == ids(1, 2)


async def test_a_held_store_shortens_the_wait_for_others(world):
    world.rules.deferred = {"e0001"}
    await world.shop().send(rows(1, 1))
    await world.drain()
    world.seconds += bridges.FIRST_RETRY_S - 0.01
    async with asyncio.timeout(1):
        assert not await world.bridge.step(25.0)


@pytest.mark.parametrize(
    "body",
    [
        b"torn",
        b"[]",
        b"{}",
        b'{"id":"e1","source":"/stores/s2/e1","type":"t","time":"2026-11-21T10:00:00Z",'
        b'"sequence":"00000000000000000001","data":{}}',  # speaks for another store
        b'{"id":"e1","source":"/stores/s1","type":"t","time":"2026-11-21T10:00:00Z",'
        b'"sequence":"00000000000000000001","data":{}}',
        b'{"id":7,"source":"/stores/s1/e1","type":"t","time":"2026-11-21T10:00:00Z",'
        b'"sequence":"00000000000000000001","data":{}}',
        b'{"id":"e1","source":"/stores/s1/e1","type":"t","time":"2026-11-21T10:00:00Z",'
        b'"sequence":"first","data":{}}',
    ],
)
async def test_what_is_no_event_of_its_store_is_kept_for_people(world, body):
    await world.server.line().store([Outgoing("store.s1.ordinary.t", body)], 1.0)
    await world.shop().send(rows(1, 1))
    await world.drain()
    assert world.accepted() == ids(1, 1)
    assert world.refused == [("store-refused.s1", "malformed")]


async def test_whatever_fails_in_seeded_ways_each_event_is_there_once_and_in_order(tmp_path):
    for seed in range(200 if SOAK else 5):
        dice = Random(seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        async with opened_world(folder) as world:
            sent = {"s1": 0, "s2": 0}
            bridge = world.bridge
            for _ in range(30):
                store = dice.choice(["s1", "s2"])
                count = dice.randint(1, 9)
                again = min(sent[store], dice.choice([0, 0, 3]))  # its last answer was lost
                first = sent[store] - again + 1
                await send_all(world.shop(store), rows(first, sent[store] + count))
                sent[store] += count
                world.at += timedelta(seconds=dice.choice([0, 0, 200]))
                world.faults = {one: dice.choices(["", "lost", "answer lost"], k=2) for one in sent}
                if dice.random() < 0.2:
                    bridge = world.new_bridge()
                try:
                    await bridge.step(0.0)
                except TransportError:
                    continue
            world.faults = {}
            await world.drain(bridge)
            for store, count in sent.items():
                assert world.accepted(store) == ids(1, count), seed


async def send_all(transport: NatsTransport, page: list[OutboxRow]) -> None:
    done = 0
    while done < len(page):
        done += len(await transport.send(page[done:]))


@asynccontextmanager
async def opened_world(folder: Path) -> AsyncIterator[World]:
    made = World(folder)
    for plan in PLAN.streams():
        await made.server.line().create(plan)
    try:
        yield made
    finally:
        await made.http.close()
        made.store.close()
        made.places.close()


# --- the feed, from the platform to the fleet ---------------------------------------------------


class Fleet:
    """The mirror, and one shop that follows the feed through NATS into a cache."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.seconds = 0.0
        self.cache = MemoryCache()
        self.mirror = self.new_mirror()
        settings = FeedSettings(servers=("nats://fake",))
        self.feed = NatsFeed(world.server.line(), settings, "s1", lambda: self.seconds)

    def new_mirror(self) -> FeedMirror:
        line = self.world.server.line()
        return FeedMirror(
            HttpFeed(self.world.http, "fleet"),
            FeedPublisher(line, FEED, lambda: self.world.at),
            self.world.places,
            lambda: self.seconds,
            snapshot_every_s=1000,
        )

    async def mirrored(self, mirror: FeedMirror | None = None) -> None:
        while await (mirror or self.mirror).step(0.0):
            pass

    async def follow(self) -> None:
        """As the pull loop does: a snapshot where there is no position, then all changes."""
        if self.cache.position is None:
            await self.cache.import_snapshot(self.feed.snapshot(), lambda done, total: None)
        while True:
            page = await self.feed.changes(self.cache.position, 0.0)
            await self.cache.apply(page.changes, page.cursor, page.server_time)
            if page.up_to_date:
                return

    @property
    def customers(self) -> dict[str, int]:
        return {key: doc["n"] for (_, key), doc in self.cache.documents.items()}


async def test_a_new_shop_takes_the_mirrored_snapshot_and_follows_the_platform(world):
    world.store.seed("customers", [(f"c{n}", {"n": n}) for n in range(50)])
    fleet = Fleet(world)
    await fleet.mirrored()
    await fleet.follow()
    assert fleet.customers == {f"c{n}": n for n in range(50)}
    world.store.put("customers", "c3", {"n": 333}, confirms="e9")
    world.store.delete("customers", "c4")
    await fleet.mirrored()
    await fleet.follow()
    assert fleet.customers == {f"c{n}": n for n in range(50) if n != 4} | {"c3": 333}
    assert fleet.cache.confirmed == ["e9"]
    assert fleet.cache.snapshots == 1


async def test_a_mirror_that_starts_again_goes_on_and_publishes_nothing_twice(world):
    fleet = Fleet(world)
    await fleet.mirrored()
    world.store.put_many("customers", [(f"c{n}", {"n": n}) for n in range(700)])
    await fleet.mirrored()
    await fleet.mirrored(fleet.new_mirror())
    world.store.put("customers", "c0", {"n": 1000})
    await fleet.mirrored(fleet.new_mirror())
    assert len(world.server.streams["FEED"].messages) == 701


async def test_a_mirror_whose_notes_were_lost_goes_on_from_what_the_stream_says(world):
    fleet = Fleet(world)
    await fleet.mirrored()
    world.store.put("customers", "c0", {"n": 1})
    await fleet.mirrored()
    await fleet.follow()
    world.places.close()
    world.places = Places(":memory:")
    world.store.put("customers", "c1", {"n": 2})
    await fleet.mirrored(fleet.new_mirror())
    await fleet.follow()
    assert fleet.customers == {"c0": 1, "c1": 2}
    assert len(world.server.streams["FEED"].messages) == 2


async def test_a_source_that_forgot_its_log_gives_every_shop_a_new_snapshot(world):
    fleet = Fleet(world)
    await fleet.mirrored()
    await fleet.follow()
    world.store.seed("customers", [("c1", {"n": 1})])
    world.at += timedelta(seconds=1)
    await fleet.mirrored()
    fleet.seconds += 300
    with pytest.raises(TransportError):
        await fleet.follow()
    fleet.cache.position = None
    await fleet.follow()
    assert fleet.customers == {"c1": 1}


async def test_a_server_that_lost_published_changes_gives_every_shop_a_new_snapshot(world):
    fleet = Fleet(world)
    await fleet.mirrored()
    for n in range(5):
        world.store.put("customers", f"c{n}", {"n": n})
    await fleet.mirrored()
    await fleet.follow()
    stream = world.server.streams["FEED"]
    stream.messages, stream.facts = stream.messages[:2], replace(stream.facts, last_seq=2)
    stream.known.clear()
    for n in range(5, 12):
        world.store.put("customers", f"c{n}", {"n": n})
    world.at += timedelta(seconds=1)
    await fleet.mirrored()
    fleet.seconds += 300
    with pytest.raises(TransportError):
        await fleet.follow()
    fleet.cache.position = None
    await fleet.follow()
    assert fleet.customers == {f"c{n}": n for n in range(12)}


async def test_snapshots_are_renewed_so_that_a_new_shop_has_little_to_replay(world):
    fleet = Fleet(world)
    await fleet.mirrored()
    for n in range(30):
        world.store.put("customers", f"c{n}", {"n": n})
    fleet.seconds += 1000
    await fleet.mirrored()
    await fleet.cache.import_snapshot(fleet.feed.snapshot(), lambda done, total: None)
    assert fleet.customers == {f"c{n}": n for n in range(30)}
    assert (await fleet.feed.changes(fleet.cache.position, 0.0)).changes == ()
