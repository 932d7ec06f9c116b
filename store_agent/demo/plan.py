"""What happens in the shop, and when: a Saturday that goes on for ever, deterministic by seed.

Pure: times are seconds of shop time since the start; whoever plays the plan divides by the speed.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from store_agent.demo.assortment import Article, articles
from store_agent.demo.dice import dice
from store_agent.demo.showcase import FINE_KINDS, ShownPass, ShownRotation

# Customers a minute in each of the ten opening hours; the demo starts in the busy fourth one.
_PER_MINUTE = (2.0, 3.0, 4.0, 5.0, 6.0, 6.0, 5.0, 4.0, 3.0, 2.0)
_FIRST_HOUR = 3
_HOUR_S = 3600.0

_STAY_S = (240.0, 1500.0)  # from the door to the till
_ROTATING, _TROUBLED, _UNREADABLE = 0.20, 0.12, 0.05  # shares of all scans at the door
_STALE = 0.15  # of rotating codes: a screenshot
_SCREENSHOT_AGE_S = 900.0
_BUYS, _PASS_AT_TILL, _CASH = 0.4, 0.75, 0.3
_BY_SERIAL = 0.5  # of door scans, when there is a serial scanner
_MAX_LINES = 4

# What else gets in front of a scanner: foreign codes, an article, receipts, nonsense.
_UNREADABLE_CODES = (
    "MUSTER-FFFF-0000",
    "4006381333931",
    "https://www.example.com/einladung?t=0815",
    "V0;955002-00;Kassenbeleg-V1;Beleg^0.00_2.55_0.00_0.00_0.00^2.55:Bar;18;112",
    "SAPASS01" + "0" * 80,
    "M1DUMMY/ERIKA MUSTER EXMPL KOELN 0000",
    "¿✂ größtenteils unlesbar ☃",
    "0",
    "X" * 3000,
)


class Door(StrEnum):
    """How a code gets into the agent."""

    HTTP = "http"
    SERIAL = "serial"


@dataclass(frozen=True, slots=True)
class Code:
    """What is held in front of the scanner: a text, or a rotating code as it was `age_s` ago."""

    data: str = ""
    rotation: ShownRotation | None = None
    age_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Ware:
    """One article in a basket, price in minor units."""

    sku: str
    title: str
    price_minor: int
    category: str = ""


@dataclass(frozen=True, slots=True)
class DoorScan:
    """Somebody arrives and shows a code."""

    at_s: float
    lane: str
    door: Door
    code: Code


@dataclass(frozen=True, slots=True)
class Checkout:
    """Somebody pays at a till, with or without showing their pass there."""

    at_s: float
    till: str
    code: Code | None
    wares: tuple[Ware, ...]
    tender: str


Step = DoorScan | Checkout


@dataclass(frozen=True, slots=True)
class Stage:
    """Who may come and through which doors. `passes` need at least one that names somebody."""

    passes: Sequence[ShownPass]
    rotating: Sequence[ShownRotation]
    lanes: Sequence[str]
    tills: Sequence[str]
    has_serial: bool = False


def plan(seed: int, stage: Stage) -> Iterator[Step]:
    """The steps in order of time, without end; the same seed and stage give the same steps."""
    return _Director(dice(seed, "traffic"), stage).steps()


class _Director:
    def __init__(self, rng: random.Random, stage: Stage) -> None:
        self._rng = rng
        self._stage = stage
        self._goods: tuple[Article, ...] = articles()
        self._fine = [entry.data for entry in stage.passes if entry.kind in FINE_KINDS]
        self._troubled = [entry.data for entry in stage.passes if entry.kind not in FINE_KINDS]
        # Nobody comes back at once: half of all passes rest.
        self._resting: deque[str] = deque(maxlen=len(self._fine) // 2)

    def steps(self) -> Iterator[Step]:
        """Arrivals as they come, and each one's checkout when its time has come."""
        at_s = 0.0
        ticket = itertools.count()
        waiting: list[tuple[float, int, Checkout]] = []
        while True:
            at_s += self._rng.expovariate(_per_second(at_s))
            while waiting and waiting[0][0] <= at_s:
                yield heapq.heappop(waiting)[2]
            arrival = self._arrival(at_s)
            yield arrival
            if self._stage.tills and self._rng.random() < _BUYS:
                checkout = self._checkout(arrival)
                heapq.heappush(waiting, (checkout.at_s, next(ticket), checkout))

    def _arrival(self, at_s: float) -> DoorScan:
        rng = self._rng
        by_serial = self._stage.has_serial and rng.random() < _BY_SERIAL
        return DoorScan(
            at_s,
            rng.choice(self._stage.lanes),
            Door.SERIAL if by_serial else Door.HTTP,
            self._code(rng.random()),
        )

    def _code(self, share: float) -> Code:
        rng = self._rng
        if share < _UNREADABLE:
            return Code(rng.choice(_UNREADABLE_CODES))
        if share < _UNREADABLE + _TROUBLED and self._troubled:
            return Code(rng.choice(self._troubled))
        if share < _UNREADABLE + _TROUBLED + _ROTATING and self._stage.rotating:
            age_s = _SCREENSHOT_AGE_S if rng.random() < _STALE else 0.0
            return Code(rotation=rng.choice(self._stage.rotating), age_s=age_s)
        return Code(self._rested())

    def _rested(self) -> str:
        """A pass that was not shown lately."""
        while True:
            data = self._rng.choice(self._fine)
            if data not in self._resting:
                self._resting.append(data)
                return data

    def _checkout(self, arrival: DoorScan) -> Checkout:
        rng = self._rng
        wares = [self._ware() for _ in range(rng.randint(1, _MAX_LINES))]
        return Checkout(
            arrival.at_s + rng.uniform(*_STAY_S),
            rng.choice(self._stage.tills),
            replace(arrival.code, age_s=0.0) if rng.random() < _PASS_AT_TILL else None,
            tuple(wares),
            "cash" if rng.random() < _CASH else "card",
        )

    def _ware(self) -> Ware:
        article = self._rng.choice(self._goods)
        title = f"{article.title} {article.colour}"
        return Ware(article.sku, title, article.price_minor, article.category)


def _per_second(at_s: float) -> float:
    hour = (_FIRST_HOUR + int(at_s / _HOUR_S)) % len(_PER_MINUTE)
    return _PER_MINUTE[hour] / 60
