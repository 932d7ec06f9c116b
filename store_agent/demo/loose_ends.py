"""What is not finished in a life: a basket left online, articles looked at, cases, contacts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from store_agent.demo import cast
from store_agent.demo.calendar import Calendar
from store_agent.demo.history import History
from store_agent.demo.place import CURRENCY
from store_agent.demo.wardrobe import Wardrobe

Document = dict[str, Any]
Roll = Callable[[], float]

_BASKETS, _VIEWERS, _CASES, _VALUED = 0.14, 0.35, 0.03, 0.3  # shares of all customers
_CLOSED = 0.4  # of the cases
_LOOKED_AT_MOST = 4
_CHANNELS = ("email", "phone", "sms", "store")
# kind, title; nobody's words but the demo's
_TITLES = (
    ("complaint", "Naht offen: {title}"),
    ("late_delivery", "Paket überfällig: {title}"),
    ("repair", "Änderung: {title}"),
    ("question", "Frage zur Pflege: {title}"),
)


def loose_ends(
    number: int, history: History, wardrobe: Wardrobe, when: Calendar, roll: Roll
) -> Document:
    """Optional fields of the customer document for life `number`; missing ones are left out."""
    left: Document = {"last_touch": _touches(when, roll)}
    if roll() < _BASKETS or cast.left_a_basket(number):
        left["basket"] = _basket(wardrobe, when, roll)
    if roll() < _VIEWERS:
        left["viewed"] = _viewed(wardrobe, roll)
    if cast.complains(number) or (number >= cast.LEADS and roll() < _CASES):
        left["cases"] = [_case(number, wardrobe, when, roll)]
    if history.count > 0 and roll() < _VALUED:
        left["value"] = _value(history, when, roll)
    return left


def _basket(wardrobe: Wardrobe, when: Calendar, roll: Roll) -> Document:
    chosen = [_any(wardrobe, roll) for _ in range(1 + int(roll() * 2))]
    lines = [
        {key: line[key] for key in ("sku", "title", "amount_minor")} | {"currency": CURRENCY}
        for line in {line["sku"]: line for line in chosen}.values()
    ]
    return {"at": when.moment(1 + int(roll() * 12), roll()), "lines": lines}


def _viewed(wardrobe: Wardrobe, roll: Roll) -> list[str]:
    skus = [_any(wardrobe, roll)["sku"] for _ in range(1 + int(roll() * _LOOKED_AT_MOST))]
    return list(dict.fromkeys(skus))


def _case(number: int, wardrobe: Wardrobe, when: Calendar, roll: Roll) -> Document:
    kind, title = _TITLES[0 if cast.complains(number) else int(roll() * len(_TITLES))]
    return {
        "id": f"case-{number:07d}",
        "kind": kind,
        "title": title.format(title=_any(wardrobe, roll)["title"]),
        "since": when.shop_visit(1 + int(roll() * 14), roll()),
        "is_open": cast.complains(number) or roll() >= _CLOSED,
    }


def _touches(when: Calendar, roll: Roll) -> list[Document]:
    return [
        {"channel": channel, "at": when.shop_visit(1 + int(roll() * 120), roll())}
        for channel in _CHANNELS
        if roll() < 0.3
    ]


def _value(history: History, when: Calendar, roll: Roll) -> Document:
    return {
        "as_of": when.moment(1 + int(roll() * 3), roll()),
        "lifetime_minor": history.total_spend_minor,
        "currency": CURRENCY,
    }


def _any(wardrobe: Wardrobe, roll: Roll) -> Document:
    return wardrobe.bought[int(roll() * len(wardrobe.bought))]
