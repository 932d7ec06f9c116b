"""Whom of their clients somebody should turn to, and why; by need, never by spend. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from store_agent.domain.birthday import days_to_birthday
from store_agent.domain.customer import Customer, Lifecycle
from store_agent.domain.local_time import instant
from store_agent.domain.task import Task

BIRTHDAY_AHEAD_DAYS = 7
NEW_FOR = timedelta(days=30)
NEAR_NEXT_TIER = 0.9
GONE = frozenset({Lifecycle.LAPSING, Lifecycle.LAPSED})


class Reason(StrEnum):
    """Why now, the most urgent first."""

    TASK_OVERDUE = "task_overdue"
    TASK_DUE = "task_due"
    BIRTHDAY = "birthday"
    WELCOME = "welcome"
    LAPSING = "lapsing"
    NEAR_TIER = "near_tier"


URGENCY = tuple(Reason)


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody an associate looks after. Days are whole ones; None = never, as far as we know."""

    customer: Customer
    reasons: tuple[Reason, ...]
    days_since_purchase: int | None = None
    days_since_contact: int | None = None
    birthday_in_days: int | None = None


def client(  # noqa: PLR0913, PLR0917  one person and all that is known about the moment
    customer: Customer,
    tasks: Iterable[Task],
    last_contact_at: datetime | None,
    now: datetime,
    today: date,
    lapsing_days: int,
) -> Client:
    """What there is to do about one client; `lapsing_days` without a purchase are too many."""
    bought = _days(customer.last_purchase_at, now)
    birthday = None if customer.birthday is None else days_to_birthday(customer.birthday, today)
    found = set()
    for task in tasks:
        if task.is_overdue(now, today):
            found.add(Reason.TASK_OVERDUE)
        elif task.is_due(now, today):
            found.add(Reason.TASK_DUE)
    if birthday is not None and 0 <= birthday <= BIRTHDAY_AHEAD_DAYS:
        found.add(Reason.BIRTHDAY)
    if _is_new(customer, last_contact_at, now):
        found.add(Reason.WELCOME)
    if customer.lifecycle in GONE or (bought is not None and bought >= lapsing_days):
        found.add(Reason.LAPSING)
    if customer.tier and customer.tier.next_name and customer.tier.progress >= NEAR_NEXT_TIER:
        found.add(Reason.NEAR_TIER)
    reasons = tuple(reason for reason in URGENCY if reason in found)
    return Client(customer, reasons, bought, _days(last_contact_at, now), birthday)


def by_need(clients: Iterable[Client]) -> tuple[Client, ...]:
    """The most urgent first; among equals who has not been contacted for longest."""
    return tuple(sorted(clients, key=_need))


def _need(one: Client) -> tuple[int, int, str]:
    urgency = URGENCY.index(one.reasons[0]) if one.reasons else len(URGENCY)
    silence = one.days_since_contact if one.days_since_contact is not None else 10**6
    return (urgency, -silence, one.customer.id)


def _is_new(customer: Customer, last_contact_at: datetime | None, now: datetime) -> bool:
    first = customer.first_purchase_at
    if first is None or last_contact_at is not None:
        return False
    return timedelta(0) <= now - instant(first, UTC) < NEW_FOR


def _days(at: datetime | None, now: datetime) -> int | None:
    return None if at is None else max(0, (now - instant(at, UTC)).days)
