"""The finders: each looks at the situation and returns its need or None; `foremost` orders them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType

from store_agent.domain.birthday import days_to_birthday
from store_agent.domain.customer import CaseKind, OpenOrder
from store_agent.domain.greeting import OfferDecision, Relationship, Verdict
from store_agent.domain.local_time import instant, last_day, local_date
from store_agent.domain.money import Money
from store_agent.greeting.phrases import NAMED_DAYS, Say, Why
from store_agent.greeting.relationship import last_contact
from store_agent.greeting.situation import Need, Situation, right_topic

# A voucher or a birthday is news while its day can be called by its name.
SOON_DAYS = NAMED_DAYS
# Nine tenths of the way: one ordinary purchase away, so that the word "only" is honest.
NEAR_NEXT_TIER_PROGRESS = 0.9
# Longer titles are catalogue texts; nobody says them aloud.
SPOKEN_TITLE_CHARS = 40

# What weighs most first: a complaint is answered before a question.
CASE_WORDS: Mapping[CaseKind, tuple[Say, Why]] = MappingProxyType(
    {
        CaseKind.COMPLAINT: (Say.COMPLAINT, Why.COMPLAINT),
        CaseKind.LATE_DELIVERY: (Say.LATE_DELIVERY, Why.LATE_DELIVERY),
        CaseKind.REPAIR: (Say.REPAIR, Why.REPAIR),
        CaseKind.QUESTION: (Say.QUESTION, Why.QUESTION),
    }
)
CASE_WEIGHT = tuple(CASE_WORDS)


def open_case(situation: Situation) -> Need | None:
    """What the shop still owes this customer: the weightiest case, and of these the oldest.

    What it is about stays unsaid, like every title that others need not hear.
    """
    waiting = [
        (CASE_WEIGHT.index(case.kind), instant(case.since, situation.zone), case)
        for case in situation.customer.cases
        if case.is_open
    ]
    if not waiting:
        return None
    _, since, case = min(waiting, key=lambda entry: (entry[0], entry[1], entry[2].id))
    say, why = CASE_WORDS[case.kind]
    return Need(say, why, day=min(since.astimezone(situation.zone).date(), situation.today))


def pickup_ready(situation: Situation) -> Need | None:
    """A click & collect order that lies here; the one that waits longest gives the reason."""
    waiting = [
        (since, order)
        for order in situation.customer.open_orders
        if (since := _ready_since(order, situation)) is not None
    ]
    if not waiting:
        return None
    since, order = min(waiting, key=lambda pair: (pair[0], pair[1].id))
    say = Say.PICKUPS if len(waiting) > 1 else Say.PICKUP_TITLED
    if situation.is_gift or (say is Say.PICKUP_TITLED and not _is_sayable(order.title)):
        say = Say.PICKUP
    day = since.astimezone(situation.zone).date()
    return Need(say, Why.PICKUP, title=order.title, place=order.place or "", day=day)


def _ready_since(order: OpenOrder, situation: Situation) -> datetime | None:
    if order.kind != "pickup" or order.ready_since is None:
        return None
    since = instant(order.ready_since, situation.zone)
    return since if since <= situation.at else None


def voucher_expiring(situation: Situation) -> Need | None:
    """A right that would be lost in the next days."""
    for decision in situation.decisions:
        if decision.voucher_id is None or decision.valid_until is None:
            continue
        if not _is_said(decision, situation.quiet):
            continue
        day = max(last_day(decision.valid_until, situation.zone), situation.today)
        if (day - situation.today).days <= SOON_DAYS:
            say = Say.VOUCHER_TODAY if day == situation.today else Say.VOUCHER_SOON
            return Need(
                say, Why.VOUCHER_ENDS, title=decision.title, day=day, right=_right(decision)
            )
    return None


def return_announced(situation: Situation) -> Need | None:
    """A parcel the customer said they would bring back to the shop."""
    for order in situation.customer.open_orders:
        if order.kind == "return":
            return Need(Say.RETURN, Why.RETURN, place=order.place or "")
    return None


def birthday_kept(situation: Situation) -> Need | None:
    """Today, or in the last days if the customer has not been here since."""
    days = _birthday_distance(situation)
    if days is None or not -SOON_DAYS <= days <= 0:
        return None
    day = _days_from(situation.today, days)
    if days == 0:
        return Need(Say.BIRTHDAY_TODAY, Why.BIRTHDAY, day=day)
    seen_at = situation.customer.last_visit_at
    if seen_at is not None and local_date(seen_at, situation.zone) >= day:
        return None
    return Need(Say.BIRTHDAY_PAST, Why.BIRTHDAY_WAS, day=day)


def birthday_ahead(situation: Situation) -> Need | None:
    """No congratulation: in German-speaking countries an early one is bad luck."""
    days = _birthday_distance(situation)
    if days is None or not 0 < days <= SOON_DAYS:
        return None
    return Need(Say.BIRTHDAY_SOON, Why.BIRTHDAY, day=_days_from(situation.today, days))


def _birthday_distance(situation: Situation) -> int | None:
    birthday = situation.customer.birthday
    return None if birthday is None else days_to_birthday(birthday, situation.today)


def _days_from(today: date, days: int) -> date:
    return date.fromordinal(today.toordinal() + days)


def welcome_back(situation: Situation) -> Need | None:
    """The first contact after a long absence, in any channel."""
    if situation.relationship is not Relationship.LONG_ABSENCE:
        return None
    why, days = _absence(situation)
    return Need(Say.WELCOME_BACK, why, days=days)


def welcome_back_quietly(situation: Situation) -> Need | None:
    """For whom nothing may be sold; reached only when `welcome_back` was left out."""
    if situation.relationship is not Relationship.LONG_ABSENCE:
        return None
    why, days = _absence(situation)
    return Need(Say.HELP, why, days=days)


def _absence(situation: Situation) -> tuple[Why, int]:
    """A purchase may have been online, so it is not called a visit; a gift hides purchases."""
    contact = last_contact(situation.customer)
    if contact is None or (situation.is_gift and not contact.was_visit):
        return Why.LONG_AWAY, 0
    days = (situation.today - local_date(contact.at, situation.zone)).days
    return (Why.VISIT_AFTER if contact.was_visit else Why.PURCHASE_BEFORE), days


def first_meeting(situation: Situation) -> Need | None:
    """Nobody here knows this person yet."""
    is_first = situation.relationship is Relationship.FIRST_MEETING
    return Need(Say.WELCOME, Why.FIRST_TIME) if is_first else None


def near_next_tier(situation: Situation) -> Need | None:
    """The missing amount is for the associate's eyes; aloud it is "a small step"."""
    tier = situation.customer.tier
    if tier is None or not tier.next_name or tier.progress < NEAR_NEXT_TIER_PROGRESS:
        return None
    if not tier.missing_minor or tier.missing_minor < 0:
        return None
    amount = Money(tier.missing_minor, situation.currency)
    return Need(Say.NEXT_TIER, Why.NEXT_TIER, tier=tier.next_name, amount=amount)


def best_offer(situation: Situation) -> Need | None:
    """The first in rank of what holds for this person now."""
    decision = next((d for d in situation.decisions if _is_said(d, situation.quiet)), None)
    if decision is None:
        return None
    until = decision.valid_until
    day = None if until is None else last_day(until, situation.zone)
    if decision.voucher_id is not None:
        why = Why.VOUCHER if day is None else Why.VOUCHER_UNTIL
    else:
        why = Why.OFFER if day is None else Why.OFFER_UNTIL
    return Need(Say.OFFER, why, title=decision.title, until=day, right=_right(decision))


def _is_said(decision: OfferDecision, quiet: frozenset[str]) -> bool:
    is_shown = decision.verdict is Verdict.SHOWN and bool(decision.title)
    return is_shown and right_topic(_right(decision)) not in quiet


def _right(decision: OfferDecision) -> str:
    return decision.voucher_id or decision.offer_id


def _is_sayable(title: str) -> bool:
    return 0 < len(title) <= SPOKEN_TITLE_CHARS
