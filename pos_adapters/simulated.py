"""The simulated till: rings up baskets through the public hook only, like a real one.

It evaluates while articles are scanned, throws away answers to an older basket, holds what it
applies, and reports what happened until the agent has taken it.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx

from pos_adapters.hook import TIMEOUT_S, HookClient, HookError


@dataclass(frozen=True, slots=True)
class BasketLine:
    """One article in the basket; `unit_price` in minor units, negative `qty` for a return."""

    sku: str
    qty: int
    unit_price: int
    title: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The till's own count of its sales; (business_date, till, seq) never repeats."""

    number: str
    business_date: date
    till: str
    seq: int


@dataclass(frozen=True, slots=True)
class Priced:
    """What the hook made of a basket: held and taken off."""

    txn_id: str
    applied: tuple[tuple[str, int], ...] = ()  # offer id, amount in minor units
    reservation_id: str | None = None
    messages: tuple[dict[str, Any], ...] = ()

    @property
    def off_minor(self) -> int:
        """What the customer saves."""
        return sum(amount for _, amount in self.applied)


@dataclass(frozen=True, slots=True)
class TillSale:
    """A finished sale, complete and final: every commit of it sends the same bytes."""

    txn_id: str
    receipt: Receipt
    currency: str
    lines: tuple[BasketLine, ...]
    tender: str
    customer_ref: str | None = None
    applied: tuple[tuple[str, int], ...] = ()
    reservation_id: str | None = None

    @property
    def gross(self) -> int:
        """What was paid, in minor units."""
        full = sum(line.qty * line.unit_price for line in self.lines)
        return full - sum(amount for _, amount in self.applied)

    def body(self) -> dict[str, Any]:
        """The hook's commit body."""
        receipt = {**asdict(self.receipt), "business_date": self.receipt.business_date.isoformat()}
        return {
            "currency": self.currency,
            "customer_ref": self.customer_ref,
            "lines": _lines(self.lines),
            "receipt": receipt,
            "totals": {"gross": self.gross},
            "applied": [{"offer_id": one, "amount": amount} for one, amount in self.applied],
            "reservation_id": self.reservation_id,
            "tenders": [{"kind": self.tender, "amount": self.gross}],
        }


class SequenceFile:
    """A receipt counter that survives power loss: the next number is on disk before it is used."""

    def __init__(self, path: Path) -> None:
        """Go on from the number in `path`; a missing file starts at 1."""
        self._path = path

    def __call__(self) -> int:
        """The next number."""
        number = int(self._path.read_text()) + 1 if self._path.exists() else 1
        fresh = self._path.with_suffix(".new")
        with fresh.open("w") as file:
            file.write(str(number))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        return number


