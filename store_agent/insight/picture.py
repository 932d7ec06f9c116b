"""The value picture of one customer: from purchases in this cache, or the platform's own figures.

Nothing here is shown by itself: what a viewer may see is decided where it is shown.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from store_agent.domain.customer import Customer, KnownValue, Lifecycle
from store_agent.domain.local_time import local_date
from store_agent.domain.money import Money
from store_agent.insight.history import History
from store_agent.insight.peers import Bands, Peers
from store_agent.insight.rhythm import Drift, Rhythm, Thresholds, drift, rhythm

MIN_ORDERS_OF_A_TREND = 4
CHANGE = (6, 5)  # a fifth more, or by as much less, is a change and no accident
DRAWN_ORDERS = 12
SHOWN_SHARES = 5
PERCENT = 100
# The platform's probability of losing somebody, in words: a third, two thirds.
LATER_FROM, SLIPPING_FROM = 0.34, 0.67


class Trend(StrEnum):
    """Where the value of the orders goes."""

    UNKNOWN = "unknown"
    RISING = "rising"
    STEADY = "steady"
    FALLING = "falling"


class Source(StrEnum):
    """Whose figure it is."""

    BOX = "box"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a whole in percent; parts of one whole add up to at most 100."""

    name: str
    percent: int


@dataclass(frozen=True, slots=True)
class Worth:
    """What stayed paid, net of returns; `as_of` when the platform says so, else None."""

    lifetime: Money
    source: Source
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """When the next purchase is to be expected; `earliest` and `latest` are the usual spread."""

    about: date
    earliest: date
    latest: date
    source: Source


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything worked out; a missing part is not claimed. `amounts` are the last orders."""

    worth: Worth
    orders: int
    returns: int
    average: Money | None
    trend: Trend
    amounts: tuple[int, ...]
    categories: tuple[Part, ...]
    channels: tuple[Part, ...]
    rhythm: Rhythm | None
    forecast: Forecast | None
    drift: Drift
    drift_source: Source
    stage: Lifecycle
    bands: Bands | None
    thresholds: Thresholds


def picture(customer: Customer, past: History, peers: Peers, today: date) -> Picture:
    """The picture on `today`, a day of the shop's calendar."""
    amounts = past.amounts
    drifting, source = _drift(customer.value, past, peers.thresholds, today)
    return Picture(
        worth=_worth(customer.value, past),
        orders=len(past.orders),
        returns=len(past.returns),
        average=Money(sum(amounts) // len(amounts), past.currency) if amounts else None,
        trend=trend(amounts),
        amounts=amounts[-DRAWN_ORDERS:],
        categories=parts(past.kept()),
        channels=parts(Counter(order.channel for order in past.orders)),
        rhythm=rhythm(past),
        forecast=_forecast(customer.value, past, today),
        drift=drifting,
        drift_source=source,
        stage=stage(customer, past, peers.thresholds, today),
        bands=peers.bands(past, today),
        thresholds=peers.thresholds,
    )


def trend(amounts: tuple[int, ...]) -> Trend:
    """The later half of the orders against the earlier one; nothing is said of fewer than four."""
    if len(amounts) < MIN_ORDERS_OF_A_TREND:
        return Trend.UNKNOWN
    half = len(amounts) // 2
    earlier, later = amounts[:half], amounts[-half:]
    more, less = CHANGE
    if sum(later) * less >= sum(earlier) * more and sum(later) > sum(earlier):
        return Trend.RISING
    if sum(later) * more <= sum(earlier) * less and sum(later) < sum(earlier):
        return Trend.FALLING
    return Trend.STEADY


def parts(counts: Counter[str]) -> tuple[Part, ...]:
    """The largest parts in whole percent, cut off and never rounded up."""
    total = sum(counts.values())
    in_order = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    shares = [Part(name, PERCENT * count // total) for name, count in in_order if count > 0]
    return tuple(shares[:SHOWN_SHARES])


def stage(customer: Customer, past: History, limits: Thresholds, today: date) -> Lifecycle:
    """The platform's word if it has one; "lead" of somebody who bought is none."""
    days = past.days
    if customer.lifecycle is not Lifecycle.LEAD or not days:
        return customer.lifecycle
    away = (today - days[-1]).days
    if away >= limits.lapsed_days:
        return Lifecycle.LAPSED
    if away >= limits.lapsing_days:
        return Lifecycle.LAPSING
    if len(days) == 1:
        return Lifecycle.FIRST_TIME
    is_back = past.intervals[-1] >= limits.lapsed_days
    return Lifecycle.WON_BACK if is_back else Lifecycle.ACTIVE


def _worth(known: KnownValue | None, past: History) -> Worth:
    if known is not None and known.lifetime_minor is not None:
        return Worth(Money(known.lifetime_minor, known.currency), Source.PLATFORM, known.as_of)
    return Worth(Money(past.net_minor, past.currency), Source.BOX)


def _forecast(known: KnownValue | None, past: History, today: date) -> Forecast | None:
    """Nothing is expected of days that are over: then the drift says what is to be said."""
    if known is not None and known.next_purchase_at is not None:
        day = local_date(known.next_purchase_at, past.zone)
        return Forecast(day, day, day, Source.PLATFORM) if day >= today else None
    own = rhythm(past)
    if own is None:
        return None
    last = past.days[-1]
    earliest, latest = own.next_between(last)
    if latest < today:
        return None
    return Forecast(own.next_about(last), earliest, latest, Source.BOX)


def _drift(
    known: KnownValue | None, past: History, limits: Thresholds, today: date
) -> tuple[Drift, Source]:
    if known is None or known.churn is None:
        return drift(past, limits, today), Source.BOX
    if known.churn >= SLIPPING_FROM:
        return Drift.SLIPPING, Source.PLATFORM
    return (Drift.LATER if known.churn >= LATER_FROM else Drift.AS_USUAL), Source.PLATFORM
