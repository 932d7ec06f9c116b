"""What a shop learns from all its customers: bands, when somebody is gone, what goes with what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from store_agent.insight.history import History
from store_agent.insight.quantiles import band, cuts
from store_agent.insight.rhythm import Thresholds, learn_thresholds

MIN_PEERS = 50  # customers; among fewer a band says nothing
KEPT_PAIRS = 3  # categories kept for each


@dataclass(frozen=True, slots=True)
class Bands:
    """1 (lowest fifth) to 5 among the customers of this shop; recency 5 = bought lately."""

    recency: int
    frequency: int
    monetary: int


@dataclass(frozen=True, slots=True)
class Peers:
    """`goes_with`: for a category, those bought together with it or next, the most usual first."""

    customers: int = 0
    days_away: tuple[int, ...] = ()
    orders: tuple[int, ...] = ()
    net_minor: tuple[int, ...] = ()
    thresholds: Thresholds = field(default_factory=Thresholds)
    goes_with: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def bands(self, past: History, today: date) -> Bands | None:
        """Where somebody stands; None without purchases or with too few to compare with."""
        if self.customers < MIN_PEERS or not past.days:
            return None
        away = (today - past.days[-1]).days
        return Bands(
            recency=6 - band(away, self.days_away),
            frequency=band(len(past.orders), self.orders),
            monetary=band(past.net_minor, self.net_minor),
        )


def learn(histories: Iterable[History], today: date) -> Peers:
    """What `histories`, one a customer, teach; those without an order do not count."""
    buyers = [past for past in histories if past.orders]
    intervals = tuple(days for past in buyers for days in past.intervals)
    return Peers(
        customers=len(buyers),
        days_away=cuts([(today - past.days[-1]).days for past in buyers]),
        orders=cuts([len(past.orders) for past in buyers]),
        net_minor=cuts([past.net_minor for past in buyers]),
        thresholds=learn_thresholds(intervals),
        goes_with=_pairs(buyers),
    )


def _pairs(buyers: Iterable[History]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, Counter[str]] = {}
    for past in buyers:
        steps = [_categories(past, number) for number in range(len(past.orders))]
        for number, categories in enumerate(steps):
            after = steps[number + 1] if number + 1 < len(steps) else frozenset()
            for category in categories:
                found.setdefault(category, Counter()).update((categories | after) - {category})
    return MappingProxyType({category: _most(counts) for category, counts in found.items()})


def _categories(past: History, number: int) -> frozenset[str]:
    lines = past.orders[number].lines
    return frozenset(line.category for line in lines if line.category and line.quantity > 0)


def _most(counts: Counter[str]) -> tuple[str, ...]:
    in_order = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return tuple(category for category, _ in in_order[:KEPT_PAIRS])
