"""Ledgers with events that wait, written by the production outbox; large ones are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import cycle, islice
from pathlib import Path

import orjson

from store_agent import app
from store_agent.clock import SystemClock
from store_agent.config import Settings, parse
from store_agent.domain.events import Event, EventType
from store_agent.domain.ids import new_id
from store_agent.outgoing import outgoing
from store_agent.storage import Connection, Storage
from sync import outbox, schema
from sync.outbox import OutboxEvent
from tests.bench.places import KEPT
from tests.bench.shop import STORE_ID

EVENTS_PER_COMMIT = 10_000
VISIT_ID = "01932b1e-7c3a-7cc0-9d55-0f2b8c5e6a11"
# As long as a usual `store.scan.recorded`.
SCAN = {
    "lane": "till-0",
    "door": "http",
    "kind": "static",
    "reason": None,
    "pass_id": "w-0000123-0",
    "visit_id": VISIT_ID,
    "scanned_at": None,
}
DATA = orjson.dumps(SCAN)
ZONE = {
    "fence_id": "ladies",
    "stay_id": "01932b1e-7c3a-7cc0-9d55-0f2b8c5e6a12",
    "visit_id": VISIT_ID,
    "confidence": "high",
    "reason": None,
    "initial": False,
    "notify": False,
    "known_at": "2026-11-21T10:00:00.000000Z",
}
LINE = {"line_id": "1", "article": "4001234567890", "qty": "1", "amount_minor": 4995}
SALE = {
    "txn_id": "till-0/2026-11-21/000123",
    "till": "till-0",
    "currency": "EUR",
    "total": 9990,
    "lines": [LINE, LINE],
    "tenders": [{"kind": "card", "amount_minor": 9990}],
    "receipt_number": "000123",
    "business_date": "2026-11-21",
}
EXPOSURE = {"offer_id": "o-17", "voucher_id": None, "verdict": "offered"}
# What happens in a shop, out of twenty events: who comes in, where they go, what they buy.
USUAL_DAY: tuple[tuple[EventType, dict[str, object]], ...] = (
    *[(EventType.SCAN_RECORDED, SCAN)] * 5,
    *[(EventType.VISIT_STARTED, {"visit_id": VISIT_ID, "lane": "", "evidence": "scan"})] * 2,
    *[(EventType.OFFER_EXPOSED, {"visit_id": VISIT_ID, "exposures": [EXPOSURE] * 3})] * 2,
    *[(EventType.ZONE_ENTERED, ZONE), (EventType.ZONE_LEFT, ZONE)] * 3,
    *[(EventType.SALE_RECORDED, SALE)] * 2,
    *[(EventType.POINTS_ENTERED, {"entry_id": VISIT_ID, "kind": "earn", "points": 99})] * 2,
    (EventType.CONSENT_CHANGED, {"purpose": "clienteling", "state": "granted", "how": "tablet"}),
)


def settings(folder: Path) -> Settings:
    """An agent that stands alone."""
    return parse({"data": str(folder), "store": {"id": STORE_ID}})


async def fill(storage: Storage, events: int, at: datetime) -> None:
    """Put so many scans into the ledger."""
    await _put_all(
        storage,
        (
            OutboxEvent(new_id(), "store.scan.recorded", at, DATA, "c-0000123")
            for _ in range(events)
        ),
    )


async def live(storage: Storage, events: int, at: datetime) -> None:
    """Put so many events of usual days into the ledger, in both lanes and all classes."""
    await _put_all(
        storage,
        (
            outgoing(Event(new_id(), kind, at, data, f"c-{number % 5000:07}"))
            for number, (kind, data) in enumerate(islice(cycle(USUAL_DAY), events))
        ),
    )


async def backlog(events: int) -> Path:
    """A data folder whose outbox holds so many scans."""
    folder = KEPT / f"backlog-{events}-{_schema()}"
    storage = app.open_files(settings(folder), SystemClock())
    try:
        await storage.write(lambda tx: outbox.enrol(tx, {outbox.PLATFORM: True}))
        waiting = await storage.read(lambda view: outbox.backlog(view.ledger).count)
        await fill(storage, events - waiting, SystemClock().now())
    finally:
        await storage.close()
    return folder


async def _put_all(storage: Storage, events: Iterable[OutboxEvent]) -> None:
    left = iter(events)
    while some := list(islice(left, EVENTS_PER_COMMIT)):
        await storage.write(lambda tx, some=some: _put(tx, some))


def _put(tx: Connection, events: list[OutboxEvent]) -> None:
    for event in events:
        outbox.put(tx, event)


def _schema() -> str:
    """Another one for other tables: what is kept must fit the release."""
    return hashlib.sha256(repr(schema.MIGRATIONS).encode()).hexdigest()[:8]


def pages(ledger: outbox.Connection, limit: int) -> Iterator[list[outbox.OutboxRow]]:
    """Everything that is stored, in the order and the pieces in which it is sent."""
    for lane in outbox.Lane:
        after = 0
        while page := outbox.page(ledger, lane=lane, limit=limit, after_seq=after):
            yield page
            after = page[-1].seq
