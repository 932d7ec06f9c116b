"""64 scans at a time over HTTP, beside a bare FastAPI endpoint doing one group-committed insert.

Both servers run throughout, each in its own process; the same client presses one, then the other.
"""

from __future__ import annotations

import itertools
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson

from store_agent.clock import SystemClock
from tests.bench.load import Load, post, press
from tests.bench.places import KEPT, SHOP_CUSTOMERS
from tests.bench.processes import agent, serving, write_config
from tests.bench.report import Result, at_least_share, percentile
from tests.bench.shop import LANE, STORE_ID, Shopper, sample_shop, shoppers

CONNECTIONS = 64
ROUNDS = 5
ROUND_S = 3.0
WARM_UP_S = 1.0
BUDGET = 0.5
REQUESTS_PER_ROUND = 8000  # more than any box answers in that time
TAIL = 0.99
MS = 1000.0


async def measure() -> list[Result]:
    """Answers per second."""
    made = await sample_shop(SHOP_CUSTOMERS)
    people = itertools.cycle(shoppers(made, step=1))
    config = write_config(made.folder, STORE_ID)
    command = (sys.executable, "-m", "tests.bench.bare", str(_empty_folder()))
    scans, inserts = [], []
    async with agent(config) as ours, serving(*command) as bare:
        for number in range(ROUNDS + 1):
            seconds = ROUND_S if number else WARM_UP_S
            bodies = list(_bodies(itertools.islice(people, REQUESTS_PER_ROUND)))
            paths = ((ours.port, "/api/v1/scans", scans), (bare.port, "/insert", inserts))
            for port, path, rounds in paths:
                requests = [post(path, body) for body in bodies]
                load = await press(port, iter(requests), CONNECTIONS, seconds)
                if number:
                    rounds.append(load)
    return [at_least_share("scan_http", "/s", _rate(scans), _rate(inserts), BUDGET, _note(scans))]


def _bodies(people: Iterator[Shopper]) -> Iterator[bytes]:
    """Made just before they are sent: rotating codes live for a minute."""
    now = SystemClock().now()
    for shopper in people:
        yield orjson.dumps({"lane": LANE, "data": shopper.shows(now)})


def _empty_folder() -> Path:
    folder = KEPT / "bare"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _rate(rounds: list[Load]) -> float:
    return sum(load.answered for load in rounds) / sum(load.seconds for load in rounds)


def _note(scans: list[Load]) -> str:
    latencies_ms = [s * MS for load in scans for s in load.latencies_s]
    client = max(load.client_cpu for load in scans)
    return (
        f"{CONNECTIONS} connections; a scan took {percentile(latencies_ms, 0.5):.0f} ms (p50), "
        f"{percentile(latencies_ms, TAIL):.0f} ms (p99); the client ate {client:.0%} of a core"
    )
