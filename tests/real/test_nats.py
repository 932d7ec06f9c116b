"""The line over a real nats-server: what is promised when servers, links and processes die."""

from __future__ import annotations

import asyncio
import gc
import logging
import secrets
import time
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
import pytest_asyncio
from nats_server import NatsServer

from sync.errors import PostponedError, TooSlowError, TransportError, UnreachableError
from sync.fakes import MemoryCache
from sync.feed import Change, ChangeOp
from sync.jetstream import credentials, objects
from sync.jetstream.feed import NatsFeed
from sync.jetstream.feed import Settings as FeedSettings
from sync.jetstream.line import NatsLine
from sync.jetstream.port import Discard, Outgoing, StreamPlan
from sync.jetstream.publishing import FeedPlan, FeedPublisher
from sync.outbox import Lane, OutboxRow
from sync.transports.nats import NatsTransport, Settings, plan_of, probe
from sync.transports.probe import Reach

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def server(tmp_path) -> AsyncIterator[NatsServer]:
    async with NatsServer(tmp_path) as made:
        yield made


def settings_of(server: NatsServer, **fields: object) -> Settings:
    return Settings(servers=(server.url,), create=True, **fields)


@asynccontextmanager
async def shop(
    server: NatsServer, store_id: str = "s1", deadline_s: float = 5.0, **fields: object
) -> AsyncIterator[NatsTransport]:
    settings = settings_of(server, **fields)
    transport = NatsTransport(
        NatsLine(settings, store_id), settings, store_id, "epoch1", deadline_s=deadline_s
    )
    yield transport
    await transport.close()


@asynccontextmanager
async def operator(server: NatsServer) -> AsyncIterator[NatsLine]:
    line = NatsLine(settings_of(server), "operator")
    yield line
    await line.close()


def row(number: int, data: bytes = b'{"n":1}', lane: Lane = Lane.ORDINARY) -> OutboxRow:
    at = "2026-11-21T10:00:00.000000Z"
    return OutboxRow(number, f"e{number:06}", "store.scan.recorded", "c-1", at, data, lane)


def rows(first: int, last: int) -> list[OutboxRow]:
    return [row(number) for number in range(first, last + 1)]


def ids(first: int, last: int) -> list[str]:
    return [one.id for one in rows(first, last)]


async def stored(line: NatsLine, subject: str = "store.>", stream: str = "EVENTS") -> list[str]:
    """The ids in the stream, in its order."""
    tail = await line.tail(stream, [(subject, 0)])
    found: list[str] = []
    while messages := await tail.fetch(500, 0.0):
        found += [orjson.loads(message.body)["id"] for message in messages]
    return found


async def until_sent(transport: NatsTransport, page: list[OutboxRow], within_s: float = 10) -> int:
    """Send until everything is answered; how many exchanges failed."""
    done = failed = 0
    async with asyncio.timeout(within_s):
        while done < len(page):
            try:
                done += len(await transport.send(page[done:]))
            except TransportError:
                failed += 1
                await asyncio.sleep(0.02)
    return failed


async def test_events_are_stored_in_order_and_a_repetition_is_told(server):
    async with shop(server) as transport, operator(server) as line:
        assert {result.status for result in await transport.send(rows(1, 500))} == {"accepted"}
        again = await transport.send(rows(1, 500))
        assert (len(again), {result.status for result in again}) == (500, {"duplicate"})
        assert {result.status for result in await transport.send(rows(1, 1))} == {"duplicate"}
        assert await stored(line) == ids(1, 500)
        assert transport.server_time is not None
        assert abs(transport.server_time - datetime.now(UTC)) < timedelta(seconds=10)


