"""Who comes when, and why: the walkers of the sample shop, for ever. Pure, deterministic by seed.

Times are seconds of shop time since the start; some have been there for a while when it begins.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from store_agent.demo import walks
from store_agent.demo.dice import dice
from store_agent.demo.transmitters import ShownCarrier
from store_agent.demo.walks import Route


class Errand(StrEnum):
    """Why somebody comes."""

    SHOP = "shop"  # with a tag, heard by the satellites
    COLLECT = "collect"  # by car, for an order
    VISIT = "visit"  # with the app, on foot
    PASS = "pass"  # with the app, and goes by


@dataclass(frozen=True, slots=True)
class _Habit:
    """How an errand is done, and how often one begins."""

    walk: Callable[[random.Random, float], Route]
    every_s: tuple[float, float]
    # How long ago those set out who are under way when the demo starts.
    under_way_s: tuple[tuple[float, float], ...]
    rest_s: float


_HABITS: Mapping[Errand, _Habit] = MappingProxyType(
    {
        # 1,600 s on average: about 16 at a time.
        Errand.SHOP: _Habit(walks.shopping, (60.0, 140.0), ((60.0, 1100.0),) * 15, 300.0),
        # The first one is three minutes away, the next one about to leave.
        Errand.COLLECT: _Habit(walks.collecting, (150.0, 270.0), ((0.0, 0.0),), 1800.0),
        Errand.VISIT: _Habit(walks.visiting, (150.0, 270.0), ((200.0, 500.0),) * 3, 900.0),
        Errand.PASS: _Habit(walks.passing, (100.0, 220.0), ((60.0, 100.0),), 600.0),
    }
)
_STRANGERS_SHARE = 0.15  # of the phones: people who did not agree to be noticed


@dataclass(frozen=True, slots=True)
class Company:
    """Who may come. `pickups` are those of `phones` with an order that is ready."""

    carriers: Sequence[ShownCarrier] = ()
    phones: Sequence[str] = ()
    pickups: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Outing:
    """One person's way. With a `carrier` the radios hear it, else the phone tells where it is."""

    number: int
    errand: Errand
    customer_id: str
    route: Route
    carrier: ShownCarrier | None = None


def outings(seed: int, company: Company) -> Iterator[Outing]:
    """In order of their start, those under way first; ends only when nobody can come."""
    return _Director(dice(seed, "outings"), company).outings()


class _Director:
    def __init__(self, rng: random.Random, company: Company) -> None:
        self._rng = rng
        self._carriers = {one.customer_id: one for one in company.carriers}
        strangers = [one for one in self._carriers if one not in set(company.phones)]
        self._strangers = strangers
        self._pools: dict[Errand, Sequence[str]] = {
            Errand.SHOP: list(self._carriers),
            Errand.COLLECT: company.pickups,
            Errand.VISIT: company.phones,
            Errand.PASS: company.phones,
        }
        self._busy_until: dict[str, float] = {}
        self._numbers = itertools.count()

    def outings(self) -> Iterator[Outing]:
        due = self._beginning()
        while due:
            at_s, ticket, errand, goes_on = heapq.heappop(due)
            outing = self._outing(errand, at_s)
            if outing is not None:
                yield outing
            if goes_on:
                next_s = at_s + self._rng.uniform(*_HABITS[errand].every_s)
                heapq.heappush(due, (next_s, ticket, errand, True))

    def _beginning(self) -> list[tuple[float, int, Errand, bool]]:
        """A heap of moments: those before zero once each, the others with all that follow."""
        rng, ticket = self._rng, itertools.count()
        due: list[tuple[float, int, Errand, bool]] = []
        for errand, habit in _HABITS.items():
            if self._pools[errand]:
                due += [
                    (-rng.uniform(*ago), next(ticket), errand, False) for ago in habit.under_way_s
                ]
                due.append((rng.uniform(10.0, habit.every_s[1]), next(ticket), errand, True))
        heapq.heapify(due)
        return due

    def _outing(self, errand: Errand, at_s: float) -> Outing | None:
        """None when everybody who could come is out already, or was just here."""
        habit = _HABITS[errand]
        pool = self._pools[errand]
        if errand is not Errand.SHOP and errand is not Errand.COLLECT and self._strangers:
            pool = self._strangers if self._rng.random() < _STRANGERS_SHARE else pool
        free = [one for one in pool if self._busy_until.get(one, at_s) <= at_s]
        if not free:
            return None
        customer_id = self._rng.choice(free)
        route = habit.walk(self._rng, at_s)
        self._busy_until[customer_id] = route.end_s + habit.rest_s
        carrier = self._carriers[customer_id] if errand is Errand.SHOP else None
        return Outing(next(self._numbers), errand, customer_id, route, carrier)
