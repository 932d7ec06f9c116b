"""Builders with defaults: a buyer in Berlin, her purchases, and what lies on the shelves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from store_agent.domain.catalog import Product, Purchase, PurchaseLine
from store_agent.domain.customer import Customer
from store_agent.insight.history import History, history
from store_agent.insight.next_best import Shelf

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
TODAY = date(2026, 11, 21)
CATEGORIES = ("Strick", "Schuhe", "Hosen")


def buyer(**fields: Any) -> Customer:
    return Customer(**{"id": "c-1", "display_name": "Mira Musterfrau", "as_of": NOW, **fields})


def line(sku: str = "s-1", amount: int = 5000, quantity: int = 1, **fields: Any) -> PurchaseLine:
    defaults = {"title": sku, "category": "Strick", "size": "38"}
    return PurchaseLine(sku=sku, quantity=quantity, amount_minor=amount, **{**defaults, **fields})


def bought(days_ago: int, *lines: PurchaseLine, **fields: Any) -> Purchase:
    lines = lines or (line(),)
    defaults: dict[str, Any] = {
        "id": f"b-{days_ago}",
        "customer_id": "c-1",
        "at": NOW - timedelta(days=days_ago),
        "channel": "store",
        "place": "Köln",
        "total_minor": sum(one.amount_minor for one in lines),
        "lines": lines,
    }
    return Purchase(**{**defaults, **fields})


def back(days_ago: int, *lines: PurchaseLine, **fields: Any) -> Purchase:
    gone = lines or (line(amount=-5000, quantity=-1),)
    return bought(days_ago, *gone, **{"id": f"r-{days_ago}", **fields})


def past(*purchases: Purchase) -> History:
    return history(purchases, "EUR", BERLIN)


def shelf(sku: str, category: str = "Schuhe", here: Iterable[str] = ("38",)) -> Shelf:
    return Shelf(Product(sku, sku, category, 9900, sizes=("36", "38", "40")), tuple(here))


LINES = st.builds(
    line,
    sku=st.sampled_from(["s-1", "s-2", "s-3", "s-4"]),
    amount=st.integers(0, 30_000),
    category=st.sampled_from(CATEGORIES),
)
BACK = st.builds(
    line,
    sku=st.sampled_from(["s-1", "s-2", "s-3"]),
    amount=st.integers(-40_000, 0),
    quantity=st.just(-1),
    category=st.sampled_from(CATEGORIES),
)


@st.composite
def purchases(draw: st.DrawFn) -> list[Purchase]:
    """Any past: orders and returns of any size, gifts, several on one day, another currency."""
    made = []
    for number in range(draw(st.integers(0, 9))):
        lines = draw(st.lists(st.one_of(LINES, LINES, BACK), min_size=0, max_size=3))
        made.append(
            bought(
                draw(st.integers(0, 900)),
                id=f"b-{number}",
                lines=tuple(lines),
                total_minor=sum(one.amount_minor for one in lines),
                channel=draw(st.sampled_from(["store", "online"])),
                currency=draw(st.sampled_from(["EUR", "EUR", "EUR", "CHF"])),
                gift=draw(st.booleans()) and draw(st.booleans()),
            )
        )
    return made