async def test_ten_thousand_events_of_five_shops_arrive_once_and_in_order_through_kills(server):
    """kill -9 of the server again and again, in the middle of whatever is under way."""
    per_shop = 2_000
    stop = asyncio.Event()
    kills = 0

    async def killing() -> None:
        nonlocal kills
        while not stop.is_set():
            await asyncio.sleep(0.1)
            server.kill()
            kills += 1
            await server.start()

    async def selling(store_id: str) -> None:
        async with shop(server, store_id) as transport:
            for first in range(1, per_shop, 100):
                await until_sent(transport, rows(first, first + 99), within_s=40)

    async with operator(server) as line:
        await line.create(plan_of(settings_of(server)))
        killer = asyncio.create_task(killing())
        await asyncio.gather(*(selling(f"s{n}") for n in range(5)))
        stop.set()
        await killer
        assert kills >= 2
        for n in range(5):
            assert await stored(line, f"store.s{n}.ordinary.>") == ids(1, per_shop)


async def test_the_doctor_tells_a_server_that_is_away_from_one_that_refuses_and_a_bad_stream(
    server,
):
    now = lambda: datetime.now(UTC) - timedelta(seconds=90)  # noqa: E731  a box that is late
    settings = Settings(servers=(server.url,))
    missing = await probe(settings, now)
    assert (missing.reach, "create it" in missing.remedy) == (Reach.REFUSED, True)
    async with operator(server) as line:
        await line.create(StreamPlan("EVENTS", ("store.>",)))
        there = await probe(settings, now)
        assert there.reach is Reach.THERE
        assert there.clock_offset_s == pytest.approx(90, abs=5)
    demanding = await probe(settings.model_copy(update={"min_replicas": 3}), now)
    assert (demanding.reach, "num_replicas" in demanding.remedy) == (Reach.REFUSED, True)
    server.kill()
    away = await probe(settings, now)
    assert (away.reach, bool(away.remedy)) == (Reach.NOWHERE, True)


async def test_a_server_that_comes_back_is_used_within_two_seconds(server):
    async with shop(server) as transport:
        await transport.send(rows(1, 3))
        server.kill()
        for _ in range(3):
            with pytest.raises(UnreachableError):
                await transport.send(rows(4, 6))
        await server.start()
        began = time.monotonic()
        await until_sent(transport, rows(4, 6))
        assert time.monotonic() - began < 2


async def test_a_link_that_answers_nothing_is_given_up_in_time_and_nothing_is_sent_later(server):
    async with shop(server, deadline_s=0.5) as transport, operator(server) as line:
        await transport.send(rows(1, 3))
        server.freeze()
        began = time.monotonic()
        with pytest.raises(TooSlowError):
            await transport.send(rows(4, 9))
        assert time.monotonic() - began < 2
        server.thaw()
        await asyncio.sleep(0.2)
        await until_sent(transport, rows(4, 9))
        assert await stored(line) == ids(1, 9)


async def test_a_connection_that_breaks_in_a_run_stores_all_of_it_or_nothing(server):
    async with operator(server) as line:
        await line.create(plan_of(settings_of(server)))
        for attempt in range(20):
            first = 1 + attempt * 400
            async with shop(server) as transport:
                await transport.prepare()
                sending = asyncio.create_task(transport.send(rows(first, first + 399)))
                await asyncio.sleep(0.0005 * attempt)
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
            async with shop(server) as transport:
                await until_sent(transport, rows(first, first + 399))
        assert await stored(line) == ids(1, 20 * 400)


async def test_answers_to_two_connections_of_one_shop_never_cross(server):
    """A shop has two, and after a cut the answers to the last one may still come."""
    lines = [NatsLine(settings_of(server), "s1") for _ in range(2)]
    await lines[0].create(plan_of(settings_of(server)))

    async def store(line: NatsLine, event_id: str) -> tuple[str, int]:
        stored = await line.store([Outgoing("store.s1.urgent.t", b"{}", event_id)], 5)
        return event_id, stored.seq

    placed = await asyncio.gather(
        *(store(line, f"{n}-{k}") for n, line in enumerate(lines) for k in range(150))
    )
    for event_id, seq in placed:
        message = await lines[0].message("EVENTS", seq)
        assert message is not None
        assert message.headers["Nats-Msg-Id"] == event_id
    tails = [await line.tail("EVENTS", [("store.>", 0)]) for line in lines]
    pages = await asyncio.gather(*(tail.fetch(500, 1.0) for tail in tails))
    assert [len(page) for page in pages] == [300, 300]
    for line in lines:
        await line.close()


