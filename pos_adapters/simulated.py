"""The simulated till: rings up baskets and reports them through the public hook, like a real one.

TillError
├── TillOffline     the agent did not take the sale (yet); commit the same sale again later
└── SaleRefused     the agent will never take this sale; its answer says why
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

TIMEOUT_S = 5.0
# Waits between tries of one commit; afterwards the till keeps the sale and its caller tries later.
RETRY_WAITS_S = (0.1, 0.4, 1.0, 2.0)
# No answer, or one that says "not now": the same sale may be sent again, never another one.
_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


class TillError(Exception):
    """Base of what can go wrong; `permanent` says that trying again cannot help."""

    permanent = True
    hint = ""


class TillOffline(TillError):
    """The agent did not take the sale; it is not lost: commit it again later."""

    permanent = False
    hint = "Is the store agent running, and is its address right?"


class SaleRefused(TillError):
    """The agent answered that it will never take this sale."""

    def __init__(self, status: int, body: str) -> None:
        """Keep the HTTP status and the problem the agent described."""
        super().__init__(f"the agent refused the sale with {status}: {body[:500]}")
        self.status = status
        self.hint = "Check the till's token, and the basket against the hook's contract."


@dataclass(frozen=True, slots=True)
class BasketLine:
    """One article in the basket; `unit_price` in minor units, negative `qty` for a return."""

    sku: str
    qty: int
    unit_price: int
    title: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The till's own count of its sales; (business_date, till, seq) never repeats."""

    number: str
    business_date: date
    till: str
    seq: int


@dataclass(frozen=True, slots=True)
class TillSale:
    """A finished sale, complete and final: every commit of it sends the same bytes."""

    txn_id: str
    receipt: Receipt
    currency: str
    lines: tuple[BasketLine, ...]
    tender: str
    customer_ref: str | None = None

    @property
    def gross(self) -> int:
        """What was paid, in minor units."""
        return sum(line.qty * line.unit_price for line in self.lines)

    def body(self) -> dict[str, Any]:
        """The hook's commit body."""
        receipt = {**asdict(self.receipt), "business_date": self.receipt.business_date.isoformat()}
        return {
            "currency": self.currency,
            "customer_ref": self.customer_ref,
            "lines": [
                {
                    "line_id": str(position),
                    "sku": line.sku,
                    "qty": str(line.qty),
                    "unit_price": line.unit_price,
                }
                for position, line in enumerate(self.lines, start=1)
            ],
            "receipt": receipt,
            "totals": {"gross": self.gross},
            "applied": [],
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
        self._sleep = sleep
        self._client = client(
            base_url=base_url, headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT_S
        )

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

    def ring_up(
        self, lines: Sequence[BasketLine], customer_ref: str | None = None, tender: str = "card"
    ) -> TillSale:
        """Close a basket: give it its id and receipt number. Nothing is sent yet."""
        seq = self._next_seq()
        day = self._now().astimezone(self._zone).date()
        receipt = Receipt(f"{self.till_id}-{day:%Y%m%d}-{seq:06d}", day, self.till_id, seq)
        return TillSale(self._new_id(), receipt, self._currency, tuple(lines), tender, customer_ref)

    async def commit(self, sale: TillSale) -> dict[str, Any]:
        """Report a sale and return the agent's answer; safe to repeat with the same sale.

        Raises TillOffline after some tries without an answer, SaleRefused on any other status.
        """
        for wait_s in (*RETRY_WAITS_S, None):
            response = await self._post(sale)
            if response is not None and response.status_code not in _TRY_AGAIN:
                return _answer(response)
            if wait_s is not None:
                await self._sleep(wait_s)
        raise TillOffline("the agent does not answer")

    async def _post(self, sale: TillSale) -> httpx.Response | None:
        """One try; None when nothing usable came back."""
        try:
            return await self._client.post(
                f"/pos/v1/baskets/{sale.txn_id}/commit",
                json=sale.body(),
                headers={"Idempotency-Key": f"{sale.txn_id}:commit"},
            )
        except httpx.TransportError:
            return None


def _answer(response: httpx.Response) -> dict[str, Any]:
    if response.status_code != httpx.codes.OK:
        raise SaleRefused(response.status_code, response.text)
    answer = response.json()
    if not isinstance(answer, dict):
        raise SaleRefused(response.status_code, "the answer is no JSON object")
    return answer
