"""Lives: what somebody bought and what the brand learned from it, without a name.

A limited number of lives is invented and given to one customer after the other: up to `LIVES`
customers, everybody has one of their own; beyond, people share a past but neither name, contact,
consents, passes nor vouchers. That is what makes a shop of a million affordable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from store_agent.demo import cast, rights
from store_agent.demo.assortment import articles
from store_agent.demo.calendar import Calendar
from store_agent.demo.dice import dice
from store_agent.demo.history import History, purchase_days, shop_history
from store_agent.demo.loose_ends import loose_ends
from store_agent.demo.wardrobe import SIZES_PER_RUN, Wardrobe, wardrobes

Document = dict[str, Any]
Roll = Callable[[], float]

LIVES = 2500  # about 15 MB; more than the demo's usual 2,000 customers
_SHARE_WOMEN = 0.58  # what a fashion store's member list looks like

_SEGMENTS = ("early-bird", "outlet", "sustainable", "business-wear", "gift-giver", "events")
_FITS = ("eher schmal", "gerade", "eher weit", "lange Ärmel")
_ORIGINS = ("told", "observed", "observed", "inferred")
_ORDER_SHARE = 0.13


@dataclass(frozen=True, slots=True)
class Life:
    """A past. `learned` are fields of the customer document, `receipts` purchases without owner.

    `open_order` lacks its id. Shared between customers: never change them.
    """

    gender: str
    learned: Document
    receipts: list[Document]
    open_order: Document | None


class Lives:
    """Invents lives on demand and keeps them."""

    def __init__(self, seed: int, when: Calendar) -> None:
        """The same seed and day give the same lives."""
        self._seed = seed
        self._when = when
        self._wardrobes = wardrobes(articles())
        self._known: dict[int, Life] = {}

    def of(self, index: int) -> Life:
        """The life of customer number `index`."""
        number = index % LIVES
        life = self._known.get(number)
        if life is None:
            life = self._known[number] = self._invent(number)
        return life

    def _invent(self, number: int) -> Life:
        roll = dice(self._seed, "life", number).random
        gender = "w" if roll() < _SHARE_WOMEN else "m"
        wardrobe = self._wardrobe(gender, roll)
        stage = cast.lifecycle(number, roll())
        history = shop_history(purchase_days(stage, roll), wardrobe, self._when, roll)
        learned = {
            "lifecycle": stage,
            **_standing(history, roll),
            **_tastes(history, wardrobe, self._when, roll),
        }
        order = _open_order(wardrobe, self._when, roll, collects=cast.collects(number))
        learned |= loose_ends(number, history, wardrobe, self._when, roll)
        return Life(gender, learned, history.receipts, order)

    def _wardrobe(self, gender: str, roll: Roll) -> Wardrobe:
        middle_heavy = (roll() + roll()) / 2
        favourites = self._wardrobes[gender][int(middle_heavy * SIZES_PER_RUN)]
        return favourites[int(roll() * len(favourites))]


def _standing(history: History, roll: Roll) -> Document:
    points = history.total_spend_minor // 100
    return {
        "tier": rights.tier(history.year_spend_minor),
        "points": max(0, points - int(points * roll() * 0.8)),
        "first_purchase_at": history.first_at,
        "last_purchase_at": history.last_at,
        "last_visit_at": history.last_in_store_at,
        "purchase_count": history.count,
    }


def _tastes(history: History, wardrobe: Wardrobe, when: Calendar, roll: Roll) -> Document:
    known = history.count > 0 or roll() < 0.4
    return {
        "facts": _facts(wardrobe, when, roll) if known else [],
        "affinities": _affinities(history),
        "wish_list": _wishes(history, wardrobe, roll) if roll() < 0.4 else [],
        "segments": [_SEGMENTS[int(roll() * len(_SEGMENTS))]] if roll() < 0.4 else [],
    }


def _facts(wardrobe: Wardrobe, when: Calendar, roll: Roll) -> list[Document]:
    facts = [_fact(label, value, when, roll) for label, value in wardrobe.sizes if roll() < 0.75]
    if roll() < 0.3:
        facts.append(_fact("fit", _FITS[int(roll() * len(_FITS))], when, roll))
    return facts


def _fact(label: str, value: str, when: Calendar, roll: Roll) -> Document:
    return {
        "label": label,
        "value": value,
        "origin": _ORIGINS[int(roll() * len(_ORIGINS))],
        "as_of": when.moment(1 + int(roll() * 500), roll()),
    }


def _affinities(history: History) -> list[Document]:
    """The shares of the three categories bought most."""
    counts: dict[str, int] = {}
    for receipt in history.receipts:
        for line in receipt["lines"]:
            if line["quantity"] > 0:
                counts[line["category"]] = counts.get(line["category"], 0) + 1
    total = sum(counts.values())
    most = sorted(counts, key=counts.__getitem__, reverse=True)[:3]
    return [{"category": name, "share": round(counts[name] / total, 2)} for name in most]


def _wishes(history: History, wardrobe: Wardrobe, roll: Roll) -> list[str]:
    """Up to three articles that were never bought in this life."""
    owned = {line["sku"] for receipt in history.receipts for line in receipt["lines"]}
    goods = wardrobe.bought
    wished = (goods[int(roll() * len(goods))]["sku"] for _ in range(1 + int(roll() * 3)))
    return [sku for sku in dict.fromkeys(wished) if sku not in owned]


def _open_order(
    wardrobe: Wardrobe, when: Calendar, roll: Roll, *, collects: bool
) -> Document | None:
    share = roll()
    if collects:
        share = _ORDER_SHARE / 2
    if share >= _ORDER_SHARE:
        return None
    title = wardrobe.bought[int(roll() * len(wardrobe.bought))]["title"]
    if share < _ORDER_SHARE / 5:
        return {"kind": "return" if roll() < 0.5 else "delivery", "title": title}
    return {
        "kind": "pickup",
        "title": title,
        "ready_since": when.shop_visit(1 + int(roll() * 6), roll()),
        "place": f"Regal {'ABCD'[int(roll() * 4)]}{1 + int(roll() * 6)}",
    }
