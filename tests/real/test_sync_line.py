"""The worker against the reference platform over loopback, with the line cut and restarts."""

import asyncio
import os
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import httpx
import pytest

from sync import outbox, push
from sync.fakes import MemoryCache, PlainLedger
from sync.feed import HttpFeed
from sync.outbox import OutboxEvent
from sync.reference_platform import FILE_NAME, PlatformSettings, PlatformStore, serve
from sync.status import LineState, SyncStatus
from sync.transports.http import HttpLine
from sync.transports.platform_http import PlatformHttpTransport
from sync.worker import Delivery, Ends, SyncWorker

TOKEN = "platform-token"
WAIT_S = 15.0
pytestmark = [pytest.mark.timeout(60)]


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class Shop:
    """A ledger, a cache and a worker over them."""

    def __init__(self, folder: Path, url: str) -> None:
        self.ledger = PlainLedger(folder / "ledger.db")
        self.cache = MemoryCache()
        line = HttpLine(url, TOKEN, RealClock().now)
        ends = Ends(
            (Delivery("platform", PlatformHttpTransport(line, "s1", "epoch1"), from_start=True),),
            HttpFeed(line, "s1"),
            self.ledger,
            self.cache,
        )
        dice = Random(1)
        self.worker = SyncWorker(ends, RealClock(), dice, reconnect_window_s=2)
        self.written = 0

    def write(self, count: int) -> None:
        def fill(tx: outbox.Connection) -> None:
            for _ in range(count):
                event_id = f"e{self.written:06}"
                outbox.put(tx, OutboxEvent(event_id, "t", RealClock().now(), b'{"n":1}'))
                self.written += 1

        self.ledger.transact(fill)
        self.worker.nudge()

    @property
    def status(self) -> SyncStatus:
        return self.worker.status()

    @property
    def drained(self) -> bool:
        return outbox.backlog(self.ledger.connection).count == 0


@asynccontextmanager
async def platform(folder: Path, port: int = 0) -> AsyncIterator[str]:
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    settings = PlatformSettings(folder, TOKEN, RealClock().now, port)
    task = asyncio.create_task(serve(settings, stop=stop, on_ready=ready.set_result))
    await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
    try:
        yield ready.result()
    finally:
        stop.set()
        await task


@asynccontextmanager
async def working(shop: Shop) -> AsyncIterator[None]:
    task = asyncio.create_task(shop.worker.run())
    try:
        yield
    finally:
        task.cancel()
        began = time.monotonic()
        await asyncio.gather(task, return_exceptions=True)
        shop.ledger.close()
        assert time.monotonic() - began < 1


async def until(condition, within_s: float = WAIT_S) -> float:
    """Wait for the condition; how long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < within_s, "waited in vain"
        await asyncio.sleep(0.01)
    return time.monotonic() - began


async def set_line(url: str, *, up: bool) -> None:
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {TOKEN}"}) as client:
        answer = await client.post(f"{url}/v1/demo/line", json={"up": up})
        assert answer.json() == {"up": up}


async def accepted_ids(url: str) -> list[str]:
    ids: list[str] = []
    after = ""
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {TOKEN}"}) as client:
        while True:
            answer = await client.get(f"{url}/v1/stores/s1/events", params={"after": after})
            page = answer.json()
            ids += [event["id"] for event in page["events"]]
            if page["next"] == after:
                return ids
            after = page["next"]


def expected(count: int) -> list[str]:
    return [f"e{number:06}" for number in range(count)]


@pytest.mark.asyncio
async def test_an_event_written_while_online_is_on_the_platform_at_once(tmp_path):
    async with platform(tmp_path) as url:
        shop = Shop(tmp_path, url)
        async with working(shop):
            await until(lambda: shop.status.line is LineState.ONLINE)
            shop.write(1)
            took_s = await until(lambda: shop.drained)
            assert took_s < 1
            assert await accepted_ids(url) == expected(1)


@pytest.mark.asyncio
async def test_a_cut_line_shows_within_five_seconds_and_drains_exactly_once_when_back(tmp_path):
    async with platform(tmp_path) as url:
        shop = Shop(tmp_path, url)
        async with working(shop):
            await until(lambda: shop.status.line is LineState.ONLINE)
            shop.write(700)
            await set_line(url, up=False)
            await until(lambda: shop.status.line is LineState.OFFLINE, within_s=5)
            shop.write(1800)
            await until(lambda: shop.status.backlog >= 1800, within_s=5)
            assert shop.status.oldest_at is not None
            assert shop.status.reason
            await set_line(url, up=True)
            await until(lambda: shop.drained, within_s=8)
            await until(lambda: shop.status.line is LineState.ONLINE, within_s=5)
            await until(lambda: shop.status.backlog == 0, within_s=5)
        assert await accepted_ids(url) == expected(2500)


@pytest.mark.asyncio
async def test_repeated_cuts_while_draining_lose_and_double_nothing(tmp_path):
    async with platform(tmp_path) as url:
        shop = Shop(tmp_path, url)
        shop.write(6000)
        async with working(shop):
            for _ in range(4):
                await asyncio.sleep(0.05)
                await set_line(url, up=False)
                await asyncio.sleep(0.05)
                await set_line(url, up=True)
            await until(lambda: shop.drained)
        assert await accepted_ids(url) == expected(6000)


@asynccontextmanager
async def platform_process(folder: Path, port: int = 0) -> AsyncIterator[tuple[str, int]]:
    """A platform in a process of its own that dies by SIGKILL; its URL and process id."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sync.reference_platform"),
        *("--data", str(folder), "--port", str(port)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PLATFORM_TOKEN": TOKEN},
    )
    assert process.stdout
    url = (await process.stdout.readline()).decode().strip()
    try:
        yield url, process.pid
    finally:
        process.kill()
        await process.wait()


