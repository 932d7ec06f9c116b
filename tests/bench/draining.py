"""An outbox drained by the production code, beside plain httpx posting the same, ready-made."""

from __future__ import annotations

import gc
import sys
import time
from dataclasses import dataclass
from random import Random

import httpx
import zstandard

from store_agent.app.feed import SyncLedger
from store_agent.app.root import ALLOCATIONS_PER_COLLECTION
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
from tests.bench.processes import serving
from tests.bench.report import median
from tests.bench.shop import STORE_ID

EPOCH = "epoch"
PATH = f"/v1/stores/{STORE_ID}/events"


@dataclass(frozen=True, slots=True)
class Speeds:
    """Events per second, the median of some rounds."""

    drained: float
    plain: float


async def compare(storage: Storage, events: int, rounds: int) -> Speeds:
    """Drain what `storage` holds again and again; one receiver in its own process takes both."""
    plain, drained = [], []
    bodies = await storage.read(lambda view: _bodies(view.ledger))
    gc.collect()
    gc.freeze()  # as the running agent does
    gc.set_threshold(ALLOCATIONS_PER_COLLECTION)
    async with serving(sys.executable, "-m", "tests.bench.receiver") as receiver:
        for _ in range(rounds):
            plain.append(await _post(receiver.url, bodies))
            drained.append(await _drain(receiver.url, storage))
    return Speeds(events / median(drained), events / median(plain))


def _bodies(ledger: outbox.Connection) -> list[bytes]:
    """Every batch as it goes over the wire."""
    source = f"/stores/{STORE_ID}/{EPOCH}"
    pages = backlogs.pages(ledger, BATCH)
    return [zstandard.compress(encode_batch(page, source), ZSTD_LEVEL) for page in pages]


def rewind(tx: outbox.Connection) -> None:
    """As if nothing had been delivered."""
    tx.execute("DELETE FROM outbox_cursors")
    outbox.enrol(tx, {outbox.PLATFORM: True})


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
    await storage.write(rewind)
    transport = PlatformHttpTransport(HttpLine(url, "token", clock.now), STORE_ID, EPOCH)
    ledger, board = SyncLedger(storage), StatusBoard(clock.now)
    delivery = Delivery(outbox.PLATFORM, transport)
    pusher = Pusher(delivery, ledger, board, clock, lambda window_s: None, Random(1))
    await transport.send(await ledger.read(outbox.page))
    began = time.perf_counter()  # over a warm connection, as on the other side
    while await pusher.step():
        pass
    took_s = time.perf_counter() - began
    if (await ledger.read(outbox.backlog)).count:
        raise RuntimeError("not everything was delivered")
    await transport.close()
    return took_s
