"""Draining the outbox, beside plain httpx posting the same batches, ready-made.

One receiver in its own process takes both; the ledger is the production one, encrypted.
"""

from __future__ import annotations

import shutil
import sys
import time
from random import Random

import httpx
import zstandard

from store_agent import app
from store_agent.app.feed import SyncLedger
from store_agent.clock import SystemClock
from store_agent.storage import Storage
from sync import outbox
from sync.delivery import Delivery
from sync.push import BATCH, Pusher
from sync.status import StatusBoard
from sync.transports.http import HttpLine
from sync.transports.platform_http import (
    HEADERS,
    ZSTD_LEVEL,
    PlatformHttpTransport,
    encode_batch,
)
from tests.bench import backlogs
from tests.bench.places import KEPT
from tests.bench.processes import serving
from tests.bench.report import Result, at_least_share, median
from tests.bench.shop import STORE_ID

BATCHES = 60
ROUNDS = 5
BUDGET = 0.5
EPOCH = "epoch"
PATH = f"/v1/stores/{STORE_ID}/events"


async def measure() -> list[Result]:
    """Events per second."""
    folder = KEPT / "drain"
    shutil.rmtree(folder, ignore_errors=True)
    clock = SystemClock()
    storage = app.open_files(backlogs.settings(folder), clock)
    plain, drained = [], []
    try:
        await backlogs.fill(storage, BATCHES * BATCH, clock.now())
        await storage.write(_rewind)
        bodies = await storage.read(lambda view: _bodies(view.ledger))
        async with serving(sys.executable, "-m", "tests.bench.receiver") as receiver:
            for _ in range(ROUNDS):
                plain.append(await _post(receiver.url, bodies))
                drained.append(await _drain(receiver.url, storage))
                await storage.write(_rewind)
    finally:
        await storage.close()
    events = BATCHES * BATCH
    note = f"{events:,} events in batches of {BATCH}, {ROUNDS} rounds, encrypted ledger"
    value, baseline = events / median(drained), events / median(plain)
    return [at_least_share("drain", "events/s", value, baseline, BUDGET, note)]


def _rewind(tx: outbox.Connection) -> None:
    """As if nothing had been delivered."""
    tx.execute("DELETE FROM outbox_cursors")
    outbox.enrol(tx, {outbox.PLATFORM: True})


def _bodies(ledger: outbox.Connection) -> list[bytes]:
    """Every batch as it goes over the wire."""
    source = f"/stores/{STORE_ID}/{EPOCH}"
    pages = (
        outbox.page(ledger, limit=BATCH, after_seq=number * BATCH) for number in range(BATCHES)
    )
    return [zstandard.compress(encode_batch(page, source), ZSTD_LEVEL) for page in pages]


async def _post(url: str, bodies: list[bytes]) -> float:
    async with httpx.AsyncClient(base_url=url) as client:
        (await client.post(PATH, content=bodies[0], headers=HEADERS)).raise_for_status()
        began = time.perf_counter()
        for body in bodies:
            answer = await client.post(PATH, content=body, headers=HEADERS)
            answer.raise_for_status()
        return time.perf_counter() - began


async def _drain(url: str, storage: Storage) -> float:
    clock = SystemClock()
    transport = PlatformHttpTransport(HttpLine(url, "token", clock.now), STORE_ID, EPOCH)
    ledger, board = SyncLedger(storage), StatusBoard(clock.now)
    delivery = Delivery(outbox.PLATFORM, transport)
    pusher = Pusher(delivery, ledger, board, clock, lambda window_s: None, Random(1))
    await transport.send(await ledger.read(outbox.page))
    began = time.perf_counter()  # over a warm connection, as on the other side
    for _ in range(BATCHES):
        await pusher.step()
    took_s = time.perf_counter() - began
    if await ledger.read(outbox.position) != BATCHES * BATCH:
        raise RuntimeError("not everything was delivered")
    await transport.close()
    return took_s
