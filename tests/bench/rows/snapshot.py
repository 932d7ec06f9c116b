"""A snapshot into the cache beside the running service, and the scans that are served meanwhile.

The import is the production one: stream, child process, encrypted file, swap. Beside it the same
rows are written by nothing but SQLite, into equal tables of an encrypted file with equal settings
and at equal priority; only the time inside SQLite counts there, also for sorted words, so that the
bar is high.
"""

from __future__ import annotations

import asyncio
import gc
import io
import itertools
import os
import shutil
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import orjson

from store_agent import app
from store_agent.app.doorway import LOOPBACK
from store_agent.clock import SystemClock
from store_agent.domain.scan import Scan, ScanSource
from store_agent.storage import Connection, importer
from store_agent.storage.connection import Parameters, connect_sqlcipher
from sync.snapshots import SnapshotPiece
from tests.bench.places import KEPT, MANY_CUSTOMERS
from tests.bench.report import Result, at_least_share, at_most_times, percentile
from tests.bench.shop import LANE, BenchShop, Shopper, sample_shop, shoppers, snapshot_stream

SHARE_BUDGET, TAIL_BUDGET = 0.5, 3.0
TAIL = 0.99
OPEN_SHOP_CUSTOMERS = 20_000
IDLE_SCANS = 1000
PAUSE_S = 0.02  # fifty scans a second: more than any shop has
PIECE_BYTES = 64 * 1024
KEY = bytes(range(32))
MS = 1000.0


async def measure() -> list[Result]:
    """Customers a second beside bare SQLite, and p99 of scans beside an idle shop's."""
    stream = _stream(MANY_CUSTOMERS)
    made = await _open_shop()
    idle, busy, took_s = await _beside_scans(made, stream)
    bare_s = await asyncio.get_running_loop().run_in_executor(ThreadPoolExecutor(1), _bare, stream)
    note = f"{MANY_CUSTOMERS:,} customers with all they have; {len(busy)} scans meanwhile"
    rate, bare_rate = MANY_CUSTOMERS / took_s, MANY_CUSTOMERS / bare_s
    tail, idle_tail = percentile(busy, TAIL) * MS, percentile(idle, TAIL) * MS
    return [
        at_least_share("snapshot", "customers/s", rate, bare_rate, SHARE_BUDGET, note),
        at_most_times("snapshot.scan_p99", "ms", tail, idle_tail, TAIL_BUDGET),
    ]


def _stream(customers: int) -> Path:
    """The stream as the platform would send it, kept for later runs of the same size."""
    path = KEPT / f"snapshot-{customers}.zst"
    if not path.exists():
        fresh = path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.writelines(snapshot_stream(customers, SystemClock().now()))
        fresh.rename(path)
    return path


async def _open_shop() -> BenchShop:
    """A shop of its own: its cache is replaced."""
    made = await sample_shop(min(OPEN_SHOP_CUSTOMERS, MANY_CUSTOMERS))
    folder = KEPT / "snapshot-shop"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(made.folder, folder)
    return BenchShop(folder, made.customers, made.made_at)


@dataclass(slots=True)
class _Till:
    """One scan after another, each of somebody else."""

    agent: app.Agent
    queue: Iterator[Shopper]
    done: bool = False

    async def scan_until_done(self) -> list[float]:
        """Seconds of each scan."""
        times = []
        while not self.done:
            times.append(await self.scan(next(self.queue)))
            await asyncio.sleep(PAUSE_S)
        return times

    async def scan(self, shopper: Shopper) -> float:
        """Seconds to the durable greeting."""
        now = self.agent.clock.now()
        scan = Scan(lane=LANE, data=shopper.shows(now), source=ScanSource.HTTP, received_at=now)
        began = time.perf_counter()
        outcome = await self.agent.clienteling.on_scan(scan)
        took_s = time.perf_counter() - began
        if orjson.loads(outcome.answer)["customer"] is None:
            raise RuntimeError(f"{shopper.customer_id} was not recognised")
        return took_s


async def _beside_scans(made: BenchShop, stream: Path) -> tuple[list[float], list[float], float]:
    addresses = app.Addresses("http://127.0.0.1", "", made.folder, frozenset(LOOPBACK))
    agent = app.build(made.settings(), SystemClock(), addresses)
    till = _Till(agent, itertools.cycle(shoppers(made, step=2)))
    try:
        idle = []
        for _ in range(IDLE_SCANS):
            idle.append(await till.scan(next(till.queue)))
            await asyncio.sleep(PAUSE_S)
        scanning = asyncio.create_task(till.scan_until_done())
        began = time.perf_counter()
        await agent.cache.import_snapshot(_pieces(stream), lambda done, total: None)
        took_s = time.perf_counter() - began
        till.done = True
        return idle, await scanning, took_s
    finally:
        await agent.storage.close()


async def _pieces(stream: Path) -> AsyncIterator[SnapshotPiece]:
    """The stream with a name: what comes is kept, as over a real line."""
    offset = 0
    with stream.open("rb") as file:
        while data := file.read(PIECE_BYTES):
            yield SnapshotPiece(data, offset, "bench")
            offset += len(data)


class _Timed:
    """A connection that counts the seconds spent inside SQLite."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.spent_s = 0.0

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def execute(self, sql: str, params: Parameters = (), /) -> Any:
        began = time.perf_counter()
        try:
            return self._connection.execute(sql, params)
        finally:
            self.spent_s += time.perf_counter() - began

    def executemany(self, sql: str, params: Iterable[Parameters], /) -> Any:
        rows = list(params)  # whatever makes the rows is not SQLite's work
        began = time.perf_counter()
        try:
            return self._connection.executemany(sql, rows)
        finally:
            self.spent_s += time.perf_counter() - began

    def close(self) -> None:
        self._connection.close()


def _bare(stream: Path) -> float:
    """Seconds inside SQLite for the same rows."""
    target = KEPT / "snapshot-bare.db"
    target.unlink(missing_ok=True)
    os.nice(importer.LEAST_URGENT)  # this thread alone; as the import, or other work would decide
    timed = _Timed(connect_sqlcipher(target, KEY))
    gc.disable()
    try:
        with stream.open("rb") as source:
            importer.build(source, target, KEY, io.BytesIO(), connect=lambda *_: cast(Any, timed))
    finally:
        gc.enable()
        target.unlink(missing_ok=True)
    return timed.spent_s
