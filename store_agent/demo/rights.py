"""What customers hold: the loyalty tier they reached, and vouchers of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from store_agent.demo.calendar import Calendar
from store_agent.demo.cast import LEADS, VOUCHER_OWNERS
from store_agent.demo.place import STORE_ID
from store_agent.demo.till_campaigns import FAVOURITE_PIECE

Document = dict[str, Any]
Roll = Callable[[], float]

# Tier and the spend of the last 365 days it takes, in cents, highest first.
TIERS = (("Platin", 200_000), ("Gold", 90_000), ("Silber", 35_000), ("Bronze", 0))
ANY_BASKET_FROM_MINOR = 5000
_VOUCHER_SHARE = 0.3
_PROMISED_FOR_DAYS = 365
_AT_THE_CENTRE_EVERY = 10  # beyond the leads: has to be moved here before it can be redeemed


def _kind(german: str, english: str, benefit: str, value: int, min_basket_minor: int) -> Document:
    return {
        "title": {"de": german, "en": english},
        "benefit": {"kind": benefit, "value": value},
        "min_basket_minor": min_basket_minor,
    }


_PROMISED = _kind("10 € ab 50 €", "€10 off from €50", "amount", 1000, ANY_BASKET_FROM_MINOR)
_KINDS = (
    _kind("10 € Geburtstagsgutschein", "€10 birthday voucher", "amount", 1000, 0),
    {
        **_kind("15 % auf ein Lieblingsteil", "15% off a favourite piece", "percent", 15, 0),
        "offer_id": FAVOURITE_PIECE,
    },
    _kind("20 € ab 120 €", "€20 off from €120", "amount", 2000, 12_000),
    _kind("Gratis Schuhpflege", "Free shoe care", "gift", 0, 0),
    _kind("5 € Dankeschön", "€5 thank-you", "amount", 500, 2500),
)


def tier(year_spend_minor: int) -> Document:
    """The tier reached by this spend, and the way to the next one."""
    next_name, next_minor = None, 0
    for name, from_minor in TIERS:
        if year_spend_minor >= from_minor:
            break
        next_name, next_minor = name, from_minor
    if next_name is None:
        return {"name": name, "progress": 1.0}
    spent_minor = max(0, year_spend_minor - from_minor)
    return {
        "name": name,
        "next_name": next_name,
        "missing_minor": next_minor - max(0, year_spend_minor),
        "progress": round(spent_minor / (next_minor - from_minor), 3),
    }


def vouchers(index: int, customer_id: str, when: Calendar, roll: Roll) -> list[Document]:
    """The vouchers of customer `index`: the cast's promised one, or by chance one of another kind.

    Some of the latter are redeemed, have run out, or are held by the centre.
    """
    at_centre = index >= LEADS and index % _AT_THE_CENTRE_EVERY == 0
    owned = {
        "id": f"v-{index:07d}-0",
        "code": f"GUT-{index:07d}",
        "customer_id": customer_id,
        "owner_store": "" if at_centre else STORE_ID,
    }
    if index < VOUCHER_OWNERS:
        return [{**owned, **_PROMISED, "valid_until": when.end_of_day(_PROMISED_FOR_DAYS)}]
    share = roll()
    if share >= _VOUCHER_SHARE:
        return []
    kind = _KINDS[int(roll() * len(_KINDS))]
    days = int(roll() * 120) - 20  # about one in six has run out
    voucher = {**owned, **kind, "valid_until": when.end_of_day(days)}
    if share < _VOUCHER_SHARE / 6:
        voucher["redeemed_at"] = when.shop_visit(21 + int(roll() * 40), roll())
    return [voucher]
