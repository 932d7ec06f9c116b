"""on_scan -> durable greeting, one at a time, beside a bare FULL commit of the very same rows.

After each scan the rows it wrote are read back (not timed) and committed to a second encrypted
ledger on the same disk by one plain transaction. A, B, A, B, so that both meet the same noise.
"""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from store_agent import app
from store_agent.app.doorway import LOOPBACK
from store_agent.clock import SystemClock
from store_agent.domain.scan import Scan, ScanSource
from store_agent.storage import Connection, keys, ledger, migrations
from store_agent.storage.connection import LEDGER_READER, LEDGER_WRITER, open_connection
from store_agent.storage.migrations import MigrationSet
from sync import outbox
from tests.bench.places import KEPT, MANY_CUSTOMERS
from tests.bench.report import Result, at_most_times, median, percentile
from tests.bench.shop import LANE, BenchShop, Shopper, sample_shop, shoppers

SCANS = 2000
WARM_UP = 200
MEDIAN_BUDGET, TAIL_BUDGET = 3.0, 5.0
TAIL = 0.99
CHECKPOINT_EVERY = 500  # the agent writes its log back off the hot path; so does the baseline
MS = 1000.0


@dataclass(frozen=True, slots=True)
class Written:
    """What one scan left in the ledger."""

    visits: Sequence[tuple[Any, ...]]
    events: Sequence[tuple[Any, ...]]


@dataclass(slots=True)
class Times:
    """Seconds of each scan and each bare commit, in order."""

    scans: list[float] = field(default_factory=list)
    commits: list[float] = field(default_factory=list)


async def measure() -> list[Result]:
    """p50 and p99 as multiples of the commit's."""
    made = await sample_shop(MANY_CUSTOMERS)
    times = await _interleaved(made)
    note = f"{made.customers:,} customers, {len(times.scans)} first scans of different ones"
    cost, floor = median(times.scans) * MS, median(times.commits) * MS
    tail = percentile(times.scans, TAIL) * MS
    tail_floor = percentile(times.commits, TAIL) * MS
    return [
        at_most_times("scan.p50", "ms", cost, floor, MEDIAN_BUDGET, note),
        at_most_times("scan.p99", "ms", tail, tail_floor, TAIL_BUDGET),
    ]


async def _interleaved(made: BenchShop) -> Times:
    settings = made.settings()
    addresses = app.Addresses("http://127.0.0.1", "", made.folder, frozenset(LOOPBACK))
    agent = app.build(settings, SystemClock(), addresses)
    key = keys.load_or_create_key(made.folder / "keys" / "db.key")
    reader = open_connection(made.folder / ledger.FILE, key, LEDGER_READER)
    twin = _twin(key)
    times = Times()
    everybody = shoppers(made, step=max(1, made.customers // (3 * (SCANS + WARM_UP))))
    try:
        for number, shopper in enumerate(itertools.islice(everybody, SCANS + WARM_UP)):
            before = _last_event(reader)
            scan_s, answer = await _scan(agent, shopper)
            commit_s = _commit(twin, _written(reader, before, answer["visit_id"]))
            if number >= WARM_UP:
                times.scans.append(scan_s)
                times.commits.append(commit_s)
            if number % CHECKPOINT_EVERY == 0:
                twin.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    finally:
        twin.close()
        reader.close()
        await agent.storage.close()
    return times


async def _scan(agent: app.Agent, shopper: Shopper) -> tuple[float, dict[str, Any]]:
    now = agent.clock.now()
    scan = Scan(lane=LANE, data=shopper.shows(now), source=ScanSource.HTTP, received_at=now)
    began = time.perf_counter()
    outcome = await agent.clienteling.on_scan(scan)
    took_s = time.perf_counter() - began
    answer = orjson.loads(outcome.answer)
    if answer["customer"] is None:
        raise RuntimeError(f"{shopper.customer_id} was not recognised: {answer['reason']}")
    return took_s, answer


def _twin(key: bytes) -> Connection:
    """A second ledger with the same tables."""
    folder = KEPT / "twin"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    twin = open_connection(folder / ledger.FILE, key, LEDGER_WRITER)
    migrations.apply(twin, [ledger.MIGRATIONS, MigrationSet("parts", outbox.MIGRATIONS)])
    return twin


def _last_event(reader: Connection) -> int:
    return reader.execute("SELECT max(seq) FROM outbox").fetchall()[0][0] or 0


def _written(reader: Connection, before: int, visit_id: str) -> Written:
    return Written(
        reader.execute("SELECT * FROM visits WHERE id = ?", (visit_id,)).fetchall(),
        reader.execute("SELECT * FROM outbox WHERE seq > ?", (before,)).fetchall(),
    )


def _commit(twin: Connection, rows: Written) -> float:
    began = time.perf_counter()
    twin.execute("BEGIN IMMEDIATE")
    for row in rows.visits:
        twin.execute("INSERT INTO visits VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    for row in rows.events:
        twin.execute("INSERT INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    twin.execute("COMMIT")
    return time.perf_counter() - began
