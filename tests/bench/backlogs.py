"""Ledgers with events that wait, written by the production outbox; large ones are kept."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import orjson

from store_agent import app
from store_agent.clock import SystemClock
from store_agent.config import Settings, parse
from store_agent.domain.ids import new_id
from store_agent.storage import Connection, Storage
from sync import outbox
from sync.outbox import OutboxEvent
from tests.bench.places import KEPT
from tests.bench.shop import STORE_ID

EVENTS_PER_COMMIT = 10_000
# As long as a usual `store.scan.recorded`.
DATA = orjson.dumps(
    {
        "lane": "till-0",
        "door": "http",
        "kind": "static",
        "reason": None,
        "pass_id": "w-0000123-0",
        "visit_id": "01932b1e-7c3a-7cc0-9d55-0f2b8c5e6a11",
        "scanned_at": None,
    }
)


def settings(folder: Path) -> Settings:
    """An agent that stands alone."""
    return parse({"data": str(folder), "store": {"id": STORE_ID}})


async def fill(storage: Storage, events: int, at: datetime) -> None:
    """Put so many events into the ledger."""

    def put_some(tx: Connection, count: int) -> None:
        for _ in range(count):
            outbox.put(tx, OutboxEvent(new_id(), "store.scan.recorded", at, DATA, "c-0000123"))

    for start in range(0, events, EVENTS_PER_COMMIT):
        count = min(EVENTS_PER_COMMIT, events - start)
        await storage.write(lambda tx, count=count: put_some(tx, count))


async def backlog(events: int) -> Path:
    """A data folder whose outbox holds so many events."""
    folder = KEPT / f"backlog-{events}"
    storage = app.open_files(settings(folder), SystemClock())
    try:
        waiting = await storage.read(lambda view: outbox.backlog(view.ledger).count)
        await fill(storage, events - waiting, SystemClock().now())
    finally:
        await storage.close()
    return folder
