"""From the command to "ready", beside a Python that only imports what others wrote.

The baseline imports the third-party modules that `store-agent run` has loaded by the time it is
told to run, in the same order; whatever our own code costs is on our side.
"""

from __future__ import annotations

import asyncio
import sys
import time
from asyncio.subprocess import PIPE
from pathlib import Path

import httpx

from tests.bench.places import ROOT, SHOP_CUSTOMERS
from tests.bench.processes import MONITOR_TOKEN, agent, write_config
from tests.bench.report import Result, at_most_times, median
from tests.bench.shop import STORE_ID, sample_shop

ROUNDS = 7
BUDGET = 2.0

LIST_MODULES = """
import sys
import store_agent.cli, store_agent.config, store_agent.commands.run
for name, module in list(sys.modules.items()):
    if "site-packages" in (getattr(module, "__file__", None) or ""):
        print(name)
"""
IMPORT_MODULES = """
import importlib
for name in {names!r}:
    importlib.import_module(name)
"""


async def measure() -> list[Result]:
    """Seconds."""
    made = await sample_shop(SHOP_CUSTOMERS)
    config = write_config(made.folder, STORE_ID)
    names = (await _python(LIST_MODULES)).decode().split()
    script = IMPORT_MODULES.format(names=names)
    starts, imports = [], []
    for number in range(ROUNDS + 1):
        import_s = await _timed(script)
        start_s = await ready_after(config)
        if number:  # the first round only warms the disk
            imports.append(import_s)
            starts.append(start_s)
    note = f"{made.customers:,} customers; {len(names)} third-party modules; {ROUNDS} rounds"
    return [at_most_times("start", "s", median(starts), median(imports), BUDGET, note)]


async def ready_after(config: Path) -> float:
    """Seconds from the command until /readyz says 200."""
    began = time.perf_counter()
    async with agent(config) as running, httpx.AsyncClient() as client:
        headers = {"Authorization": f"Bearer {MONITOR_TOKEN}"}
        answer = await client.get(f"{running.url}/readyz", headers=headers)
        answer.raise_for_status()
        return time.perf_counter() - began


async def _timed(script: str) -> float:
    began = time.perf_counter()
    await _python(script)
    return time.perf_counter() - began


async def _python(script: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=PIPE, cwd=ROOT
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"the script ended with {process.returncode}")
    return output