async def test_a_full_stream_postpones_and_loses_nothing(server):
    async with shop(server, create_max_bytes=40_000) as transport, operator(server) as line:
        page = [row(n, orjson.dumps({"pad": "x" * 1000})) for n in range(1, 101)]
        with pytest.raises(PostponedError) as caught:
            await transport.send(page)
        assert caught.value.retry_after_s
        assert await stored(line) == []
        await transport.send(page[:20])
        with pytest.raises(PostponedError):
            await transport.send(page[20:])
        await line.purge("EVENTS", "store.>", below_seq=20)
        await transport.send(page[20:30])
        assert await stored(line) == ids(20, 30)


async def test_after_the_servers_window_a_repetition_is_stored_again(server):
    """The default window is two minutes, an outage lasts days: the platform's side has to drop."""
    async with shop(server) as transport, operator(server) as line:
        await line.create(StreamPlan("EVENTS", ("store.>",), dedupe_s=1.0))
        await transport.send(rows(1, 5))
        assert {result.status for result in await transport.send(rows(1, 5))} == {"duplicate"}
        await asyncio.sleep(1.3)
        assert {result.status for result in await transport.send(rows(1, 5))} == {"accepted"}
        assert await stored(line) == ids(1, 5) * 2


@pytest.mark.parametrize("atomic", [True, False])
async def test_an_event_too_large_for_the_server_is_refused_alone(tmp_path, atomic):
    async with (
        NatsServer(tmp_path, "max_payload: 8192") as server,
        shop(server) as transport,
        operator(server) as line,
    ):
        await line.create(StreamPlan("EVENTS", ("store.>",), atomic=atomic))
        page = [row(1), row(2, orjson.dumps({"pad": "x" * 9000})), row(3)]
        results = []
        while len(results) < 3:
            results += await transport.send(page[len(results) :])
        assert [result.delivered for result in results] == [True, False, True]
        assert await stored(line) == ["e000001", "e000003"]


async def test_a_herd_that_is_too_large_for_the_servers_batches_gets_through_in_order(tmp_path):
    async with NatsServer(tmp_path, limits="batch { max_inflight_per_stream: 1 }") as server:

        async def selling(store_id: str) -> None:
            async with shop(server, store_id) as transport:
                await until_sent(transport, rows(1, 1_500), within_s=50)

        async with operator(server) as line:
            await line.create(plan_of(settings_of(server)))
            await asyncio.gather(*(selling(f"s{n}") for n in range(4)))
            for n in range(4):
                assert await stored(line, f"store.s{n}.ordinary.>") == ids(1, 1_500)


async def test_a_jetstream_domain_is_spoken_to_by_its_name(tmp_path):
    limits = "}, domain: hub, limits {"
    async with (
        NatsServer(tmp_path, limits=limits) as server,
        shop(server, domain="hub") as transport,
    ):
        await transport.send(rows(1, 3))
        line = NatsLine(settings_of(server, domain="hub"), "reader")
        assert await stored(line) == ids(1, 3)
        await line.close()


async def test_a_stream_without_batches_is_filled_one_by_one(server):
    async with shop(server) as transport, operator(server) as line:
        await line.create(StreamPlan("EVENTS", ("store.>",), atomic=False))
        await until_sent(transport, rows(1, 150))
        assert any("allow_atomic" in warning for warning in transport.warnings)
        assert await stored(line) == ids(1, 150)


async def test_a_real_stream_that_drops_its_oldest_is_refused(server):
    async with shop(server) as transport, operator(server) as line:
        await line.create(StreamPlan("EVENTS", ("store.>",), discard=Discard.OLD))
        with pytest.raises(TransportError) as caught:
            await transport.send(rows(1, 1))
        assert (caught.value.permanent, "discard: new" in caught.value.hint) == (True, True)


