"""Changes and snapshots over a stream and an object store, from publisher to shop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest
import zstandard

from sync.errors import CursorLostError, TransportError
from sync.fakes import MemoryCache
from sync.feed import Change, ChangeOp
from sync.jetstream import objects
from sync.jetstream.fake import FakeServer
from sync.jetstream.feed import PAGE, SETTLE_EVERY_S, NatsFeed, Settings
from sync.jetstream.port import Outgoing
from sync.jetstream.publishing import FeedPlan, FeedPublisher
from sync.snapshots import SnapshotPosition

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
PLAN = FeedPlan()
pytestmark = pytest.mark.asyncio


def upsert(key: str, n: int = 1) -> Change:
    return Change("customers", key, ChangeOp.UPSERT, {"n": n})


class Bench:
    """A server with feed and bucket, a publisher for all shops, and the feed of shop s1."""

    def __init__(self) -> None:
        self.at = AT
        self.seconds = 0.0
        self.server = FakeServer(lambda: self.at)
        self.line = self.server.line()
        self.publisher = FeedPublisher(self.line, PLAN, lambda: self.at)
        self.settings = Settings(servers=("nats://fake",))
        self.pages = 0

    async def opened(self, **settings: object) -> NatsFeed:
        for plan in PLAN.streams():
            await self.line.create(plan)
        chosen = self.settings.model_copy(update=settings)
        return NatsFeed(self.server.line(), chosen, "s1", lambda: self.seconds)

    async def publish(self, *changes: Change, scope: str = "all") -> None:
        before, self.pages = self.pages, self.pages + 1
        publisher = FeedPublisher(self.line, PLAN, lambda: self.at, scope)
        await publisher.publish(changes, f"log.{before}", f"log.{self.pages}")

    async def snapshot(self, documents: dict[str, object], pad: int = 0) -> None:
        await self.publisher.snapshot(source_snapshot(documents, pad))

    async def follow(self, feed: NatsFeed, cursor: str) -> tuple[list[Change], str]:
        """Everything up to date from `cursor` on."""
        found: list[Change] = []
        while True:
            page = await feed.changes(cursor, 0.0)
            found += page.changes
            cursor = page.cursor
            if page.up_to_date:
                return found, cursor


async def source_snapshot(documents: dict[str, object], pad: int = 0) -> AsyncIterator[bytes]:
    """As a platform sends it over HTTP, in awkward pieces."""
    lines: list[object] = [{"snapshot": {"total": len(documents), "as_of": "2026-11-21T10:00:00Z"}}]
    lines += [{"collection": "customers", "key": k, "doc": d} for k, d in documents.items()]
    lines.append({"cursor": "log.0", "count": len(documents)})
    text = b"".join(orjson.dumps(line) + b"\n" for line in lines)
    # Level 1 and noise would compress too well to make several chunks.
    body = zstandard.compress(text, level=-100) if pad else zstandard.compress(text)
    for start in range(0, len(body), 1000):
        yield body[start : start + 1000]


async def taken(feed: NatsFeed, cache: MemoryCache) -> str:
    return await cache.import_snapshot(feed.snapshot(cache.partial), lambda done, total: None)


async def test_a_shop_takes_the_snapshot_then_follows_the_changes():
    bench = Bench()
    feed = await bench.opened()
    await bench.publish(upsert("c0"))
    await bench.snapshot({"c0": {"n": 1}})
    cache = MemoryCache()
    cursor = await taken(feed, cache)
    assert cache.documents == {("customers", "c0"): {"n": 1}}
    gone = Change("customers", "c0", ChangeOp.DELETE, None, "e7")
    merged = Change("customers", "c9", ChangeOp.MERGE, {"old_id": "c9", "new_id": "c1"}, None, 2)
    await bench.publish(upsert("c1"), gone, merged)
    page = await feed.changes(cursor, 0.0)
    assert page.changes == (upsert("c1"), gone, merged)
    assert page.up_to_date
    assert page.malformed == 0


async def test_a_long_poll_answers_when_something_comes():
    bench = Bench()
    feed = await bench.opened()
    await bench.snapshot({})
    cursor = await taken(feed, MemoryCache())
    polling = asyncio.create_task(feed.changes(cursor, 4.0))
    await asyncio.sleep(0.01)
    assert not polling.done()
    await bench.publish(upsert("c1"))
    assert (await polling).changes == (upsert("c1"),)


async def test_a_long_poll_without_news_is_an_empty_page_that_is_up_to_date():
    bench = Bench()
    feed = await bench.opened()
    await bench.snapshot({})
    page = await feed.changes(await taken(feed, MemoryCache()), 0.02)
    assert (page.changes, page.up_to_date) == ((), True)


async def test_many_changes_come_in_pages_and_only_the_last_is_up_to_date():
    bench = Bench()
    feed = await bench.opened()
    await bench.snapshot({})
    cursor = await taken(feed, MemoryCache())
    await bench.publish(*(upsert(f"c{n}") for n in range(PAGE + 3)))
    first = await feed.changes(cursor, 0.0)
    assert (len(first.changes), first.up_to_date) == (PAGE, False)
    rest = await feed.changes(first.cursor, 0.0)
    assert (len(rest.changes), rest.up_to_date) == (3, True)


async def test_a_page_whose_application_failed_comes_again():
    bench = Bench()
    feed = await bench.opened()
    await bench.snapshot({})
    cursor = await taken(feed, MemoryCache())
    await bench.publish(upsert("c1"))
    for _ in range(2):
        assert (await feed.changes(cursor, 0.0)).changes == (upsert("c1"),)


async def test_a_new_process_goes_on_where_the_cursor_says():
    bench = Bench()
    feed = await bench.opened()
    await bench.snapshot({})
    cursor = await taken(feed, MemoryCache())
    await bench.publish(upsert("c1"))
    _, cursor = await bench.follow(feed, cursor)
    await bench.publish(upsert("c2"))
    again = await bench.opened()
    assert (await bench.follow(again, cursor))[0] == [upsert("c2")]


async def test_what_is_no_change_is_counted_and_left_out():
    bench = Bench()
    feed = await bench.opened()
    await bench.snapshot({})
    cursor = await taken(feed, MemoryCache())
    for body in (b"torn", b'{"collection":"customers"}', b"[]"):
        await bench.line.store([Outgoing("feed.all.customers", body)], 1.0)
    await bench.publish(upsert("c1"))
    page = await feed.changes(cursor, 0.0)
    assert (page.changes, page.malformed) == ((upsert("c1"),), 3)


async def test_a_shop_reads_its_own_scope_and_that_of_all_and_no_other():
    bench = Bench()
    feed = await bench.opened(scopes=("all", "own"))
    await bench.snapshot({})
    cursor = await taken(feed, MemoryCache())
    await bench.publish(upsert("a"))
    await bench.publish(upsert("b"), scope="s1")
    await bench.publish(upsert("c"), scope="s2")
    await bench.publish(upsert("d"), scope="s1")
    found, cursor = await bench.follow(feed, cursor)
    assert sorted(change.key for change in found) == ["a", "b", "d"]
    again = await bench.opened(scopes=("all", "own"))
    assert (await bench.follow(again, cursor))[0] == []
    alone = await bench.opened()
    with pytest.raises(CursorLostError, match="other scopes"):
        await alone.changes(cursor, 0.0)


async def test_a_stores_own_snapshot_is_preferred_to_that_of_all():
    bench = Bench()
    feed = await bench.opened(scopes=("all", "own"))
    await bench.snapshot({"c0": {}})
    own = FeedPublisher(bench.line, PLAN, lambda: bench.at, "s1")
    await own.snapshot(source_snapshot({"c1": {}}))
    cache = MemoryCache()
    await taken(feed, cache)
    assert set(cache.documents) == {("customers", "c1")}


@pytest.mark.parametrize("cursor", ["", "log.7", "x-1", "abc123def456-1", "-", "x-\u0661"])
async def test_a_cursor_of_another_feed_is_lost(cursor):
    bench = Bench()
    feed = await bench.opened()
    with pytest.raises(CursorLostError):
        await feed.changes(cursor, 0.0)


async def test_a_stream_that_was_made_anew_loses_every_cursor():
    bench = Bench()
    feed = await bench.opened()
    await bench.publish(upsert("c1"))
    await bench.snapshot({})
    cursor = await taken(feed, MemoryCache())
    await feed.changes(cursor, 0.0)
    del bench.server.streams["FEED"]
    await bench.opened()
    with pytest.raises(TransportError):
        await feed.changes(cursor, 0.0)
    with pytest.raises(CursorLostError):
        await feed.changes(cursor, 0.0)


async def test_a_cursor_older_than_the_stream_is_lost_and_the_oldest_one_held_is_not():
    bench = Bench()
    feed = await bench.opened()
    await bench.snapshot({})
    start = await taken(feed, MemoryCache())
    await bench.publish(upsert("c1"))
    _, first = await bench.follow(feed, start)
    await bench.publish(upsert("c2"))
    await bench.line.purge("FEED", "feed.>", below_seq=2)
    assert (await bench.follow(feed, first))[0] == [upsert("c2")]
    with pytest.raises(CursorLostError, match="older"):
        await (await bench.opened()).changes(start, 0.0)


async def test_a_stream_that_lost_its_newest_messages_loses_the_cursors_ahead_of_it():
    bench = Bench()
    feed = await bench.opened()
    await bench.snapshot({})
    await bench.publish(upsert("c1"))
    _, cursor = await bench.follow(feed, await taken(feed, MemoryCache()))
    stream = bench.server.streams["FEED"]
    stream.messages.clear()
    stream.facts = replace(stream.facts, last_seq=0)
    with pytest.raises(CursorLostError, match="ahead"):
        await (await bench.opened()).changes(cursor, 0.0)


async def test_a_publisher_that_began_anew_makes_every_shop_take_a_snapshot():
    bench = Bench()
    feed = await bench.opened()
    await bench.snapshot({})
    cursor = (await feed.changes(await taken(feed, MemoryCache()), 0.0)).cursor
    bench.at += timedelta(seconds=1)
    await bench.publisher.begin_anew()
    bench.seconds += SETTLE_EVERY_S
    with pytest.raises(CursorLostError):
        await feed.changes(cursor, 0.0)
    await bench.snapshot({"c1": {}})
    assert (await feed.changes(await taken(feed, MemoryCache()), 0.0)).up_to_date


async def test_a_quiet_scope_keeps_its_place_while_the_stream_moves_on():
    """Or its cursor would be older than the stream one day, though it missed nothing."""
    bench = Bench()
    feed = await bench.opened()
    await bench.snapshot({})
    _, cursor = await bench.follow(feed, await taken(feed, MemoryCache()))
    for number in range(5):
        await bench.publish(upsert(f"other{number}"), scope="s2")
    bench.seconds += SETTLE_EVERY_S
    _, cursor = await bench.follow(feed, cursor)
    await bench.line.purge("FEED", "feed.>", below_seq=6)
    assert (await bench.follow(await bench.opened(), cursor))[0] == []


async def test_the_servers_time_is_told_now_and_then():
    bench = Bench()
    feed = await bench.opened()
    await bench.snapshot({})
    cursor = await taken(feed, MemoryCache())
    told = []
    for seconds in (0, 1, SETTLE_EVERY_S + 1):
        bench.seconds = seconds
        bench.at = AT + timedelta(seconds=seconds)
        told.append((await feed.changes(cursor, 0.0)).server_time)
    assert told == [AT, None, AT + timedelta(seconds=SETTLE_EVERY_S + 1)]


async def test_the_reconnect_window_is_in_the_streams_metadata():
    bench = Bench()
    feed = await bench.opened()
    await bench.snapshot({})
    cursor = await taken(feed, MemoryCache())
    assert (await feed.changes(cursor, 0.0)).reconnect_window_s is None
    bench.server.change("FEED", metadata={"reconnect_window_s": "90"})
    assert (await (await bench.opened()).changes(cursor, 0.0)).reconnect_window_s is None
    bench.server.change("FEED", metadata={"reconnect_window_s": "90"})
    fresh = NatsFeed(bench.server.line(), bench.settings, "s1", lambda: 0.0)
    assert (await fresh.changes(cursor, 0.0)).reconnect_window_s == 90


async def test_without_a_snapshot_the_error_says_who_makes_it():
    bench = Bench()
    feed = await bench.opened()
    with pytest.raises(TransportError) as caught:
        await taken(feed, MemoryCache())
    assert "publisher" in caught.value.hint


# --- the object store ---------------------------------------------------------------------------


def noise(size: int) -> bytes:
    return b"".join(n.to_bytes(4, "big") for n in range(size // 4))


async def in_pieces(body: bytes, size: int = 70_000) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def stored(bench: Bench, body: bytes, name: str = "all") -> objects.ObjectInfo:
    await bench.opened()
    return await objects.write(bench.line, PLAN.bucket, name, in_pieces(body), AT)


async def read(
    bench: Bench, info: objects.ObjectInfo, position: SnapshotPosition | None = None
) -> bytes:
    pieces = [piece async for piece in objects.read(bench.line, info, position)]
    offset = position.offset if position and position.tag == info.nuid else 0
    for piece in pieces:
        assert (piece.offset, piece.tag) == (offset, info.nuid)
        offset += len(piece.data)
    return b"".join(piece.data for piece in pieces)


@pytest.mark.parametrize("size", [0, 4, objects.CHUNK_BYTES, 5 * objects.CHUNK_BYTES + 400])
async def test_an_object_comes_back_as_it_was_written(size):
    bench = Bench()
    info = await stored(bench, noise(size))
    assert await objects.find(bench.line, PLAN.bucket, "all") == info
    assert await read(bench, info) == noise(size)


@pytest.mark.parametrize("offset", [0, 1, objects.CHUNK_BYTES, 3 * objects.CHUNK_BYTES + 7])
@pytest.mark.parametrize("follow", [True, False])
async def test_reading_goes_on_in_the_middle_whether_or_not_the_chunks_stand_together(
    offset, follow
):
    bench = Bench()
    body = noise(5 * objects.CHUNK_BYTES + 400)
    info = await stored(bench, body)
    if not follow:
        info = replace(info, first_seq=0)
    assert await read(bench, info, SnapshotPosition(info.nuid, offset)) == body[offset:]


async def test_a_position_in_another_object_begins_this_one_at_its_beginning():
    bench = Bench()
    body = noise(2 * objects.CHUNK_BYTES)
    info = await stored(bench, body)
    assert await read(bench, info, SnapshotPosition("another", 70_000)) == body


async def test_a_torn_chunk_is_never_handed_on():
    bench = Bench()
    body = noise(4 * objects.CHUNK_BYTES)
    info = await stored(bench, body)
    held = bench.server.streams["OBJ_SNAPSHOTS"].messages
    held[2] = replace(held[2], body=b"\xff" + held[2].body[1:])
    pieces = objects.read(bench.line, info)
    sound = [(await anext(pieces)).data for _ in range(2)]
    assert b"".join(sound) == body[: 2 * objects.CHUNK_BYTES]
    with pytest.raises(TransportError, match="not what was published"):
        await anext(pieces)


async def test_a_whole_of_sound_looking_chunks_is_checked_against_its_digest():
    bench = Bench()
    info = await stored(bench, noise(objects.CHUNK_BYTES + 4))
    with pytest.raises(TransportError, match="not what was published"):
        await read(bench, replace(info, digest="SHA-256=AAAA"))


async def test_the_object_before_stays_for_those_who_read_it_and_the_one_before_that_goes(
    monkeypatch,
):
    monkeypatch.setattr(objects, "CHUNK_WAIT_S", 0.01)
    bench = Bench()
    infos = [await stored(bench, noise(8) + bytes([n])) for n in range(3)]
    assert await read(bench, infos[1]) == noise(8) + bytes([1])
    with pytest.raises(TransportError, match="replaced"):
        await read(bench, infos[0])


async def test_a_source_that_breaks_off_leaves_the_snapshot_as_it_was():
    bench = Bench()
    await bench.opened()
    await bench.snapshot({"c0": {}})
    before = await objects.find(bench.line, PLAN.bucket, "all")

    async def broken() -> AsyncIterator[bytes]:
        body = b"".join([piece async for piece in source_snapshot({"c1": {}})])
        yield body[: len(body) // 2]

    with pytest.raises(TransportError, match="breaks off"):
        await bench.publisher.snapshot(broken())
    assert await objects.find(bench.line, PLAN.bucket, "all") == before
    assert len(bench.server.streams["OBJ_SNAPSHOTS"].messages) == 2


async def test_a_snapshot_keeps_every_line_but_the_cursor():
    bench = Bench()
    feed = await bench.opened()
    documents = {f"c{n}": {"name": f"Zoë {n}", "n": n} for n in range(2000)}
    await bench.snapshot(documents, pad=1)
    cache = MemoryCache()
    cursor = await taken(feed, cache)
    assert {key: doc for (_, key), doc in cache.documents.items()} == documents
    assert cursor != "log.0"
    assert (await feed.changes(cursor, 0.0)).up_to_date


async def test_a_document_that_no_message_can_hold_stops_the_publisher_with_a_hint():
    bench = Bench()
    await bench.opened()
    bench.server.change("FEED", max_message_bytes=100)
    big = Change("customers", "c1", ChangeOp.UPSERT, {"pad": "x" * 200})
    with pytest.raises(TransportError) as caught:
        await bench.publish(upsert("c0"), big)
    assert caught.value.permanent
    assert "max_payload" in caught.value.hint
