"""When an offer or voucher holds: dates, weekdays and hours as the shop's wall clock shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from math import inf
from zoneinfo import ZoneInfo

from store_agent.domain.greeting import OfferReason
from store_agent.domain.local_time import instant
from store_agent.domain.offer import Offer, Voucher

MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant and what the calendar and clock on the shop's wall say at it."""

    at: datetime  # UTC
    zone: ZoneInfo
    today: date
    clock: time
    weekday: int  # ISO 1..7


def moment_of(at: datetime, zone: ZoneInfo) -> Moment:
    """Read the shop's wall clock at `at`. Raises ValueError if `at` has no offset."""
    if at.tzinfo is None:
        raise ValueError("`at` needs an offset: the agent's time is always aware")
    local = at.astimezone(zone)
    return Moment(at.astimezone(UTC), zone, local.date(), local.time(), local.isoweekday())


def out_of_dates(rule: Offer | Voucher, moment: Moment) -> OfferReason | None:
    """NOT_STARTED or EXPIRED; both ends belong to the validity."""
    if rule.valid_from is not None and moment.at < instant(rule.valid_from, moment.zone):
        return OfferReason.NOT_STARTED
    if rule.valid_until is not None and moment.at > instant(rule.valid_until, moment.zone, fold=1):
        return OfferReason.EXPIRED
    return None


def out_of_hours(offer: Offer, moment: Moment) -> OfferReason | None:
    """WRONG_DAY or WRONG_TIME by the wall clock: an hour that autumn repeats counts twice.

    Hours include their start and exclude their end. An end at or before the start lies on the next
    day, and that whole window belongs to the weekday on which it started.
    """
    weekday = moment.weekday
    if offer.from_time is not None or offer.until_time is not None:
        start, end = offer.from_time or MIDNIGHT, offer.until_time or MIDNIGHT
        over_midnight = end <= start
        if over_midnight and moment.clock < end:
            weekday = (weekday - 2) % 7 + 1
        elif moment.clock < start or (not over_midnight and moment.clock >= end):
            return _outside(offer, weekday)
    if offer.weekdays and weekday not in offer.weekdays:
        return OfferReason.WRONG_DAY
    return None


def expiry_order(valid_until: datetime | None, zone: ZoneInfo) -> float:
    """A sort key: earlier expiry first, no expiry last."""
    return inf if valid_until is None else instant(valid_until, zone, fold=1).timestamp()


def _outside(offer: Offer, weekday: int) -> OfferReason:
    other_day = offer.weekdays and weekday not in offer.weekdays
    return OfferReason.WRONG_DAY if other_day else OfferReason.WRONG_TIME
