"""A fleet end to end: shops, a NATS server, the bridge and the platform, each its own process."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import httpx
import pytest
from nats_server import NatsServer

from sync import outbox
from sync.fakes import MemoryCache, PlainLedger
from sync.jetstream.feed import NatsFeed
from sync.jetstream.feed import Settings as FeedSettings
from sync.jetstream.line import NatsLine
from sync.outbox import Lane, OutboxEvent
from sync.reference_platform import FILE_NAME, PlatformStore
from sync.transports.nats import NatsTransport, Settings
from sync.worker import Delivery, Ends, SyncWorker

TOKEN = "platform-token"
ROUNDS, PER_ROUND = 8, 50
SHOPS = ("s1", "s2", "s3")
pytestmark = pytest.mark.asyncio


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class Shop:
    """A ledger, a cache and a worker that knows nothing but NATS."""

    def __init__(self, folder: Path, store_id: str, nats_url: str) -> None:
        folder.mkdir()
        self.store_id = store_id
        self.ledger = PlainLedger(folder / "ledger.db")
        self.cache = MemoryCache()
        settings = Settings(servers=(nats_url,))
        transport = NatsTransport(NatsLine(settings, store_id), settings, store_id, "epoch1")
        feed_settings = FeedSettings(servers=(nats_url,))
        feed = NatsFeed(NatsLine(feed_settings, store_id), feed_settings, store_id, time.monotonic)
        delivery = Delivery("platform", transport, from_start=True)
        ends = Ends((delivery,), feed, self.ledger, self.cache)
        self.worker = SyncWorker(ends, RealClock(), Random(store_id), reconnect_window_s=0.5)
        self.written = dict.fromkeys(Lane, 0)

    def write(self, lane: Lane, count: int) -> None:
        def fill(tx: outbox.Connection) -> None:
            for _ in range(count):
                event_id = f"{lane.name.lower()}-{self.written[lane]:05}"
                now = RealClock().now()
                outbox.put(tx, OutboxEvent(event_id, "t", now, b'{"n":1}', "c-1", lane))
                self.written[lane] += 1

        self.ledger.transact(fill)
        self.worker.nudge()

    def expected(self, lane: Lane) -> list[str]:
        return [f"{lane.name.lower()}-{n:05}" for n in range(self.written[lane])]


async def started(*command: str, says: str, **environment: str) -> tuple[Process, str]:
    """A process, and the line it said that it is ready with."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *command, stdout=PIPE, stderr=DEVNULL, env=os.environ | environment
    )
    assert process.stdout is not None
    async with asyncio.timeout(20):
        line = (await process.stdout.readline()).decode().strip()
    assert line.startswith(says), line
    return process, line


async def ended(process: Process, number: int = signal.SIGTERM) -> int:
    if process.returncode is None:
        process.send_signal(number)
    async with asyncio.timeout(10):
        return await process.wait()


