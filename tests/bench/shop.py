"""The sample shop in an agent's data folder, filled once through the production importer.

The documents are those of `store-agent demo`: customers with passes of all three kinds, vouchers,
purchases, offers. A later run uses the same cache with a fresh ledger.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import zstandard
from pydantic import TypeAdapter

from store_agent import app
from store_agent.clock import SystemClock
from store_agent.config import Settings, parse
from store_agent.demo import shop, wallet
from store_agent.demo.calendar import rfc3339
from store_agent.demo.people import People
from store_agent.domain.catalog import Rotation
from store_agent.domain.customer import Customer
from store_agent.domain.naming import why_unnamed
from store_agent.identity import signed
from store_agent.identity.rotating import code_at
from store_agent.storage import cache
from sync.snapshots import SnapshotPiece
from tests.bench.places import KEPT

SEED = 1
STORE_ID = "bench-01"
LANE = "till-0"
NOTE = "shop.json"
MAX_AGE = timedelta(days=30)  # older offers have run out, and a scan would have less to do
CHUNK_ROWS = 2000
REPORT_EVERY = 500_000

_read_customer = TypeAdapter(Customer).validate_python
_read_rotation = TypeAdapter(Rotation).validate_python


@dataclass(frozen=True, slots=True)
class BenchShop:
    """A filled data folder; `made_at` is the day its documents speak of."""

    folder: Path
    customers: int
    made_at: datetime

    def fresh_ledger(self) -> None:
        """Begin as a shop in which nothing has happened; the cache stays."""
        for path in self.folder.glob("ledger.db*"):
            path.unlink()
        (self.folder / "storage.lock").unlink(missing_ok=True)

    def settings(self, **sections: Any) -> Settings:
        """Settings of an agent over this folder; `sections` replace whole sections."""
        document: dict[str, Any] = {
            "data": str(self.folder),
            "store": {"id": STORE_ID, "lanes": [LANE]},
            "http": {"port": 0, "lan_port": 0},
        }
        return parse(document | sections)


async def sample_shop(customers: int) -> BenchShop:
    """The shop with so many customers; made now when there is none, or only an old one."""
    folder = KEPT / f"shop-{customers}"
    note = folder / NOTE
    now = SystemClock().now()
    found = _found(folder, customers, now) if note.exists() else None
    if found is not None:
        found.fresh_ledger()
        return found
    await _build(folder, customers, now)
    return BenchShop(folder, customers, now)


async def _build(folder: Path, customers: int, now: datetime) -> None:
    """Fill a new folder and put it in place; whoever interrupts this leaves nothing."""
    fresh = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=KEPT))
    made = BenchShop(fresh, customers, now)
    try:
        storage = app.open_files(made.settings(), SystemClock())
        try:
            await storage.import_snapshot(_snapshot(customers, now), _tell)
        finally:
            await storage.close()
        made.fresh_ledger()
        note = {"made_at": rfc3339(now), "schema": _schema()}
        (fresh / NOTE).write_bytes(orjson.dumps(note))
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def _found(folder: Path, customers: int, now: datetime) -> BenchShop | None:
    """The shop of an earlier run, unless its offers have run out or its tables are others."""
    known = orjson.loads((folder / NOTE).read_bytes())
    made_at = datetime.fromisoformat(known["made_at"])
    if now - made_at > MAX_AGE or known["schema"] != _schema():
        return None
    return BenchShop(folder, customers, made_at)


def _schema() -> str:
    return hashlib.sha256(repr(cache.MIGRATIONS.migrations).encode()).hexdigest()


async def _snapshot(customers: int, now: datetime) -> AsyncIterator[SnapshotPiece]:
    """The shop as the platform would send it."""
    offset = 0
    for data in snapshot_stream(customers, now):
        yield SnapshotPiece(data, offset)
        offset += len(data)


def snapshot_stream(customers: int, now: datetime) -> Iterator[bytes]:
    """The zstd NDJSON of the shop, in pieces."""
    compressor = zstandard.ZstdCompressor(level=1).compressobj()
    head = {"snapshot": {"total": customers, "as_of": rfc3339(now)}}
    lines = [orjson.dumps(head)]
    count = 0
    for collection, key, doc in shop.documents(SEED, customers, now):
        lines.append(orjson.dumps({"collection": collection, "key": key, "doc": doc}))
        count += 1
        if len(lines) >= CHUNK_ROWS:
            yield compressor.compress(b"\n".join(lines) + b"\n")
            lines.clear()
    lines.append(orjson.dumps({"cursor": "bench", "count": count}))
    yield compressor.compress(b"\n".join(lines) + b"\n") + compressor.flush()


def _tell(done: int, _total: int) -> None:
    if done and done % REPORT_EVERY == 0:
        sys.stderr.write(f"  building the sample shop: {done:,} documents\n")


@dataclass(frozen=True, slots=True)
class Shopper:
    """Somebody who agreed to be addressed, and the pass they carry."""

    customer_id: str
    first_name: str
    last_name: str
    message: str | None  # what a scan reads; None: it rotates
    rotation: Rotation | None

    def shows(self, at: datetime) -> str:
        """What a scanner reads at this moment."""
        if self.rotation is not None:
            return code_at(self.rotation, at)
        return self.message or ""


def shoppers(made: BenchShop, step: int, start: int = 0) -> Iterator[Shopper]:
    """Every `step`-th customer who may be named and has a valid pass, all kinds mixed."""
    people = People(SEED, shop.calendar(made.made_at))
    issuer = wallet.signing_key(SEED)
    for index in range(start, made.customers, step):
        file = people.file(index)
        customer = _read_customer(file.customer)
        current = file.passes[0]
        if why_unnamed(customer) or customer.states or current.keys() & {"voided", "valid_from"}:
            continue
        if "valid_until" in current:
            continue
        message = current.get("message")
        rotation = _read_rotation(current["rotation"]) if "rotation" in current else None
        if message is None and rotation is None:
            claims = signed.PassClaims(
                wallet.SIGNING_KEY_ID,
                current["id"],
                customer.id,
                made.made_at + timedelta(days=365),
            )
            message = signed.issue(claims, issuer)
        yield Shopper(customer.id, customer.first_name, customer.last_name, message, rotation)
