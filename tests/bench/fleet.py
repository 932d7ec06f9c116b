"""100,000 shops after an outage, in one process and seeded: what their return does to a platform.

Every shop has the two loops of the agent, push and pull, each with the agent's own `Backoff`. While
the line is dead one of them tries and the other waits, and whoever reaches the platform tells the
other, as in `sync.loop`. The platform works off requests at a fixed rate and answers 503 with
Retry-After when its queue is long.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from sync.backoff import Backoff

PUSH, PULL = 0, 1
BATCH = 500
ROUND_TRIP_S = 0.1
LONGEST_QUEUE_S = 5.0  # the platform refuses what would have to wait longer
RETRY_AFTER_S = 30.0


class Pauses(Protocol):
    """How long one loop waits: `sync.backoff.Backoff`, or something naive."""

    def failed(self, at_s: float, retry_after_s: float | None = None) -> float:
        """The pause after a failure."""

    def succeeded(self, at_s: float) -> None:
        """The line worked."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """How many shops, how long they were cut off, and what the platform can take."""

    shops: int = 100_000
    outage_s: float = 3600.0
    window_s: float = 300.0  # the reconnect window that the platform announces
    events_per_s: float = 0.14  # 5,000 in ten hours
    requests_per_s: float = 2_000.0
    seed: int = 1


@dataclass(slots=True)
class Return:
    """What the platform saw. Seconds count from the end of the outage."""

    arrivals: Counter[int] = field(default_factory=Counter)  # requests by second, refused ones too
    tries: Counter[int] = field(default_factory=Counter)  # by second of the outage
    refused: int = 0
    batches: int = 0
    drained_at_s: list[float] = field(default_factory=list)  # one a shop

    @property
    def peak_per_s(self) -> int:
        """The busiest second after the outage."""
        return max(self.arrivals.values())

    def tries_per_s(self, fleet: Fleet) -> float:
        """How often dead doors were knocked at, on average over the second half of the outage."""
        half = int(fleet.outage_s / 2)
        return sum(n for second, n in self.tries.items() if second >= half) / half


class Naive:
    """What many clients do: 1, 2, 4 ... 60 s, all alike, and again from 1 s after a success."""

    def __init__(self) -> None:
        """Begin with the first failure."""
        self._failures = 0

    def failed(self, at_s: float, retry_after_s: float | None = None) -> float:
        """Doubling, without dice; Retry-After is obeyed to the second."""
        if retry_after_s is not None:
            return retry_after_s
        self._failures += 1
        return min(60.0, 2.0 ** min(self._failures - 1, 6))

    def succeeded(self, at_s: float) -> None:
        """Start over."""
        self._failures = 0


def agents(fleet: Fleet) -> Callable[[], Pauses]:
    """The agent's own back-off, as the platform steers it."""
    dice = Random(fleet.seed)

    def make() -> Pauses:
        backoff = Backoff(dice)
        backoff.announce(fleet.window_s)
        return backoff

    return make


def come_back(fleet: Fleet, make: Callable[[], Pauses], *, one_probe: bool = True) -> Return:
    """Play the outage and the return until every shop has drained.

    `one_probe` = only one loop of a shop tries while the line is dead, as the agent's do.
    """
    return _Play(fleet, make, one_probe=one_probe).run()


@dataclass(slots=True)
class _Shop:
    pauses: tuple[Pauses, Pauses]
    backlog: int
    pulled: bool = False
    turns: list[int] = field(default_factory=lambda: [0, 0])  # a newer plan makes an older one void
    waits: list[bool] = field(default_factory=lambda: [True, True])


class _Play:
    def __init__(self, fleet: Fleet, make: Callable[[], Pauses], *, one_probe: bool) -> None:
        self._fleet = fleet
        self._seen = Return()
        self._busy_until_s = fleet.outage_s
        self._plans: list[tuple[float, int, int, int]] = []
        dice = Random(fleet.seed + 1)
        backlog = int(fleet.outage_s * fleet.events_per_s)
        self._shops = [
            _Shop((make(), make()), max(1, int(backlog * dice.uniform(0.5, 1.5))))
            for _ in range(fleet.shops)
        ]
        for number, shop in enumerate(self._shops):
            # The long poll breaks with the outage, the push fails at the shop's next event.
            self._plan(shop.pauses[PULL].failed(0.0), number, PULL)
            if one_probe:
                continue
            noticed_s = dice.expovariate(fleet.events_per_s)
            self._plan(noticed_s + shop.pauses[PUSH].failed(noticed_s), number, PUSH)

    def run(self) -> Return:
        while self._plans:
            at_s, number, loop, turn = heapq.heappop(self._plans)
            if turn == self._shops[number].turns[loop]:
                self._try(at_s, number, loop)
        return self._seen

    def _plan(self, at_s: float, number: int, loop: int) -> None:
        turns = self._shops[number].turns
        turns[loop] += 1
        heapq.heappush(self._plans, (at_s, number, loop, turns[loop]))

    def _try(self, at_s: float, number: int, loop: int) -> None:
        shop, outage_s = self._shops[number], self._fleet.outage_s
        if at_s < outage_s:
            self._seen.tries[int(at_s)] += 1
            self._plan(at_s + shop.pauses[loop].failed(at_s), number, loop)
            return
        self._seen.arrivals[int(at_s - outage_s)] += 1
        started_s = max(at_s, self._busy_until_s)
        if started_s - at_s > LONGEST_QUEUE_S:
            self._seen.refused += 1
            shop.waits[loop] = False  # the line is there; it is the platform that asks for patience
            answered_s = at_s + ROUND_TRIP_S
            pause_s = shop.pauses[loop].failed(answered_s, RETRY_AFTER_S)
            self._plan(answered_s + pause_s, number, loop)
            return
        self._busy_until_s = started_s + 1 / self._fleet.requests_per_s
        self._answered(self._busy_until_s + ROUND_TRIP_S, number, loop)

    def _answered(self, at_s: float, number: int, loop: int) -> None:
        shop = self._shops[number]
        shop.pauses[loop].succeeded(at_s)
        shop.waits[loop] = False
        if loop == PUSH:
            self._seen.batches += 1
            shop.backlog = max(0, shop.backlog - BATCH)
            if shop.backlog:
                self._plan(at_s, number, PUSH)
            else:
                self._seen.drained_at_s.append(at_s - self._fleet.outage_s)
        else:
            shop.pulled = True
        other = PULL if loop == PUSH else PUSH
        if shop.waits[other]:
            shop.waits[other] = False
            self._plan(at_s, number, other)