@pytest.mark.asyncio
async def test_a_platform_killed_while_it_accepts_ends_up_with_each_event_once(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(push, "SETTLE_S", 0.0)  # so that the position tells how far it is
    async with platform_process(tmp_path) as (url, _):
        port = httpx.URL(url).port
        assert port
        shop = Shop(tmp_path, url)
        shop.write(8000)
        task = asyncio.create_task(shop.worker.run())
        await until(lambda: outbox.position(shop.ledger.connection) > 0)
    assert not shop.drained
    await until(lambda: shop.status.line is LineState.OFFLINE, within_s=5)
    async with platform_process(tmp_path, port) as (url, _):
        await until(lambda: shop.drained)
        assert await accepted_ids(url) == expected(8000)
        await set_line(url, up=False)
        await until(lambda: shop.status.line is LineState.OFFLINE, within_s=5)
    async with platform_process(tmp_path, port) as (url, _):
        shop.write(5)
        await asyncio.sleep(2.5)
        assert len(await accepted_ids(url)) == 8000, "the cut line was mended by the restart"
        await set_line(url, up=True)
        await until(lambda: shop.drained)
        assert await accepted_ids(url) == expected(8005)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    shop.ledger.close()


SHOP_PROCESS = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from real.test_sync_line import Shop
asyncio.run(Shop(Path(sys.argv[1]), sys.argv[2]).worker.run())
"""


def accepted_count(folder: Path) -> int:
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        return connection.execute("SELECT count(*) FROM events").fetchone()[0]


@pytest.mark.asyncio
async def test_a_shop_killed_again_and_again_while_draining_changes_nothing(tmp_path):
    async with platform(tmp_path) as url:
        shop = Shop(tmp_path, url)
        shop.write(6000)
        shop.ledger.close()
        tests = str(Path(__file__).parents[1])
        for goal in (1, 1500, 3000, 6000):  # accepted events after which the shop is killed
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", SHOP_PROCESS, str(tmp_path), url, tests
            )
            await until(lambda goal=goal: accepted_count(tmp_path) >= goal)
            process.kill()
            await process.wait()
        assert await accepted_ids(url) == expected(6000)


@pytest.mark.asyncio
async def test_documents_arrive_by_snapshot_then_by_change_and_confirm_events(tmp_path):
    store = PlatformStore(tmp_path / FILE_NAME)
    store.seed("customers", [(f"c{n}", {"id": f"c{n}"}) for n in range(3000)])
    async with platform(tmp_path) as url:
        shop = Shop(tmp_path, url)
        async with working(shop):
            await until(lambda: len(shop.cache.documents) == 3000)
            store.put("customers", "c7", {"id": "c7", "points": 5}, confirms="e000001")
            store.delete("customers", "c8")
            await until(lambda: shop.cache.confirmed == ["e000001"])
            await until(lambda: ("customers", "c8") not in shop.cache.documents)
            assert shop.cache.documents["customers", "c7"] == {"id": "c7", "points": 5}
            store.forget_changes()
            await until(lambda: shop.cache.snapshots == 2)
            assert shop.status.line is LineState.ONLINE
    store.close()


@pytest.mark.asyncio
async def test_the_platform_process_ends_cleanly_with_open_long_polls_and_with_its_parent(tmp_path):
    for leave in ("signal", "end of input"):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sync.reference_platform"),
            *("--data", str(tmp_path), "--exit-with-parent"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PLATFORM_TOKEN": TOKEN},
        )
        assert process.stdout
        assert process.stdin
        url = (await process.stdout.readline()).decode().strip()
        line = HttpLine(url, TOKEN, RealClock().now)
        feed = HttpFeed(line, "s1")
        cache = MemoryCache()
        cursor = await cache.import_snapshot(feed.snapshot(), lambda done, total: None)
        poll = asyncio.create_task(feed.changes(cursor, 25))
        await asyncio.sleep(0.3)
        began = time.monotonic()
        if leave == "signal":
            process.send_signal(signal.SIGTERM)
        else:
            process.stdin.close()
        assert await process.wait() == 0
        assert time.monotonic() - began < 2
        await asyncio.gather(poll, return_exceptions=True)
        await line.close()
