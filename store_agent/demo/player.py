"""Plays the plan against a running agent: patient with one that is away, and never in its way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Protocol
from uuid import uuid4

import httpx

from pos_adapters.hook import Refused, TillOffline
from pos_adapters.simulated import BasketLine, SimulatedTill, TillSale
from store_agent.clock import Clock
from store_agent.demo.plan import Checkout, Code, Door, Step
from store_agent.domain.catalog import Rotation, TotpField
from store_agent.identity.rotating import code_at

MAX_PEOPLE_AT_ONCE = 64  # scans under way; more would only queue up in front of an agent that hangs
MAX_UNSENT_SALES = 500  # per till; then it closes until the agent takes sales again
MAX_LAG_S = 5.0  # behind the plan by more (a suspended laptop): go on from now, do not catch up
SCAN_TIMEOUT_S = 3.0
SCAN_RETRY_WAITS_S = (0.3, 1.0, 2.0)  # nobody holds a phone up for longer
SALE_RETRY_WAIT_S = 2.0

log = logging.getLogger(__name__)


class Scanner(Protocol):
    """A serial scanner."""

    def scan(self, text: str) -> bool:
        """Read one code; False when nobody takes it."""


class Player:
    """Customers and cashiers. One `play` per object."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        tills: Mapping[str, SimulatedTill],
        scanner: Scanner | None,
        clock: Clock,
    ) -> None:
        """`client` knows the agent's address and bears a token that may scan."""
        self._client = client
        self._tills = tills
        self._scanner = scanner
        self._clock = clock
        self._unsent: dict[str, asyncio.Queue[TillSale]] = {}
        self._people: set[asyncio.Task[None]] = set()
        self._refusals: set[int] = set()

    async def play(self, steps: Iterable[Step], speed: float, stop: asyncio.Event) -> None:
        """Go through `steps` at `speed` until they end or `stop` is set; then leave at once."""
        self._unsent = {till: asyncio.Queue(MAX_UNSENT_SALES) for till in self._tills}
        async with asyncio.TaskGroup() as group:
            cashiers = [group.create_task(self._cashier(till)) for till in self._tills]
            await self._follow(steps, speed, stop, group)
            for task in (*cashiers, *self._people):
                task.cancel()

    async def _follow(
        self,
        steps: Iterable[Step],
        speed: float,
        stop: asyncio.Event,
        group: asyncio.TaskGroup,
    ) -> None:
        start_s = self._clock.monotonic()
        for step in steps:
            wait_s = start_s + step.at_s / speed - self._clock.monotonic()
            if wait_s < -MAX_LAG_S:
                start_s -= wait_s
            if await is_set_within(stop, wait_s):
                return
            if len(self._people) < MAX_PEOPLE_AT_ONCE:
                person = group.create_task(self._act(step))
                self._people.add(person)
                person.add_done_callback(self._people.discard)

    async def _act(self, step: Step) -> None:
        if isinstance(step, Checkout):
            await self._check_out(step)
        elif step.door is Door.SERIAL and self._scanner is not None:
            self._scanner.scan(self._text(step.code))
        else:
            await self._scan(step.lane, self._text(step.code))

    async def _check_out(self, step: Checkout) -> None:
        unsent = self._unsent[step.till]
        if unsent.full():
            return
        customer = await self._scan(step.till, self._text(step.code)) if step.code else None
        lines = [
            BasketLine(ware.sku, 1, ware.price_minor, ware.title, ware.category)
            for ware in step.wares
        ]
        till = self._tills[step.till]
        priced = await till.price(lines, customer)
        sale = till.ring_up(lines, customer, step.tender, priced)
        if not unsent.full():  # it may have filled up while the pass was scanned
            unsent.put_nowait(sale)

    async def _cashier(self, till: str) -> None:
        """Sends the sales of one till in order; each stays until the agent has taken it."""
        while True:
            sale = await self._unsent[till].get()
            while True:
                if await self._commit(till, sale):
                    break
                await asyncio.sleep(SALE_RETRY_WAIT_S)

    async def _commit(self, till: str, sale: TillSale) -> bool:
        try:
            await self._tills[till].commit(sale)
        except TillOffline:
            return False
        except Refused as error:
            self._note_refusal(error.status, "a sale")
        return True

    async def _scan(self, lane: str, text: str) -> str | None:
        """Show a code over HTTP; the customer's id when the agent names somebody."""
        body = {
            "lane": lane,
            "data": text,
            "scan_id": str(uuid4()),
            "scanned_at": self._clock.now().isoformat(),
        }
        for wait_s in (*SCAN_RETRY_WAITS_S, None):
            answer = await self._post_scan(body)
            if answer is not None:
                customer = answer.get("customer") or {}
                return customer.get("id")
            if wait_s is not None:
                await asyncio.sleep(wait_s)
        return None

    async def _post_scan(self, body: Mapping[str, str]) -> dict[str, Any] | None:
        """One try; None asks for another one."""
        try:
            response = await self._client.post("/api/v1/scans", json=body, timeout=SCAN_TIMEOUT_S)
        except httpx.RequestError:
            return None
        if response.is_server_error:
            return None
        if response.is_success:
            return dict(response.json())
        self._note_refusal(response.status_code, "a scan")
        return {}

    def _text(self, code: Code) -> str:
        shown = code.rotation
        if shown is None:
            return code.data
        rotation = Rotation(
            shown.pattern, shown.period_ms, (TotpField(shown.key, shown.value_length),)
        )
        return code_at(rotation, self._clock.now() - timedelta(seconds=code.age_s))

    def _note_refusal(self, status: int, what: str) -> None:
        """Say each kind of refusal once: it means a wrong setting, not a busy shop."""
        if status not in self._refusals:
            self._refusals.add(status)
            log.warning("the agent refused %s with status %s", what, status)


async def is_set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for `event`, at most so long; whether it is set."""
    if seconds <= 0:  # behind the plan: `wait_for` would not even look at the event
        await asyncio.sleep(0)
        return event.is_set()
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
