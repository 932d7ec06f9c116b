"""When somebody buys, and whether they still do: from their own rhythm, not from a constant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from store_agent.insight.history import History
from store_agent.insight.quantiles import percentile

MIN_DAYS_OF_BUYING = 3  # two intervals; from one nobody can tell a rhythm
SLIPPING_TIMES = 2  # the usual gap so many times over
LAPSING_PERCENT, LAPSED_PERCENT = 80, 90
MIN_INTERVALS = 50  # of the whole shop; with fewer a percentile is an accident
# Until a shop has data of its own: twice the two months after which a regular is missed.
FIRST_LAPSING_DAYS, FIRST_LAPSED_DAYS = 60, 120


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The usual gap of one customer in days, and the gap of the more patient quarter of times."""

    usual_days: int
    short_days: int
    long_days: int
    intervals: int

    def next_between(self, last: date) -> tuple[date, date]:
        """The days between which the next purchase after `last` is to be expected."""
        return last + timedelta(days=self.short_days), last + timedelta(days=self.long_days)

    def next_about(self, last: date) -> date:
        """The day about which it is to be expected."""
        return last + timedelta(days=self.usual_days)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """After how many days without a purchase a customer of this shop is going, and gone.

    `intervals` is how many repeat purchases it was learned from; 0 = not learned yet.
    """

    lapsing_days: int = FIRST_LAPSING_DAYS
    lapsed_days: int = FIRST_LAPSED_DAYS
    intervals: int = 0


class Drift(StrEnum):
    """How somebody stands to their own rhythm."""

    UNKNOWN = "unknown"
    AS_USUAL = "as_usual"
    LATER = "later"
    SLIPPING = "slipping"
    GONE = "gone"


def rhythm(past: History) -> Rhythm | None:
    """The rhythm, or None with fewer than three days of buying."""
    intervals = past.intervals
    if len(intervals) + 1 < MIN_DAYS_OF_BUYING:
        return None
    usual, short, long = (percentile(intervals, percent) for percent in (50, 25, 75))
    return Rhythm(usual, short, long, len(intervals))


def learn_thresholds(intervals: tuple[int, ...]) -> Thresholds:
    """Four in five, and nine in ten, of those who came back did so within so many days.

    Who never came back is in no interval, so the figures lean to the early side: staff look after
    somebody a little too soon rather than too late.
    """
    if len(intervals) < MIN_INTERVALS:
        return Thresholds()
    lapsing = percentile(intervals, LAPSING_PERCENT)
    lapsed = percentile(intervals, LAPSED_PERCENT)
    return Thresholds(max(1, lapsing), max(2, lapsing + 1, lapsed), len(intervals))


def drift(past: History, limits: Thresholds, today: date) -> Drift:
    """Whether somebody still comes as usual; without a rhythm only what the shop knows of all."""
    days = past.days
    if not days:
        return Drift.UNKNOWN
    away = (today - days[-1]).days
    own = rhythm(past)
    if own is None:
        return Drift.GONE if away >= limits.lapsed_days else Drift.UNKNOWN
    slipping = max(own.long_days, SLIPPING_TIMES * own.usual_days)
    if away <= own.long_days:
        return Drift.AS_USUAL
    if away <= slipping:
        return Drift.LATER
    # Who comes twice a year is not gone after a quarter, whatever the shop's other customers do.
    return Drift.GONE if away >= max(limits.lapsed_days, slipping) else Drift.SLIPPING
