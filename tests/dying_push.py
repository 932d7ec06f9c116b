"""A shop that is killed at a named point of its sync: `python -m dying_push FOLDER POINT`.

Prints the id of each scan that was answered 200. The box runs unchanged, its platform is the
reference one over a file of its own; the points hang on the seams of transport, pusher and storage.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import httpx
from builders import STORE, Shop, customer, settings, wallet_pass

from store_agent import app
from store_agent.app.doorway import LOOPBACK
from store_agent.app.feed import SyncLedger
from store_agent.clock import ManualClock, boot_id
from store_agent.storage import View
from store_agent.storage import storage as storage_module
from sync import outbox, push, upkeep
from sync.feed import HttpFeed
from sync.reference_platform import NoRules, PlatformStore
from sync.reference_platform.app import Platform, create_app
from sync.transports.http import HttpLine
from sync.transports.platform_http import PlatformHttpTransport
from sync.true_time import PlatformClock
from sync.worker import Delivery, Ends, SyncWorker

SECRET = "platform-token"
SCANS = 60
CACHED = [customer(), wallet_pass()]
POINTS = (
    "send asked",  # the batch is made, nothing has left the box
    "send taken",  # the platform has it, no answer has come
    "send answered",  # 2xx has come, the position is where it was
    "note done",  # the position is moved inside a transaction that is not kept
    "note kept",  # the position is durable, nothing is deleted
    "purge done",  # rows are deleted inside a transaction that is not kept
    "vacuum begun",  # pages are being given back to the disk
    "snapshot built",  # the new cache lies beside the old one
    "snapshot swapped",  # it has the old one's name, nobody has opened it
)


class Fate:
    """Ends the process at its point."""

    def __init__(self, point: str) -> None:
        self.point = point

    def strike(self, at: str) -> None:
        if at == self.point:
            os.kill(os.getpid(), signal.SIGKILL)

    def lie_in_wait(self) -> None:
        """Put the points on the seams of the box."""
        settle, note = push.Pusher._settle, push._note
        purge, vacuum, replace = outbox.purge, outbox.vacuum, Path.replace

        async def settled(this: push.Pusher) -> None:
            had_any = bool(this._unsettled)
            await settle(this)
            if had_any:
                self.strike("note kept")

        def noted(*values: Any) -> None:
            note(*values)
            self.strike("note done")

        def purged(tx: outbox.Connection, limit: int) -> int:
            gone = purge(tx, limit)
            self.strike("purge done")
            return gone

        def vacuumed(tx: outbox.Connection, pages: int) -> None:
            vacuum(tx, pages)
            self.strike("vacuum begun")

        def replaced(path: Path, target: Path) -> Path:
            if Path(target).name == "cache.db":
                self.strike("snapshot built")
                replace(path, target)
                self.strike("snapshot swapped")
            return replace(path, target) if path.exists() else Path(target)

        push.Pusher._settle, push._note = settled, noted
        outbox.purge, outbox.vacuum = purged, vacuumed
        storage_module.Path.replace = replaced


class Line(httpx.AsyncBaseTransport):
    """The way to the platform, with a point before and behind each batch of events."""

    def __init__(self, inner: httpx.AsyncBaseTransport, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        carries_events = request.method == "POST" and request.url.path.endswith("/events")
        if carries_events:
            self._fate.strike("send asked")
        response = await self._inner.handle_async_request(request)
        if carries_events:
            self._fate.strike("send taken")
        return response


class Struck(PlatformHttpTransport):
    """The real transport, with a point behind its answer."""

    fate = Fate("")

    async def send(self, batch: Any) -> Any:
        results = await super().send(batch)
        self.fate.strike("send answered")
        return results


@asynccontextmanager
async def new_shop(folder: Path) -> AsyncIterator[Shop]:
    """The real agent, with nothing in its cache but what the platform brings."""
    own = frozenset(LOOPBACK)
    addresses = app.Addresses("http://127.0.0.1", "https://shop.test", folder / "ca.crt", own)
    agent = app.build(settings(folder), ManualClock(), addresses)
    transport = httpx.ASGITransport(agent.web, raise_app_exceptions=False)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            yield Shop(agent, agent.clock, client)
    finally:
        await agent.storage.close()


@asynccontextmanager
async def syncing(folder: Path, running: Shop, fate: Fate) -> AsyncIterator[SyncWorker]:
    """The worker over the real ledger and cache, and the platform's file in `folder`."""
    store, agent, clock = PlatformStore(folder / "platform.db"), running.agent, running.clock
    if store.count("customers") == 0:
        for kind, key, doc in CACHED:
            store.put(kind, key, doc)
    platform = Platform(store, SECRET, clock.now, NoRules())
    door = create_app(platform)

    async def with_state(scope: Any, receive: Any, send: Any) -> None:
        await door(scope | {"state": {"platform": platform, "line": platform.line}}, receive, send)

    def line() -> HttpLine:
        asgi = httpx.ASGITransport(with_state)
        return HttpLine("http://platform", SECRET, clock.now, Line(asgi, fate))

    transport = Struck(line(), STORE, agent.storage.epoch)
    transport.fate = fate
    delivery = Delivery(outbox.PLATFORM, transport, from_start=True)
    ends = Ends((delivery,), HttpFeed(line(), STORE), SyncLedger(agent.storage), agent.cache)
    times = PlatformClock(boot_id(), clock.now, clock.monotonic)
    worker = SyncWorker(ends, Real(running), Random(1), 0.01, platform_clock=times)
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        store.close()


class Real:
    """Pauses are real, whatever the shop's clock says."""

    def __init__(self, running: Shop) -> None:
        self.now = running.clock.now
        self.monotonic = asyncio.get_running_loop().time


async def drained(running: Shop, worker: SyncWorker) -> None:
    """Until the platform has everything and the cache is filled."""
    await sent(running, worker)

    async def is_copied() -> bool:
        return await running.agent.cache.cursor() is not None

    await _until(is_copied)


async def sent(running: Shop, worker: SyncWorker) -> None:
    """Until the platform has everything."""
    worker.nudge()

    def all_sent(view: View) -> bool:
        known = outbox.configured(view.ledger)
        return bool(known) and outbox.backlog(view.ledger).count == 0

    async def is_done() -> bool:
        return await running.agent.storage.read(all_sent)

    await _until(is_done)


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await condition():
            await asyncio.sleep(0.01)


async def clean_up(running: Shop) -> None:
    """What the agent's loop does every few seconds, until nothing is left to do."""
    await running.agent.outbox.round()


async def main(folder: Path, point: str) -> None:
    upkeep.KEPT_PAGES, upkeep.VACUUM_PAGES = 0, 1  # a young ledger has few pages to give back
    fate = Fate(point)
    async with new_shop(folder) as running:
        for n in range(SCANS):
            answer = await running.scan("MEMBER-1" + "x" * 900, scan_id=f"scan-{n}")
            if answer.status_code == 200:
                os.write(1, f"scan-{n}\n".encode())
        fate.lie_in_wait()
        async with syncing(folder, running, fate) as worker:
            await drained(running, worker)
            await clean_up(running)
    raise AssertionError("the process should be dead")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
