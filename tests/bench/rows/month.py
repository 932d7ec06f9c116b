"""Thirty days without a line at 5,000 events a day: start, memory, and the day it is back.

Events of all classes in both lanes, as they happen in a shop. Memory is the most the agent ever
had: from the start until the last event is delivered, beside an agent with nothing to send.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path

import httpx

from store_agent import app
from store_agent.clock import SystemClock
from tests.bench import backlogs, draining
from tests.bench.places import KEPT
from tests.bench.processes import (
    MONITOR_TOKEN,
    Running,
    agent,
    peak_memory_mib,
    serving,
    write_config,
)
from tests.bench.report import Result, at_least_share, at_most_times, median
from tests.bench.shop import STORE_ID

EVENTS = int(os.environ.get("BENCH_MONTH_EVENTS", "150000"))
START_ROUNDS, DRAIN_ROUNDS = 5, 3
START_BUDGET, MEMORY_BUDGET, DRAIN_BUDGET = 2.0, 1.1, 0.5
NOBODY = "http://127.0.0.1:9"  # discard: nothing listens there
SETTLE_S = 1.0
DRAINED_WITHIN_S = 180.0


async def measure() -> list[Result]:
    """Seconds, MiB, events per second."""
    empty, full = await _shop("month-empty", 0), await _shop("month", EVENTS)
    note = f"{EVENTS:,} events; baseline: an empty ledger"
    starts = [(await _start(empty), await _start(full)) for _ in range(START_ROUNDS)]
    empty_s, full_s = (median(times) for times in zip(*starts, strict=True))
    storage = app.open_files(backlogs.settings(full), SystemClock())
    try:
        speeds = await draining.compare(storage, EVENTS, DRAIN_ROUNDS)
        await storage.write(draining.rewind)
    finally:
        await storage.close()
    async with serving(sys.executable, "-m", "tests.bench.receiver") as receiver:
        empty_mib = await _peak(empty, receiver.url)
        full_mib = await _peak(full, receiver.url)
    return [
        at_most_times("month.start", "s", full_s, empty_s, START_BUDGET, note),
        at_most_times("month.memory", "MiB", full_mib, empty_mib, MEMORY_BUDGET),
        at_least_share("month.drain", "events/s", speeds.drained, speeds.plain, DRAIN_BUDGET),
    ]


async def _shop(name: str, events: int) -> Path:
    folder = KEPT / name
    shutil.rmtree(folder, ignore_errors=True)
    clock = SystemClock()
    storage = app.open_files(backlogs.settings(folder), clock)
    try:
        await backlogs.live(storage, events, clock.now())
    finally:
        await storage.close()
    return folder


async def _start(folder: Path) -> float:
    async with agent(write_config(folder, STORE_ID, NOBODY)) as running:
        return running.started_s


async def _peak(folder: Path, platform_url: str) -> float:
    """The most memory of an agent that sends all it has."""
    async with agent(write_config(folder, STORE_ID, platform_url)) as running:
        await asyncio.sleep(SETTLE_S)
        async with asyncio.timeout(DRAINED_WITHIN_S):
            while await _waiting(running):
                await asyncio.sleep(SETTLE_S)
        return peak_memory_mib(running.process.pid)


async def _waiting(running: Running) -> float:
    headers = {"authorization": f"Bearer {MONITOR_TOKEN}"}
    async with httpx.AsyncClient(base_url=running.url, headers=headers) as client:
        text = (await client.get("/metrics")).text
    found = [line for line in text.splitlines() if line.startswith(GAUGE)]
    return float(found[0].split()[-1])


GAUGE = "store_agent_outbox_events "
