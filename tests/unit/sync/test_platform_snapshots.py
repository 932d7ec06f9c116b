"""The snapshot as a stored stream: the same bytes for all, and the rest of them after a cut."""

import threading

import orjson
import pytest
import zstandard
from unit.sync.platform_bench import opened_platform

from sync.reference_platform.snapshots import (
    KEPT,
    SnapshotFailedError,
    SnapshotShelf,
    offset_of,
)

SNAPSHOT = "/v1/stores/s1/snapshot"


async def raw(client, **headers):
    async with client.stream("GET", SNAPSHOT, headers=headers) as answer:
        return answer, b"".join([piece async for piece in answer.aiter_raw()])


def fill(store, count=3000) -> None:
    doc = orjson.dumps({"pad": "x" * 100})
    store.seed("customers", ((f"c{n}", doc) for n in range(count)))


@pytest.mark.asyncio
async def test_the_rest_of_a_snapshot_is_the_rest_of_the_same_bytes(tmp_path):
    async with opened_platform(tmp_path) as (platform, client):
        fill(platform.store)
        whole, data = await raw(client)
        assert whole.status_code == 200
        assert whole.headers["accept-ranges"] == "bytes"
        tag = whole.headers["etag"]
        platform.store.put("customers", "c-new", {"id": "c-new"})
        for offset in (1, 1000, len(data) - 1):
            rest, part = await raw(client, **{"range": f"bytes={offset}-", "if-range": tag})
            assert rest.status_code == 206
            assert part == data[offset:]
            assert rest.headers["etag"] == tag
            assert rest.headers["content-encoding"] == "zstd"
            total = len(data)
            assert rest.headers["content-range"] == f"bytes {offset}-{total - 1}/{total}"
        over, _ = await raw(client, **{"range": f"bytes={len(data)}-", "if-range": tag})
        assert (over.status_code, over.headers["content-range"]) == (416, f"bytes */{len(data)}")


@pytest.mark.asyncio
async def test_without_the_tag_or_with_another_one_the_answer_is_a_whole_snapshot(tmp_path):
    async with opened_platform(tmp_path) as (platform, client):
        fill(platform.store, 10)
        first, data = await raw(client)
        tag = first.headers["etag"]
        for headers in (
            {"range": "bytes=5-"},
            {"range": "bytes=5-", "if-range": '"other"'},
            {"range": "bytes=5-9", "if-range": tag},
            {"range": "pages=5-", "if-range": tag},
            {"if-range": tag},
        ):
            answer, whole = await raw(client, **headers)
            assert (answer.status_code, whole) == (200, data)
            assert int(answer.headers["content-length"]) == len(data)


@pytest.mark.asyncio
async def test_while_nothing_changes_all_shops_get_the_same_stream(tmp_path):
    async with opened_platform(tmp_path) as (platform, client):
        fill(platform.store, 10)
        tags = {(await raw(client))[0].headers["etag"] for _ in range(3)}
        assert len(tags) == 1
        platform.store.put("customers", "c-new", {"id": "c-new"})
        answer, data = await raw(client)
        assert answer.headers["etag"] not in tags
        assert b"c-new" in zstandard.ZstdDecompressor().decompressobj().decompress(data)


@pytest.mark.asyncio
async def test_a_stream_is_sent_while_it_is_being_written(tmp_path):
    written = threading.Event()
    begun: list[bytes] = []

    def write():
        yield b"one"
        assert written.wait(3)
        yield b"two"

    shelf = SnapshotShelf(tmp_path / "snapshots", lambda: False)
    stream = shelf.current("", "log.1", write)
    async for piece in stream.read(0, lambda: False):
        begun.append(piece)
        written.set()
    assert b"".join(begun) == b"onetwo"
    assert begun[0] == b"one"
    assert stream.total_bytes == 6
    await shelf.close()


@pytest.mark.asyncio
async def test_a_stream_that_fails_or_is_stopped_ends_with_an_error_and_is_forgotten(tmp_path):
    stopped = threading.Event()

    def endless():
        while True:
            yield b"x"

    async def read(stream) -> None:
        async for _ in stream.read(0, stopped.is_set):
            stopped.set()

    shelf = SnapshotShelf(tmp_path / "snapshots", stopped.is_set)
    stream = shelf.current("", "log.1", endless)
    with pytest.raises(SnapshotFailedError):
        await read(stream)
    await shelf.close()
    assert list((tmp_path / "snapshots").iterdir()) == []
    assert shelf.resumed(stream.tag) is None


@pytest.mark.asyncio
async def test_old_streams_go_and_what_an_earlier_run_left_too(tmp_path):
    folder = tmp_path / "snapshots"
    folder.mkdir()
    (folder / "half.zst").write_bytes(b"half")
    shelf = SnapshotShelf(folder, lambda: False)
    assert list(folder.iterdir()) == []
    streams = [shelf.current("", f"log.{n}", lambda: iter([b"x"])) for n in range(KEPT + 2)]
    await shelf.close()
    assert len(list(folder.iterdir())) == KEPT
    assert shelf.resumed(streams[0].tag) is None
    assert shelf.resumed(streams[-1].tag) is streams[-1]


@pytest.mark.parametrize(
    ("header", "offset"),
    [("bytes=7-", 7), ("bytes=0-", 0), ("bytes=-7", None), ("bytes=1-2", None), (None, None)],
)
def test_only_the_open_range_is_understood(header, offset):
    assert offset_of(header) == offset
