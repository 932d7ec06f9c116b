"""Resident memory of the agent's process alone: the demo shop, line up, idle and while it scans.

The demo's platform is a process of its own and does not count.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from store_agent.clock import SystemClock
from tests.bench.load import Load, post, press
from tests.bench.places import KEPT, ROOT, SHOP_CUSTOMERS
from tests.bench.processes import memory_mib, stop
from tests.bench.report import Result, at_most
from tests.bench.shop import LANE, BenchShop, shoppers

BUDGET_MIB = 150.0
READY_S = 600.0  # the first time the platform is filled and a snapshot taken
IDLE_S = 5.0
LOAD_S = 15.0
CONNECTIONS = 16
SAMPLE_S = 0.2


async def measure() -> list[Result]:
    """MiB."""
    folder = KEPT / f"demo-{SHOP_CUSTOMERS}"
    if not (folder / "agent" / "cache.db").exists():
        async with _demo(folder):  # fills the platform and takes the snapshot
            pass
    async with _demo(folder) as demo:
        await asyncio.sleep(IDLE_S)
        idle = memory_mib(demo.pid)
        scanning = asyncio.create_task(_scan(demo))
        peak = idle
        while not scanning.done():
            peak = max(peak, memory_mib(demo.pid))
            await asyncio.sleep(SAMPLE_S)
        load = await scanning
    note = (
        f"{SHOP_CUSTOMERS:,} customers, demo shop; load: {load.rate:.0f} scans/s for {LOAD_S:g} s"
    )
    return [
        at_most("memory.idle", "MiB", idle, BUDGET_MIB, note),
        at_most("memory.load", "MiB", peak, BUDGET_MIB),
    ]


@dataclass(frozen=True, slots=True)
class Demo:
    """The agent's process, and what demo.json says."""

    pid: int
    facts: dict[str, Any]


async def _scan(demo: Demo) -> Load:
    """Different customers, one after the other, over some connections."""
    now = SystemClock().now()
    people = shoppers(BenchShop(Path(), SHOP_CUSTOMERS, now), step=1)
    bodies = (
        orjson.dumps({"lane": LANE, "data": one.shows(SystemClock().now())})
        for one in itertools.cycle(people)
    )
    requests = (post("/api/v1/scans", body, demo.facts["till_token"]) for body in bodies)
    port = int(demo.facts["url"].rsplit(":", 1)[1])
    return await press(port, requests, CONNECTIONS, LOAD_S)


@asynccontextmanager
async def _demo(folder: Path) -> AsyncIterator[Demo]:
    """`store-agent demo` without traffic; ready, that is with its cache filled."""
    folder.mkdir(parents=True, exist_ok=True)
    command = (sys.executable, "-m", "store_agent", "demo", "--no-traffic", "--port", "0")
    options = ("--data", str(folder), "--customers", str(SHOP_CUSTOMERS))
    process = await asyncio.create_subprocess_exec(*command, *options, stdout=DEVNULL, cwd=ROOT)
    try:
        async with asyncio.timeout(READY_S):
            facts = await _facts(folder / "demo.json", process)
        yield Demo(process.pid, facts)
    finally:
        await stop(process)


async def _facts(path: Path, process: Process) -> dict[str, Any]:
    while not path.exists():
        if process.returncode is not None:
            raise RuntimeError(f"the demo ended with {process.returncode}")
        await asyncio.sleep(SAMPLE_S)
    facts: dict[str, Any] = orjson.loads(path.read_bytes())
    return facts