class World:
    """Everything but the shops."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.nats = NatsServer(folder)
        self.data = folder / "platform"
        self.platform: Process
        self.bridge: Process
        self.url = ""

    async def start(self) -> None:
        await self.nats.start()
        self.platform, self.url = await started(
            *("sync.reference_platform", "--data", str(self.data)),
            says="http://",
            PLATFORM_TOKEN=TOKEN,
        )
        process, _ = await started(
            "sync.jetstream", "--server", self.nats.url, "setup", says="EVENTS:"
        )
        assert await process.wait() == 0
        await self.start_bridge()

    async def start_bridge(self) -> None:
        self.bridge, _ = await started(
            *("sync.jetstream", "--server", self.nats.url, "bridge"),
            *("--platform", self.url, "--data", str(self.folder / "bridge")),
            says="bridging",
            PLATFORM_TOKEN=TOKEN,
        )

    async def stop(self) -> None:
        assert await ended(self.bridge) == 0
        await ended(self.platform)
        self.nats.stop()

    async def kill_something(self, round_number: int) -> None:
        """NATS in some rounds, the bridge in others; both come back at once."""
        if round_number in {1, 4}:
            self.nats.kill()
            await self.nats.start()
        if round_number in {2, 5}:
            await ended(self.bridge, signal.SIGKILL)
            await self.start_bridge()

    async def has(self, store_id: str, count: int) -> None:
        """Wait until the platform has so many events of a store."""
        async with asyncio.timeout(30):
            while len(await self.accepted(store_id)) < count:
                await asyncio.sleep(0.1)

    async def accepted(self, store_id: str) -> list[str]:
        found: list[str] = []
        after = ""
        headers = {"authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient(base_url=self.url, headers=headers) as client:
            while True:
                answer = await client.get(f"/v1/stores/{store_id}/events", params={"after": after})
                page = answer.json()
                found += [event["id"] for event in page["events"]]
                if page["next"] == after:
                    return found
                after = page["next"]


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[tuple[World, list[Shop]]]:
    world = World(folder)
    await world.start()
    shops = [Shop(folder / store_id, store_id, world.nats.url) for store_id in SHOPS]
    tasks = [asyncio.create_task(shop.worker.run()) for shop in shops]
    try:
        yield world, shops
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for shop in shops:
            shop.ledger.close()
        await world.stop()


async def until(condition: Callable[[], bool], within_s: float = 30) -> None:
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.02)


async def test_through_kills_of_nats_and_the_bridge_the_platform_has_each_event_once_in_order(
    tmp_path,
):
    async with running(tmp_path) as (world, shops):
        for round_number in range(ROUNDS):
            for shop in shops:
                shop.write(Lane.ORDINARY, PER_ROUND)
                shop.write(Lane.URGENT, 3)
            await asyncio.sleep(0.3)
            await world.kill_something(round_number)
        for shop in shops:
            await world.has(shop.store_id, ROUNDS * (PER_ROUND + 3))
            accepted = await world.accepted(shop.store_id)
            for lane in Lane:
                name = lane.name.lower()
                assert [i for i in accepted if i.startswith(name)] == shop.expected(lane)


async def test_a_change_is_in_every_shop_and_an_event_on_the_platform_within_seconds(tmp_path):
    async with running(tmp_path) as (world, shops):
        await until(lambda: all(shop.cache.snapshots == 1 for shop in shops))
        store = PlatformStore(world.data / FILE_NAME)
        began = time.monotonic()
        store.put("customers", "c1", {"n": 1})
        key = ("customers", "c1")
        await until(lambda: all(key in shop.cache.documents for shop in shops), 10)
        assert time.monotonic() - began < 5
        began = time.monotonic()
        shops[0].write(Lane.ORDINARY, 1)
        async with asyncio.timeout(10):
            while not await world.accepted("s1"):
                await asyncio.sleep(0.02)
        assert time.monotonic() - began < 3
        store.close()


async def check(nats: NatsServer, *more: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sync.jetstream", "--server", nats.url, "check", *more),
        stdout=PIPE,
        stderr=STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def test_the_check_says_what_the_stream_and_the_servers_disk_promise(tmp_path):
    async with NatsServer(tmp_path) as nats:
        code, said = await check(nats)
        assert (code, "create it" in said) == (1, True)
        setup, _ = await started("sync.jetstream", "--server", nats.url, "setup", says="EVENTS:")
        await setup.wait()
        code, said = await check(nats, "--monitor", nats.monitor_url)
        assert code == 0
        assert "writes every message through" in said
        assert "fit for events" in said
        code, said = await check(nats, "--min-replicas", "3")
        assert (code, "num_replicas: 3" in said) == (1, True)
        nats.stop()
        nats.sync_interval = '"2m"'  # the server's own default
        await nats.start()
        code, said = await check(nats, "--monitor", nats.monitor_url)
        assert (code, "up to 120 s before" in said) == (1, True)
