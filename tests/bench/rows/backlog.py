"""A million events that wait: the start and the memory must not notice.

The platform is configured but away, as when a backlog grows. A, B, A, B.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from tests.bench.backlogs import backlog
from tests.bench.processes import agent, write_config
from tests.bench.report import Result, at_most_times, information, median
from tests.bench.shop import STORE_ID

EVENTS = int(os.environ.get("BENCH_EVENTS", "1000000"))
ROUNDS = 5
# "Independent" within what two starts of the same thing differ by on a shared machine.
START_BUDGET, MEMORY_BUDGET = 1.2, 1.05
SETTLE_S = 1.0  # the sync worker has counted the backlog by then
NOBODY = "http://127.0.0.1:9"  # discard: nothing listens there


async def measure() -> list[Result]:
    """Seconds, and MiB."""
    empty = write_config(await backlog(0), STORE_ID, NOBODY)
    full = write_config(await backlog(EVENTS), STORE_ID, NOBODY)
    rounds = [(await _start(empty), await _start(full)) for _ in range(ROUNDS + 1)][1:]
    starts = [(a[0], b[0]) for a, b in rounds]
    memory = [(a[1], b[1]) for a, b in rounds]
    killed = [await _start_after_kill(config) for config in (empty, full)]
    empty_s, full_s = (median(times) for times in zip(*starts, strict=True))
    empty_mib, full_mib = (median(sizes) for sizes in zip(*memory, strict=True))
    note = f"{EVENTS:,} events; baseline: an empty ledger"
    return [
        at_most_times("backlog.start", "s", full_s, empty_s, START_BUDGET, note),
        at_most_times("backlog.memory", "MiB", full_mib, empty_mib, MEMORY_BUDGET),
        information(
            "backlog.start_after_kill", "s", killed[1], killed[0], "after kill -9 both are checked"
        ),
    ]


async def _start(config: Path) -> tuple[float, float]:
    """Seconds until it serves, MiB once it has settled."""
    async with agent(config) as running:
        await asyncio.sleep(SETTLE_S)
        return running.started_s, running.memory_mib()


async def _start_after_kill(config: Path) -> float:
    async with agent(config) as running:
        running.process.kill()
        await running.process.wait()
    began = time.perf_counter()
    async with agent(config):
        return time.perf_counter() - began
