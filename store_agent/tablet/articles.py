"""Articles as the tablet shows them: what lies here and elsewhere, in whose size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from kiosk_ui.model import Money
from kiosk_ui.picture import model
from store_agent.domain.catalog import Product, Stock
from store_agent.domain.customer import Customer
from store_agent.insight.history import History
from store_agent.insight.next_best import Shelf, sizes_of
from store_agent.storage import Connection, catalog, shelves

ALTERNATIVES = 4
LOOKED_THROUGH = 200  # articles and sizes of one category


@dataclass(frozen=True, slots=True)
class ArticleBook:
    """Looks articles up for one person; `owned` are the skus they have."""

    cache: Connection
    store: str
    owned: frozenset[str]

    def rows(
        self, skus: Iterable[str], person: Customer | None, past: History | None
    ) -> tuple[model.ArticleRow, ...]:
        """The known ones among `skus`, in their order."""
        known = catalog.products(self.cache, skus)
        return tuple(self.row(one, person, past) for one in known.values())

    def row(
        self, product: Product, person: Customer | None, past: History | None
    ) -> model.ArticleRow:
        """One article with what lies where."""
        own = sizes_of(person, past, product) if person and past else ()
        stock = [one for one in catalog.stock_of(self.cache, product.sku) if one.quantity > 0]
        here = [one for one in stock if one.store == self.store]
        size = next((one for one in own if any(s.size == one for s in here)), next(iter(own), ""))
        fits = [one for one in here if size and one.size == size]
        elsewhere = {one.store for one in stock if one.store != self.store}
        if size:
            elsewhere = {s.store for s in stock if s.store != self.store and s.size == size}
        return model.ArticleRow(
            product.sku,
            product.title,
            product.category,
            Money(product.price_minor, product.currency),
            model.Availability(
                here=sum(one.quantity for one in here),
                size=size,
                in_size=bool(fits),
                elsewhere=len(elsewhere),
                as_of=max((one.as_of for one in stock), default=None),
            ),
        )

    def shelves(self, person: Customer, near: Iterable[tuple[Product, Stock]]) -> dict[str, Shelf]:
        """What lies here of `near` and of what this person wanted."""
        here: dict[str, list[str]] = defaultdict(list)
        products: dict[str, Product] = {}
        for product, stock in near:
            products[product.sku] = product
            here[product.sku].append(stock.size)
        basket = person.basket.lines if person.basket else ()
        wanted = (*person.wish_list, *(line.sku for line in basket), *person.viewed)
        for sku, product in catalog.products(self.cache, wanted).items():
            products[sku] = product
            here[sku] = [
                one.size
                for one in catalog.stock_of(self.cache, sku)
                if one.store == self.store and one.quantity > 0
            ]
        return {
            sku: Shelf(product, tuple(here[sku])) for sku, product in products.items() if here[sku]
        }

    def sheet(
        self, sku: str, person: Customer | None, past: History | None
    ) -> model.ArticleSheet | None:
        """One article in full; None when there is none of that number."""
        product = catalog.products(self.cache, (sku,)).get(sku)
        if product is None:
            return None
        article = self.row(product, person, past)
        stock = catalog.stock_of(self.cache, sku)
        return model.ArticleSheet(
            article,
            tuple(self._size(size, stock, article.stock.size) for size in _sizes(product, stock)),
            colour=product.colour,
            customer_id=person.id if person else "",
            customer=person.display_name if person else "",
            owned=sku in self.owned and past is not None,
            alternatives=self._alternatives(product, person, past),
        )

    def _size(self, size: str, stock: Iterable[Stock], own: str) -> model.SizeRow:
        of_it = [one for one in stock if one.size == size and one.quantity > 0]
        return model.SizeRow(
            size,
            here=sum(one.quantity for one in of_it if one.store == self.store),
            elsewhere=len({one.store for one in of_it if one.store != self.store}),
            is_own=bool(own) and size == own,
        )

    def _alternatives(
        self, product: Product, person: Customer | None, past: History | None
    ) -> tuple[model.ArticleRow, ...]:
        """Others of the category that lie here, in the person's size where it is known.

        The nearest in price first: who looks at a coat for 300 wants no other one for 30.
        """
        near = shelves.lying_here(self.cache, self.store, (product.category,), LOOKED_THROUGH)
        others = {one.sku: one for one, _ in near if one.sku != product.sku}
        rows = [
            replace(self.row(one, person, past), reason="")
            for one in sorted(
                others.values(),
                key=lambda one: (abs(one.price_minor - product.price_minor), one.sku),
            )
            if one.sku not in self.owned and set(one.sizes) & set(product.sizes or one.sizes)
        ]
        fitting = [row for row in rows if row.stock.in_size or not row.stock.size]
        return tuple(fitting[:ALTERNATIVES])


def _sizes(product: Product, stock: Iterable[Stock]) -> tuple[str, ...]:
    """The article's own order of sizes, then those only the stock knows."""
    return tuple(dict.fromkeys((*product.sizes, *(one.size for one in stock))))
