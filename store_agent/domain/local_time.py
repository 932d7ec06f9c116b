"""Moments of the feed on the calendar and the clock of the shop."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo


def instant(value: datetime, zone: tzinfo, *, fold: int = 0) -> datetime:
    """`value` as an aware moment.

    A time without offset means each shop's own wall clock; `fold` says which of the two moments
    is meant when autumn repeats that hour (0 the first, 1 the second).
    """
    return value if value.tzinfo else value.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def local_date(value: datetime, zone: ZoneInfo) -> date:
    """The day on the shop's calendar."""
    return instant(value, zone).astimezone(zone).date()


def last_day(valid_until: datetime, zone: ZoneInfo) -> date:
    """The last day on which something holds in the shop; midnight ends the day before."""
    local = instant(valid_until, zone, fold=1).astimezone(zone)
    return local.date() - timedelta(days=1) if local.time() == time(0) else local.date()
