"""Look-ups that never hold anybody up: one budget, one question per person, a breaker.

Whoever waits waits `BUDGET_S` at most, and only while the platform answers in time. The first one
who waited in vain opens the breaker; from then on questions are asked in the background, seldom,
until one is answered in time. What comes too late for who asked is used all the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sync.errors import TransportError
from sync.feed import Change
from sync.lookup import ANSWER_S, Lookups, Wanted

log = logging.getLogger(__name__)

BUDGET_S = 0.3
MAX_IN_FLIGHT = 4
REMEMBERED_S = 300.0  # an answered question is not asked again: nobody is born that often
MAX_REMEMBERED = 2048
FIRST_PAUSE_S = 15.0  # of the breaker; doubled with each failure
LONGEST_PAUSE_S = 300.0


class Shelf(Protocol):
    """Where answers go."""

    def mark(self) -> int:
        """A mark of now, to be handed in with what is asked for from now on."""

    async def take(self, documents: Sequence[Change], mark: int, /) -> None:
        """Put documents in, less those that are older than what has come since `mark`."""


@dataclass(slots=True)
class LookupCounts:
    """What became of the questions since the start."""

    asked: int = 0
    found: int = 0
    unknown: int = 0
    late: int = 0  # nobody waited any more when the answer came
    failed: int = 0


class LookupDesk:
    """Asks for scans, tills and tablets. Belongs to the event loop."""

    def __init__(
        self,
        lookups: Lookups,
        shelf: Shelf,
        monotonic: Callable[[], float],
        is_online: Callable[[], bool],
    ) -> None:
        """Nobody is asked while `is_online` says no."""
        self._lookups = lookups
        self._shelf = shelf
        self._monotonic = monotonic
        self._is_online = is_online
        self._flights: dict[Wanted, asyncio.Task[bool]] = {}
        self._answered: OrderedDict[Wanted, float] = OrderedDict()
        self._failures = 0
        self._closed_at = 0.0  # when the breaker lets the next question through
        self.counts = LookupCounts()

    async def ask(self, wanted: Wanted, budget_s: float = BUDGET_S) -> bool:
        """Whether the shop knows more now than before; False at once when asking makes no sense."""
        is_trusted = self._failures == 0
        flight = self._flight(wanted)
        if flight is None or not is_trusted:
            return False
        done, _ = await asyncio.wait({flight}, timeout=budget_s)
        if done:
            return flight.result()
        self.counts.late += 1
        if self._failures == 0:  # of several who waited, one opens the breaker
            self._trip(None)
        return False

    def fetch(self, wanted: Wanted) -> bool:
        """Ask without waiting; whether an answer is under way."""
        return self._flight(wanted) is not None

    async def close(self) -> None:
        """Give up what is under way and let go of the line."""
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)
        await self._lookups.close()

    def _flight(self, wanted: Wanted) -> asyncio.Task[bool] | None:
        """The question about `wanted` that is under way, perhaps from now on."""
        flight = self._flights.get(wanted)
        if flight is not None or not self._may_ask(wanted):
            return flight
        self.counts.asked += 1
        flight = asyncio.create_task(self._run(wanted))
        self._flights[wanted] = flight
        flight.add_done_callback(lambda _: self._flights.pop(wanted, None))
        return flight

    def _may_ask(self, wanted: Wanted) -> bool:
        now = self._monotonic()
        if not self._is_online() or now < self._closed_at:
            return False
        limit = MAX_IN_FLIGHT if self._failures == 0 else 1
        return len(self._flights) < limit and now >= self._answered.get(wanted, now)

    async def _run(self, wanted: Wanted) -> bool:
        mark, began = self._shelf.mark(), self._monotonic()
        try:
            async with asyncio.timeout(ANSWER_S):
                documents = await self._lookups.find(wanted)
        except (TransportError, TimeoutError) as error:
            self.counts.failed += 1
            self._trip(error if isinstance(error, TransportError) else None)
            return False
        self._remember(wanted)
        if self._monotonic() - began <= BUDGET_S:
            self._failures, self._closed_at = 0, 0.0
        return await self._take(documents, mark)

    async def _take(self, documents: Sequence[Change], mark: int) -> bool:
        if not documents:
            self.counts.unknown += 1
            return False
        try:
            await self._shelf.take(documents, mark)
        except Exception:
            # A full disk, say: the shop goes on with what it knows, and storage says what is wrong.
            log.exception("the answer to a look-up could not be kept")
            return False
        self.counts.found += 1
        return True

    def _remember(self, wanted: Wanted) -> None:
        self._answered[wanted] = self._monotonic() + REMEMBERED_S
        self._answered.move_to_end(wanted)
        while len(self._answered) > MAX_REMEMBERED:
            self._answered.popitem(last=False)

    def _trip(self, error: TransportError | None) -> None:
        """Let nobody wait again before a question has been answered in time."""
        pause_s = min(FIRST_PAUSE_S * 2.0**self._failures, LONGEST_PAUSE_S)
        if error is not None and error.permanent:
            pause_s = LONGEST_PAUSE_S
        if error is not None and error.retry_after_s is not None:
            pause_s = max(pause_s, error.retry_after_s)
        self._failures = min(self._failures + 1, 10)
        self._closed_at = self._monotonic() + pause_s