async def test_without_jetstream_or_without_the_stream_the_hint_says_so(tmp_path):
    async with NatsServer(tmp_path) as server:
        settings = Settings(servers=(server.url,))
        transport = NatsTransport(NatsLine(settings, "s1"), settings, "s1", "epoch1")
        with pytest.raises(TransportError) as caught:
            await transport.send(rows(1, 1))
        assert caught.value.permanent
        assert "create it" in caught.value.hint
        await transport.close()


# --- who may come in ----------------------------------------------------------------------------


def seed_of(private: bytes) -> str:
    head = bytes([(18 << 3) | (20 << 3) >> 5, ((20 << 3) & 31) << 3])
    return credentials._encode(head + private)


async def test_an_nkey_a_token_and_a_password_open_the_door_and_wrong_ones_name_the_remedy(
    tmp_path,
):
    seed = seed_of(secrets.token_bytes(32))
    public = credentials.from_seed(seed).public_key
    ways = {
        f"authorization {{ users: [{{ nkey: {public} }}] }}": (
            {"nkey_seed": seed},
            {"nkey_seed": seed_of(bytes(32))},
        ),
        'authorization { token: "s3cret" }': ({"token": "s3cret"}, {"token": "no"}),
        'authorization { user: shop, password: "s3cret" }': (
            {"user": "shop", "password": "s3cret"},
            {},
        ),
    }
    for number, (rules, (right, wrong)) in enumerate(ways.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with NatsServer(folder, rules) as server:
            async with shop(server, **right) as transport:
                await transport.send(rows(1, 3))
            async with shop(server, **wrong) as transport:
                with pytest.raises(TransportError) as caught:
                    await transport.send(rows(1, 3))
                assert caught.value.permanent, rules
                assert "credentials" in caught.value.hint


DOCS = Path(__file__).parents[2] / "docs" / "nats.md"


def documented_rights() -> str:
    """The permissions of shop s1 as docs/nats.md gives them."""
    text = DOCS.read_text(encoding="utf-8")
    return text[text.index("permissions: {") :].partition("```")[0]


async def test_the_rights_of_one_shop_suffice_for_everything_it_does_and_for_nothing_else(
    tmp_path,
):
    boss_user = "{ user: operator, password: o }"
    shop_user = f"{{ user: shop, password: s, {documented_rights()} }}"
    async with NatsServer(
        tmp_path, f"authorization {{ users: [ {boss_user}, {shop_user} ] }}"
    ) as server:
        who = {"user": "shop", "password": "s"}
        boss = NatsLine(Settings(servers=(server.url,), user="operator", password="o"), "operator")
        await boss.create(plan_of(settings_of(server)))
        for plan in FeedPlan().streams():
            await boss.create(plan)
        publisher = FeedPublisher(boss, FeedPlan(), lambda: AT)
        await publisher.publish([Change("offers", "o1", ChangeOp.UPSERT, {})], "log.0", "log.1")
        await publisher.snapshot(snapshot_of({"c1": {}}))
        own = FeedPublisher(boss, FeedPlan(), lambda: AT, "s1")

        found = await probe(Settings(servers=(server.url,), **who), lambda: datetime.now(UTC))
        assert (found.reach, found.remedy) == (Reach.THERE, "")
        async with shop(server, "s1", **who) as transport:
            await transport.send(rows(1, 10))
            again = await transport.send(rows(1, 20))
            assert {result.status for result in again} == {"duplicate"}
        feed_settings = FeedSettings(servers=(server.url,), scopes=("all", "own"), **who)
        feed = NatsFeed(NatsLine(feed_settings, "s1"), feed_settings, "s1", time.monotonic)
        cache = MemoryCache()
        cursor = await cache.import_snapshot(feed.snapshot(), lambda done, total: None)
        await own.publish([Change("offers", "o2", ChangeOp.UPSERT, {})], "log.0", "log.1")
        assert [change.key for change in (await feed.changes(cursor, 1.0)).changes] == ["o2"]
        await feed.close()

        async with shop(server, "s2", **who) as another, asyncio.timeout(5):
            with pytest.raises(TransportError) as caught:
                await another.send(rows(1, 1))
            assert caught.value.permanent
            assert "rights" in caught.value.hint
        line = NatsLine(Settings(servers=(server.url,), **who), "s1")
        for subject in ("feed.s2.>", "feed.>", ">"):
            with pytest.raises(TransportError):
                await line.tail("FEED", [(subject, 0)])
        await line.close()
        await boss.close()


async def test_an_address_with_tls_never_sends_a_secret_in_clear(server):
    async with shop(server) as transport:
        await transport.send(rows(1, 1))
    settings = Settings(servers=(server.url.replace("nats://", "tls://"),), token="s3cret")
    transport = NatsTransport(NatsLine(settings, "s1"), settings, "s1", "epoch1")
    with pytest.raises(TransportError) as caught:
        await transport.send(rows(1, 1))
    assert caught.value.permanent
    assert "TLS" in caught.value.hint
    await transport.close()


# --- the feed -----------------------------------------------------------------------------------


async def snapshot_of(documents: dict[str, object]) -> AsyncIterator[bytes]:
    import zstandard

    lines: list[object] = [{"snapshot": {"total": len(documents), "as_of": "2026-11-21T10:00:00Z"}}]
    lines += [{"collection": "customers", "key": k, "doc": d} for k, d in documents.items()]
    lines.append({"cursor": "log.0", "count": len(documents)})
    body = zstandard.compress(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    for start in range(0, len(body), 50_000):
        yield body[start : start + 50_000]


class Fleet:
    """A publisher and a shop's feed on a real server."""

    def __init__(self, server: NatsServer) -> None:
        self.line = NatsLine(settings_of(server), "platform")
        self.publisher = FeedPublisher(self.line, FeedPlan(), lambda: AT)
        settings = FeedSettings(servers=(server.url,))
        self.feed = NatsFeed(NatsLine(settings, "s1"), settings, "s1", time.monotonic)
        self.cache = MemoryCache()
        self.pages = 0

    async def open(self) -> str:
        for plan in FeedPlan().streams():
            await self.line.create(plan)
        await self.publisher.snapshot(snapshot_of({"c0": {}}))
        return await self.cache.import_snapshot(self.feed.snapshot(), lambda done, total: None)

    async def publish(self, *keys: str) -> None:
        changes = [Change("customers", key, ChangeOp.UPSERT, {}) for key in keys]
        self.pages += 1
        await self.publisher.publish(changes, f"log.{self.pages - 1}", f"log.{self.pages}")

    async def close(self) -> None:
        await self.feed.close()
        await self.line.close()


@pytest_asyncio.fixture
async def fleet(server) -> AsyncIterator[Fleet]:
    made = Fleet(server)
    yield made
    await made.close()


async def test_a_shop_hears_a_change_at_once(fleet):
    cursor = await fleet.open()
    polling = asyncio.create_task(fleet.feed.changes(cursor, 20.0))
    await asyncio.sleep(0.3)
    began = time.monotonic()
    await fleet.publish("c1", "c2")
    page = await polling
    assert time.monotonic() - began < 1
    assert [change.key for change in page.changes] == ["c1", "c2"]
    assert page.up_to_date
    assert page.server_time is not None


async def test_a_poll_without_news_ends_in_time_with_an_empty_page(fleet, monkeypatch):
    monkeypatch.setattr("sync.jetstream.tail.HEARTBEAT_S", 0.3)
    cursor = await fleet.open()
    for wait_s in (0.0, 0.3, 1.5):  # the last one is long enough for the server's heartbeats
        began = time.monotonic()
        page = await fleet.feed.changes(cursor, wait_s)
        assert (page.changes, page.up_to_date) == ((), True)
        assert wait_s - 0.1 <= time.monotonic() - began < wait_s + 1
        cursor = page.cursor


async def test_thousands_of_changes_come_in_order_through_a_kill_of_the_server(fleet, server):
    cursor = await fleet.open()
    await fleet.publish(*(f"c{n}" for n in range(2_500)))
    found: list[str] = []
    killed = False
    async with asyncio.timeout(20):
        while len(found) < 2_500:
            try:
                page = await fleet.feed.changes(cursor, 1.0)
            except TransportError:
                await asyncio.sleep(0.05)
                continue
            found += [change.key for change in page.changes]
            cursor = page.cursor
            if len(found) >= 1_000 and not killed:
                killed = True
                server.kill()
                await server.start()
    assert found == [f"c{n}" for n in range(2_500)]


async def test_a_server_that_freezes_under_a_long_poll_is_noticed(fleet, server, monkeypatch):
    monkeypatch.setattr("sync.jetstream.tail.SILENT_S", 1.0)
    cursor = await fleet.open()
    polling = asyncio.create_task(fleet.feed.changes(cursor, 5.0))
    await asyncio.sleep(0.3)
    server.freeze()
    began = time.monotonic()
    with pytest.raises(UnreachableError):
        await polling
    assert time.monotonic() - began < 3
    server.thaw()
    assert (await fleet.feed.changes(cursor, 0.0)).up_to_date


async def test_a_feed_that_was_made_anew_is_noticed_and_read_from_a_new_snapshot(fleet):
    cursor = await fleet.open()
    await fleet.publish("c1")
    cursor = (await fleet.feed.changes(cursor, 1.0)).cursor
    other = NatsLine(fleet.line._settings, "operator")
    async with other._exchange(5) as link:
        await other._ask(link, "STREAM.DELETE.FEED")
    await other.close()
    await fleet.open()
    with pytest.raises(TransportError):
        await fleet.feed.changes(cursor, 0.5)
    with pytest.raises(PostponedError, match="another stream"):
        await fleet.feed.changes(cursor, 0.5)


async def test_a_snapshot_of_many_chunks_is_read_on_where_a_kill_cut_it(fleet, server):
    await fleet.open()
    body = secrets.token_bytes(20 * objects.CHUNK_BYTES + 5)

    async def pieces() -> AsyncIterator[bytes]:
        yield body

    info = await objects.write(fleet.line, "SNAPSHOTS", "big", pieces(), AT)
    got = bytearray()
    cuts = 0
    while len(got) < len(body):
        position = objects.SnapshotPosition(info.nuid, len(got))
        try:
            async for piece in objects.read(fleet.line, info, position):
                assert piece.offset == len(got)
                got += piece.data
                if cuts < 3 and len(got) > (cuts + 1) * 5 * objects.CHUNK_BYTES:
                    cuts += 1
                    server.kill()
                    await server.start()
        except TransportError:
            continue
    assert cuts == 3
    assert bytes(got) == body


async def test_other_tools_read_our_objects(fleet, server):
    import nats

    await fleet.open()
    client = await nats.connect(server.url)
    bucket = await client.jetstream().object_store("SNAPSHOTS")
    read = await bucket.get("all")
    assert read.info.size == len(read.data)
    assert (await bucket.status()).bucket == "SNAPSHOTS"
    await client.close()


async def test_nothing_is_left_behind_and_nothing_is_warned_about(server, caplog):
    caplog.set_level(logging.DEBUG)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before = asyncio.all_tasks()
        async with shop(server) as transport:
            await transport.send(rows(1, 3))
            server.kill()
            with pytest.raises(UnreachableError):
                await transport.send(rows(4, 5))
            await server.start()
            await until_sent(transport, rows(4, 5))
            await transport.close()
        await asyncio.sleep(0.05)
        gc.collect()
        assert asyncio.all_tasks() == before
    assert [record for record in caplog.records if record.levelno > logging.WARNING] == []


async def test_after_closing_nothing_connects_again(server):
    async with shop(server) as transport:
        await transport.close()
        with pytest.raises(UnreachableError):
            await transport.send(rows(1, 1))