class SimulatedTill:
    """One till. Use as an async context manager; one sale at a time, like a cashier."""

    def __init__(  # noqa: PLR0913 - a till is wired once; all but the first four have defaults
        self,
        base_url: str,
        token: str,
        till_id: str,
        now: Callable[[], datetime],
        *,
        zone: ZoneInfo,
        currency: str = "EUR",
        next_seq: Callable[[], int] | None = None,
        new_id: Callable[[], str] = lambda: str(uuid4()),
        client: Callable[..., httpx.AsyncClient] = httpx.AsyncClient,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """`base_url` is the agent's; `next_seq` counts receipts, in memory unless given."""
        self.till_id = till_id
        self._now = now
        self._zone = zone
        self._currency = currency
        self._next_seq = next_seq or itertools.count(1).__next__
        self._new_id = new_id
        self._client = client(
            base_url=base_url, headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT_S
        )
        self._hook = HookClient(self._client, sleep)

    async def __aenter__(self) -> Self:
        """Switch on."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Switch off."""
        await self._client.aclose()

    async def identify(self, code: str, txn_id: str) -> str | None:
        """The reference of whoever showed this code, or None."""
        body = {"txn_id": txn_id, "till": self.till_id, "token": {"kind": "qr", "value": code}}
        told = await self._hook.ask("identify", body)
        ref = (told or {}).get("customer_ref")
        return ref if isinstance(ref, str) else None

    async def price(
        self,
        lines: Sequence[BasketLine],
        customer_ref: str | None = None,
        *,
        txn_id: str | None = None,
        codes: Sequence[str] = (),
        revision: int = 1,
    ) -> Priced:
        """Evaluate a basket and hold what may be applied without asking.

        Without an answer, or with one for another revision, the basket is sold without offers.
        Asking again with the next revision renews the hold of a parked basket.
        """
        txn_id = txn_id or self._new_id()
        body = {
            "revision": revision,
            "currency": self._currency,
            "customer_ref": customer_ref,
            "codes": list(codes),
            "lines": _lines(lines),
        }
        told = await self._hook.ask(f"baskets/{txn_id}/evaluate", body)
        if told is None or told.get("revision") != revision:
            return Priced(txn_id)
        messages = tuple(told["messages"])
        offers = {one["offer_id"]: one["amount"] for one in told["offers"] if one["prefilled"]}
        if not offers:
            return Priced(txn_id, messages=messages)
        try:
            held = await self._hook.change(
                f"baskets/{txn_id}/reserve",
                body | {"offers": list(offers)},
                f"{txn_id}:reserve:{revision}",
            )
        except HookError:
            return Priced(txn_id, messages=messages)
        applied = tuple((one, offers[one]) for one in held["granted"] if one in offers)
        return Priced(txn_id, applied, held["reservation_id"], messages)

    def ring_up(
        self,
        lines: Sequence[BasketLine],
        customer_ref: str | None = None,
        tender: str = "card",
        priced: Priced | None = None,
    ) -> TillSale:
        """Close a basket: give it its id and receipt number. Nothing is sent yet."""
        seq = self._next_seq()
        day = self._now().astimezone(self._zone).date()
        receipt = Receipt(f"{self.till_id}-{day:%Y%m%d}-{seq:06d}", day, self.till_id, seq)
        return TillSale(
            priced.txn_id if priced else self._new_id(),
            receipt,
            self._currency,
            tuple(lines),
            tender,
            customer_ref,
            priced.applied if priced else (),
            priced.reservation_id if priced else None,
        )

    async def commit(self, sale: TillSale) -> dict[str, Any]:
        """Report a sale and return the agent's answer; safe to repeat with the same sale.

        Raises TillOffline after some tries without an answer, Refused on any other status.
        """
        path = f"baskets/{sale.txn_id}/commit"
        return await self._hook.change(path, sale.body(), f"{sale.txn_id}:commit")

    async def void(self, txn_id: str, reason: str = "cancelled") -> dict[str, Any]:
        """Take a whole transaction back, before or after its commit. Raises as `commit`."""
        body = {"reason": reason}
        return await self._hook.change(f"baskets/{txn_id}/void", body, f"{txn_id}:void")

    async def take_back(
        self, sale: TillSale, line_number: int, qty: int, return_txn_id: str | None = None
    ) -> dict[str, Any]:
        """Some pieces of one line come back. Raises as `commit`."""
        return_txn_id = return_txn_id or self._new_id()
        line = sale.lines[line_number]
        body = {
            "return_txn_id": return_txn_id,
            "original": {"txn_id": sale.txn_id},
            "lines": [
                {
                    "original_line_id": str(line_number + 1),
                    "sku": line.sku,
                    "qty": str(qty),
                    "refund_amount": qty * line.unit_price,
                }
            ],
        }
        return await self._hook.change("returns", body, f"{return_txn_id}:return")

    async def upload(self, sales: Sequence[TillSale]) -> list[dict[str, Any]]:
        """Report all that happened while the agent was away; one result per sale."""
        items = [
            {
                "kind": "commit",
                "idempotency_key": f"{sale.txn_id}:commit",
                "txn_id": sale.txn_id,
                "body": sale.body(),
            }
            for sale in sales
        ]
        told = await self._hook.change("journal", {"items": items}, self._new_id())
        return list(told["results"])


def _lines(lines: Sequence[BasketLine]) -> list[dict[str, Any]]:
    return [
        {
            "line_id": str(position),
            "sku": line.sku,
            "qty": str(line.qty),
            "unit_price": line.unit_price,
        }
        | ({"category": [line.category]} if line.category else {})
        for position, line in enumerate(lines, start=1)
    ]
