"""What to show a customer next, and why; never what they own. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from store_agent.domain.catalog import Product
from store_agent.domain.customer import Customer
from store_agent.insight.history import History

SUGGESTED = 3
SIZE_FACTS = "size."


class ProductReason(StrEnum):
    """Why an article is suggested; the order is that of the suggestions."""

    WISHED = "wished"
    IN_BASKET = "in_basket"
    GOES_WITH = "goes_with"
    VIEWED = "viewed"


@dataclass(frozen=True, slots=True)
class Shelf:
    """An article that lies here, in these sizes ("" = it has none)."""

    product: Product
    sizes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Goods:
    """What lies here, by sku, and which categories go with which (`Peers.goes_with`)."""

    shelves: Mapping[str, Shelf]
    goes_with: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`because` is what was bought last, where the reason is that; `size` fits, "" = not known."""

    product: Product
    reason: ProductReason
    size: str = ""
    because: str = ""


def suggestions(
    customer: Customer,
    past: History,
    owned: Collection[str],
    goods: Goods,
    limit: int = SUGGESTED,
) -> tuple[Suggestion, ...]:
    """At most `limit` articles of `goods`, the best first.

    Of an article that comes in sizes the customer's own must lie here, where it is known.
    """
    found: dict[str, Suggestion] = {}
    matched: set[str] = set()  # categories: three scarves in three colours are one idea
    for sku, reason, because in _candidates(customer, past, goods):
        shelf = goods.shelves.get(sku)
        if shelf is None or sku in owned or sku in found or len(found) >= limit:
            continue
        category, is_match = shelf.product.category, reason is ProductReason.GOES_WITH
        if is_match and category in matched:
            continue
        size = fitting(customer, past, shelf)
        if size is not None:
            found[sku] = Suggestion(shelf.product, reason, size, because)
            matched |= {category} if is_match else set()
    return tuple(found.values())


def fitting(customer: Customer, past: History, shelf: Shelf) -> str | None:
    """The customer's size that lies here, "" where none is known or needed, None = not here."""
    if len(shelf.product.sizes) < 2:
        return "" if shelf.sizes else None
    own = sizes_of(customer, past, shelf.product)
    if not own:
        return "" if shelf.sizes else None
    return next((size for size in own if size in shelf.sizes), None)


def sizes_of(customer: Customer, past: History, product: Product) -> tuple[str, ...]:
    """What this person wears of such an article: as last bought in its category, then as told.

    Nothing of an article that fits everybody.
    """
    if len(product.sizes) < 2:
        return ()
    bought = [
        line.size
        for order in reversed(past.orders)
        if not order.gift
        for line in order.lines
        if line.category == product.category and line.quantity > 0
    ]
    told = [fact.value for fact in customer.facts if fact.label.startswith(SIZE_FACTS)]
    return tuple(dict.fromkeys(size for size in (*bought, *told) if size in product.sizes))


def _candidates(
    customer: Customer, past: History, goods: Goods
) -> Iterator[tuple[str, ProductReason, str]]:
    for sku in customer.wish_list:
        yield sku, ProductReason.WISHED, ""
    for left in customer.basket.lines if customer.basket else ():
        yield left.sku, ProductReason.IN_BASKET, ""
    last = next((order for order in reversed(past.orders) if not order.gift), None)
    for line in last.lines if last else ():
        if line.quantity > 0:
            for category in goods.goes_with.get(line.category, ()):
                for sku in _of_category(goods.shelves.values(), category):
                    yield sku, ProductReason.GOES_WITH, line.title
    for sku in customer.viewed:
        yield sku, ProductReason.VIEWED, ""


def _of_category(shelves: Iterable[Shelf], category: str) -> list[str]:
    """Those of which most sizes lie here first."""
    fitting_ones = [shelf for shelf in shelves if shelf.product.category == category]
    fitting_ones.sort(key=lambda shelf: (-len(shelf.sizes), shelf.product.sku))
    return [shelf.product.sku for shelf in fitting_ones]
