"""Purchases: when somebody bought, what fits them, what went back, and what it adds up to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from store_agent.demo.calendar import Calendar
from store_agent.demo.place import CITY, CURRENCY
from store_agent.demo.wardrobe import Wardrobe

Document = dict[str, Any]
Roll = Callable[[], float]

YEAR_DAYS = 365
ONLINE_PLACE = "Online-Shop"
STORE_PLACE = f"{CITY}, Musterstraße"
OTHER_PLACES = ("Bonn", "Düsseldorf")

_ONLINE, _ELSEWHERE, _GIFT = 0.27, 0.05, 0.06  # shares of all purchases
_RETURN_ONLINE, _RETURN_STORE = 0.22, 0.04  # fashion: online comes back five times as often
_RETURN_AFTER_DAYS = 9
_BIG_SPENDERS = 0.04  # members who buy about three times as often


@dataclass(slots=True)
class History:
    """The receipts of one life and what follows from them; times as RFC 3339 text."""

    receipts: list[Document] = field(default_factory=list)
    count: int = 0  # without returns
    first_at: str | None = None
    last_at: str | None = None
    last_in_store_at: str | None = None
    year_spend_minor: int = 0
    total_spend_minor: int = 0


def purchase_days(lifecycle: str, roll: Roll) -> list[int]:
    """How many days ago somebody in this stage bought, newest first; empty for a lead."""
    if lifecycle == "lead":
        return []
    if lifecycle == "first_time":
        return [2 + int(roll() * 55)]
    first_gap_days, last_day, count = _rhythm(lifecycle, roll)
    gap_days = 12 + roll() * 70
    days = [last_day]
    for _ in range(count - 1):
        days.append(days[-1] + 1 + (first_gap_days or int(gap_days * (0.5 + roll()))))
        first_gap_days = 0
    return days


def _rhythm(lifecycle: str, roll: Roll) -> tuple[int, int, int]:
    """Days of the gap before the last purchase (0 = usual), day of the last one, and how many."""
    share = roll()
    many = 3 if roll() < _BIG_SPENDERS else 1
    if lifecycle == "active":
        return 0, 2 + int(roll() * 56), 2 + int(share * share * 7 * many)
    if lifecycle == "lapsing":
        return 0, 62 + int(roll() * 56), 2 + int(share * 3)
    if lifecycle == "lapsed":
        return 0, 125 + int(roll() * 700), 2 + int(share * 2)
    return 210 + int(roll() * 300), 2 + int(roll() * 40), 2 + int(share * 4)  # won back


def shop_history(days: list[int], wardrobe: Wardrobe, when: Calendar, roll: Roll) -> History:
    """What somebody bought on each of `days` (days ago, newest first)."""
    history = History(count=len(days))
    for day in days:
        _buy(history, day, wardrobe, when, roll)
    return history


def _buy(history: History, day: int, wardrobe: Wardrobe, when: Calendar, roll: Roll) -> None:
    bought = wardrobe.bought
    channel = roll()
    online = channel < _ONLINE
    chosen = [int(roll() * len(bought)) for _ in range(1 + int(roll() * roll() * 4))]
    at = (when.moment if online else when.shop_visit)(day, roll())
    place = ONLINE_PLACE if online else _place(channel)
    receipts = [_receipt(at, place, [bought[choice] for choice in chosen])]
    if roll() < _GIFT:
        receipts[0]["gift"] = True
    if roll() < (_RETURN_ONLINE if online else _RETURN_STORE) and day > _RETURN_AFTER_DAYS:
        back_at = when.shop_visit(day - _RETURN_AFTER_DAYS, roll())
        receipts.append(_receipt(back_at, STORE_PLACE, [wardrobe.returned[chosen[0]]]))
    history.receipts += receipts
    _note_dates(history, at, in_store=place is STORE_PLACE)
    _note_spend(history, day, sum(receipt["total_minor"] for receipt in receipts))


def _note_dates(history: History, at: str, *, in_store: bool) -> None:
    """Purchases are booked newest first: the first one seen is the last one made."""
    history.last_at = history.last_at or at
    history.first_at = at
    if in_store:
        history.last_in_store_at = history.last_in_store_at or at


def _note_spend(history: History, day: int, spent_minor: int) -> None:
    history.total_spend_minor += spent_minor
    if day < YEAR_DAYS:
        history.year_spend_minor += spent_minor


def _place(channel: float) -> str:
    if channel < _ONLINE + _ELSEWHERE:
        return OTHER_PLACES[int(channel * 1000) % len(OTHER_PLACES)]
    return STORE_PLACE


def _receipt(at: str, place: str, lines: list[Document]) -> Document:
    return {
        "at": at,
        "channel": "online" if place is ONLINE_PLACE else "store",
        "place": place,
        "total_minor": sum(line["amount_minor"] for line in lines),
        "lines": lines,
        "currency": CURRENCY,
    }
