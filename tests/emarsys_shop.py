"""A shop with an Emarsys account, without sockets: rows, clocks, a ledger, and the fake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from sync.fake_emarsys import Account, FakeWire, Fault, LineFault
from sync.fakes import PlainLedger
from sync.outbox import OutboxRow
from sync.transports.base import EventResult, Transport
from sync.transports.emarsys import kind, sent_sales
from sync.transports.emarsys.settings import Settings
from sync.transports.table import Surroundings

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
KEY = "Customer number"
ANNA, BEN, NOBODY = "c-anna", "c-ben", "c-nobody"
COLUMNS = {"merchant_id": "merchant", "token": "sales-token", "url": "http://emarsys"}


@dataclass(slots=True)
class Clock:
    """The box's and Emarsys' time, moved by the test. `skew` is how wrong the box's is."""

    at: datetime = AT
    skew: timedelta = timedelta(0)
    monotonic_s: float = 1000.0

    def now(self) -> datetime:
        return self.at + self.skew

    def server_now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.monotonic_s

    def pass_s(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.monotonic_s += seconds


@dataclass(slots=True)
class EmarsysShop:
    """`account` is what Emarsys holds; `line` what happens to the next requests."""

    clock: Clock = field(default_factory=Clock)
    path: Path | str = ":memory:"
    line: list[LineFault | Fault] = field(default_factory=list)
    account: Account = field(init=False)
    ledger: PlainLedger = field(init=False)
    key: str = field(init=False)

    def __post_init__(self) -> None:
        self.account = Account(self.clock.server_now)
        self.key = self.account.add_field(KEY)
        for customer in (ANNA, BEN):
            self.account.create({self.key: customer})
        self.ledger = PlainLedger(self.path)
        if not self.ledger.connection.execute(
            "SELECT 1 FROM sqlite_master WHERE name = 'emarsys_sales'"
        ).fetchone():
            for _, script in sent_sales.MIGRATIONS:
                self.ledger.connection.executescript(script)

    def settings(self, **more: Any) -> Settings:
        given = {
            "client_id": "shop",
            "client_secret": "secret",
            "api_url": "http://emarsys",
            "token_url": "http://emarsys/oauth2/token",
            "key": KEY,
            "create_events": True,
            "requests_per_minute": 1000,
        }
        return Settings.model_validate(given | more)

    def around(self) -> Surroundings:
        return Surroundings(
            store_id="s1",
            epoch="e1",
            ledger=self.ledger,
            now=self.clock.now,
            monotonic=self.clock.monotonic,
            directory=Path("unused"),
            currency="EUR",
            zone="Europe/Berlin",
        )

    def transport(self, **more: Any) -> Transport:
        return kind.build(self.settings(**more), self.around(), self.wire)

    def wire(self) -> FakeWire:
        return FakeWire(self.account, self.line)

    def effects(self) -> list[tuple[str, str, str]]:
        """What took effect: event, contact, trigger id."""
        return [(one.event, one.contact, one.trigger_id) for one in self.account.triggered]


def row(
    number: int,
    kind: str = "store.scan.recorded",
    subject: str | None = ANNA,
    offset_s: float | None = None,
    **data: Any,
) -> OutboxRow:
    """The event of this number."""
    return OutboxRow(
        seq=number,
        id=f"e{number:04}",
        type=kind,
        subject=subject,
        occurred_at="2026-11-21T09:41:00.123456Z",
        data=orjson.dumps(data),
        offset_s=offset_s,
    )


def consent(number: int, state: str, purpose: str = "marketing.email", **more: Any) -> OutboxRow:
    """An answer of a customer."""
    proof = {"how": "tablet", "text_version": "v3", "language": "de"}
    return row(number, "store.consent.changed", purpose=purpose, state=state, **proof, **more)


def sale(number: int, subject: str | None = ANNA, total: int = 4990, **more: Any) -> OutboxRow:
    """A sale of two articles, 10.00 and 39.90 in the currency."""
    lines = [
        {"line_id": "1", "sku": "sock", "qty": "2", "unit_price": 500},
        {"line_id": "2", "sku": "shirt", "qty": "1", "unit_price": 3990},
    ]
    given = {
        "txn_id": f"t{number}",
        "till": "till-1",
        "currency": "EUR",
        "total": total,
        "lines": lines,
        "tenders": [],
        "receipt_number": "17",
        "business_date": "2026-11-21",
    }
    return row(number, "store.sale.recorded", subject, **(given | more))


async def deliver(transport: Transport, rows: list[OutboxRow]) -> list[EventResult]:
    """All of them, in as many steps as it takes."""
    results: list[EventResult] = []
    while len(results) < len(rows):
        results += await transport.send(rows[len(results) :])
    return results


Make = Callable[..., EmarsysShop]
