"""A snapshot over a real line that is cut in the middle: the rest is the rest of the same bytes."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path

import httpx
import orjson
import pytest
import zstandard

from sync.errors import UnreachableError
from sync.feed import HttpFeed
from sync.reference_platform import FILE_NAME, PlatformSettings, PlatformStore, serve
from sync.snapshots import SnapshotPiece, SnapshotPosition
from sync.transports.http import HttpLine

DOCUMENTS = 20_000
TOKEN = "platform-token"


def now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def serving(folder: Path):
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    settings = PlatformSettings(folder, TOKEN, now)
    task = asyncio.create_task(serve(settings, stop=stop, on_ready=ready.set_result))
    try:
        yield await ready
    finally:
        stop.set()
        await task


async def set_line(url: str, *, up: bool) -> None:
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {TOKEN}"}) as client:
        (await client.post(f"{url}/v1/demo/line", json={"up": up})).raise_for_status()


async def take(feed: HttpFeed, into: bytearray, position, until_bytes: int | None = None):
    """Bytes from `position` on; the position after them. Raises what the line does."""
    tag = position.tag if position else None
    async for piece in feed.snapshot(position):
        assert isinstance(piece, SnapshotPiece)
        assert piece.offset == len(into)
        into += piece.data
        tag = piece.tag
        if until_bytes is not None and len(into) >= until_bytes:
            break
    assert tag is not None
    return SnapshotPosition(tag, len(into))


@pytest.mark.asyncio
async def test_a_cut_snapshot_goes_on_where_it_was_and_is_complete(tmp_path):
    with closing(PlatformStore(tmp_path / FILE_NAME)) as store:
        noise = ((f"c{n}", {"pad": os.urandom(200).hex()}) for n in range(DOCUMENTS))
        store.seed("customers", noise)
    data = bytearray()
    async with serving(tmp_path) as url:
        feed = HttpFeed(HttpLine(url, TOKEN, now), "s1")
        position = await take(feed, data, None, until_bytes=300_000)
        await set_line(url, up=False)
        with pytest.raises(UnreachableError):
            await take(feed, data, position)
        await set_line(url, up=True)
        await take(feed, data, position)
        done = SnapshotPosition(position.tag, len(data))
        assert [piece async for piece in feed.snapshot(done)] == [], "nothing is left"
        await feed.close()
    lines = zstandard.ZstdDecompressor().decompressobj().decompress(bytes(data)).splitlines()
    assert orjson.loads(lines[-1])["count"] == DOCUMENTS == len(lines) - 2


@pytest.mark.asyncio
async def test_many_shops_that_ask_at_once_share_one_stream(tmp_path):
    with closing(PlatformStore(tmp_path / FILE_NAME)) as store:
        store.seed("customers", ((f"c{n}", {"n": n}) for n in range(DOCUMENTS)))
    async with serving(tmp_path) as url:
        feeds = [HttpFeed(HttpLine(url, TOKEN, now), f"s{n}") for n in range(5)]
        taken = [bytearray() for _ in feeds]
        positions = await asyncio.gather(
            *(take(feed, into, None) for feed, into in zip(feeds, taken, strict=True))
        )
        for feed in feeds:
            await feed.close()
    assert len({position.tag for position in positions}) == 1
    assert len(set(map(bytes, taken))) == 1
    assert len(list((tmp_path / "snapshots").iterdir())) == 1
