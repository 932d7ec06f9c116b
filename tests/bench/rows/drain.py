"""Draining the outbox, beside plain httpx posting the same batches, ready-made.

The ledger is the production one, encrypted.
"""

from __future__ import annotations

import shutil

from store_agent import app
from store_agent.clock import SystemClock
from sync.push import BATCH
from tests.bench import backlogs, draining
from tests.bench.places import KEPT
from tests.bench.report import Result, at_least_share

EVENTS = 60 * BATCH
ROUNDS = 5
BUDGET = 0.5


async def measure() -> list[Result]:
    """Events per second."""
    folder = KEPT / "drain"
    shutil.rmtree(folder, ignore_errors=True)
    clock = SystemClock()
    storage = app.open_files(backlogs.settings(folder), clock)
    try:
        await backlogs.fill(storage, EVENTS, clock.now())
        found = await draining.compare(storage, EVENTS, ROUNDS)
    finally:
        await storage.close()
    note = f"{EVENTS:,} events in batches of {BATCH}, {ROUNDS} rounds, encrypted ledger"
    return [at_least_share("drain", "events/s", found.drained, found.plain, BUDGET, note)]
