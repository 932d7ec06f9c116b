"""A customer's purchases in order, with what came back taken off. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo

from store_agent.domain.catalog import Purchase
from store_agent.domain.local_time import instant, local_date


@dataclass(frozen=True, slots=True)
class History:
    """Purchases of one customer, the oldest first; `orders` bought something, `returns` did not.

    Days are those of the shop's calendar; amounts are minor units of `currency` alone, since
    nobody here knows a rate of exchange.
    """

    orders: tuple[Purchase, ...]
    returns: tuple[Purchase, ...]
    currency: str
    zone: ZoneInfo

    @property
    def days(self) -> tuple[date, ...]:
        """The days on which something was bought, each once, the oldest first."""
        return tuple(sorted({local_date(order.at, self.zone) for order in self.orders}))

    @property
    def intervals(self) -> tuple[int, ...]:
        """Days from one day of buying to the next."""
        days = self.days
        return tuple((later - earlier).days for earlier, later in pairwise(days))

    @property
    def bought_minor(self) -> int:
        """What was paid in all, before returns."""
        return sum(order.total_minor for order in self._of_currency(self.orders))

    @property
    def net_minor(self) -> int:
        """What was paid and stayed; a return of something bought elsewhere takes nothing off."""
        back = sum(one.total_minor for one in self._of_currency(self.returns))
        return max(0, self.bought_minor + back)

    @property
    def amounts(self) -> tuple[int, ...]:
        """What each order came to, the oldest first."""
        return tuple(order.total_minor for order in self._of_currency(self.orders))

    def kept(self) -> Counter[str]:
        """How many pieces of each category stayed with the customer; presents are not theirs."""
        pieces: Counter[tuple[str, str]] = Counter()
        for purchase in (*self.orders, *self.returns):
            if not purchase.gift:
                for line in purchase.lines:
                    pieces[line.category, line.sku] += line.quantity
        kept: Counter[str] = Counter()
        for (category, _), quantity in pieces.items():
            if category and quantity > 0:
                kept[category] += quantity
        return kept

    def _of_currency(self, purchases: Iterable[Purchase]) -> Iterable[Purchase]:
        return (one for one in purchases if one.currency == self.currency)


def history(purchases: Iterable[Purchase], currency: str, zone: ZoneInfo) -> History:
    """The history in `purchases`, which may come in any order and more than once."""
    once = {purchase.id: purchase for purchase in purchases}
    in_order = sorted(once.values(), key=lambda one: (instant(one.at, zone), one.id))
    return History(
        tuple(one for one in in_order if _is_order(one)),
        tuple(one for one in in_order if not _is_order(one)),
        currency,
        zone,
    )


def _is_order(purchase: Purchase) -> bool:
    """An exchange for something dearer is one, too; what only comes back is not."""
    return purchase.total_minor > 0 or (
        purchase.total_minor == 0 and any(line.quantity > 0 for line in purchase.lines)
    )
