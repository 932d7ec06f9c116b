"""Days and small events that are worth a word to one customer, the nearest first. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from store_agent.domain.birthday import birthday_in, days_to_birthday
from store_agent.domain.customer import Customer
from store_agent.domain.local_time import last_day, local_date
from store_agent.domain.money import Money
from store_agent.domain.offer import Voucher
from store_agent.insight.history import History
from store_agent.insight.quantiles import percentile

AHEAD = timedelta(days=14)
REORDER_LATE = timedelta(days=30)  # after that it was bought elsewhere, or not needed any more
MIN_REORDERS = 3  # times the same article was bought: two intervals
NEAR_NEXT_TIER = 0.8


class MilestoneKind(StrEnum):
    """What it is; the order is that of days that are equal."""

    BIRTHDAY = "birthday"
    VOUCHER_ENDS = "voucher_ends"
    ANNIVERSARY = "anniversary"
    REORDER_DUE = "reorder_due"
    NEXT_TIER = "next_tier"


SELLING = frozenset(
    {MilestoneKind.VOUCHER_ENDS, MilestoneKind.REORDER_DUE, MilestoneKind.NEXT_TIER}
)


@dataclass(frozen=True, slots=True)
class Milestone:
    """`day` is None for what has none; `title` is an article or tier, `years` of an anniversary."""

    kind: MilestoneKind
    day: date | None = None
    title: str = ""
    years: int = 0
    missing: Money | None = None


def milestones(
    customer: Customer, past: History, vouchers: Iterable[Voucher], today: date
) -> tuple[Milestone, ...]:
    """What lies within two weeks from `today`, the shop's day."""
    found = (
        *_birthday(customer, today),
        *_vouchers(vouchers, past, today),
        *_anniversary(customer, past, today),
        *_reorders(past, today),
        *_next_tier(customer, past.currency),
    )
    order = tuple(MilestoneKind)
    return tuple(
        sorted(found, key=lambda one: (one.day or today + AHEAD, order.index(one.kind), one.title))
    )


def _birthday(customer: Customer, today: date) -> Iterator[Milestone]:
    if customer.birthday is None:
        return
    days = days_to_birthday(customer.birthday, today)
    if 0 <= days <= AHEAD.days:
        yield Milestone(MilestoneKind.BIRTHDAY, today + timedelta(days=days))


def _vouchers(vouchers: Iterable[Voucher], past: History, today: date) -> Iterator[Milestone]:
    for voucher in vouchers:
        if voucher.valid_until is None or voucher.redeemed_at is not None or voucher.recalled:
            continue
        day = last_day(voucher.valid_until, past.zone)
        if today <= day <= today + AHEAD:
            yield Milestone(MilestoneKind.VOUCHER_ENDS, day)


def _anniversary(customer: Customer, past: History, today: date) -> Iterator[Milestone]:
    if customer.first_purchase_at is None:
        return
    first = local_date(customer.first_purchase_at, past.zone)
    for year in (today.year, today.year + 1):
        day, years = birthday_in(year, first), year - first.year
        if years > 0 and today <= day <= today + AHEAD:
            yield Milestone(MilestoneKind.ANNIVERSARY, day, years=years)


def _reorders(past: History, today: date) -> Iterator[Milestone]:
    """What was bought again and again, at intervals of its own."""
    days: dict[str, set[date]] = defaultdict(set)
    titles: dict[str, str] = {}
    back: Counter[str] = Counter()
    for order in past.orders:
        for line in order.lines:
            if line.quantity > 0 and not order.gift:
                days[line.sku].add(local_date(order.at, past.zone))
                titles[line.sku] = line.title
    for one in past.returns:
        back.update({line.sku: 1 for line in one.lines})
    for sku, bought in days.items():
        in_order = sorted(bought)
        if len(in_order) < MIN_REORDERS or back[sku]:
            continue
        gaps = [(later - earlier).days for earlier, later in pairwise(in_order)]
        due = in_order[-1] + timedelta(days=percentile(gaps, 50))
        if today - REORDER_LATE <= due <= today + AHEAD:
            yield Milestone(MilestoneKind.REORDER_DUE, due, titles[sku])


def _next_tier(customer: Customer, currency: str) -> Iterator[Milestone]:
    tier = customer.tier
    if tier is None or not tier.next_name or tier.progress < NEAR_NEXT_TIER:
        return
    if tier.missing_minor is not None and tier.missing_minor > 0:
        missing = Money(tier.missing_minor, currency)
        yield Milestone(MilestoneKind.NEXT_TIER, title=tier.next_name, missing=missing)
