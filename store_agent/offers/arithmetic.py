"""Basket arithmetic in integer minor units: what a line is worth, how an amount is shared. Pure.

Line values are rounded half up, as tills print them. Shares are found by the largest remainder
(Hamilton's method): they add up exactly, and no line gets more than it is worth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from store_agent.domain.basket import Allocation, Basket, BasketLine

WHOLE = Decimal(1)
HUNDRED = Decimal(100)


def line_value(line: BasketLine) -> int:
    """Quantity times unit price in minor units, rounded half up; never below zero."""
    value = (line.qty * line.unit_price).quantize(WHOLE, ROUND_HALF_UP)
    return max(0, int(value))


@dataclass(frozen=True, slots=True)
class Ware:
    """One line that offers may touch.

    `pieces` are whole ones; what is sold by weight or length counts as one. `added_tax` is the
    rate in percent that comes on top of its price, None where the price holds it.
    """

    line: BasketLine
    line_id: str
    value_minor: int
    pieces: int
    is_whole: bool
    added_tax: Decimal | None = None

    @property
    def paid_minor(self) -> int:
        """What the customer pays for the whole line, with tax."""
        return self.with_tax(self.value_minor)

    def with_tax(self, value_minor: int) -> int:
        """What the customer pays for so much of this line, rounded half up."""
        if self.added_tax is None:
            return value_minor
        gross = value_minor * (HUNDRED + self.added_tax) / HUNDRED
        return int(gross.quantize(WHOLE, ROUND_HALF_UP))


def wares_of(basket: Basket) -> tuple[Ware, ...]:
    """The lines that are bought, in the order of their ids: results never depend on the basket's.

    Returns are left out: what is brought back neither earns an offer nor pays for one.
    """
    wares = []
    for line in sorted(basket.lines, key=lambda one: one.line_id):
        if line.is_return or line.qty <= 0:
            continue
        value = line_value(line)
        whole = line.qty == line.qty.to_integral_value()
        tax = None if basket.prices_include_tax else line.tax_rate
        wares.append(Ware(line, line.line_id, value, int(line.qty) if whole else 1, whole, tax))
    return tuple(wares)


def share(amount_minor: int, weights: Mapping[str, int]) -> dict[str, int]:
    """`amount_minor` shared over `weights` (line id -> worth) by the largest remainder.

    Needs 0 <= amount <= sum of the weights; then no share exceeds its weight. Ties go to the
    smaller id. Lines that get nothing are left out.
    """
    total = sum(weights.values())
    if amount_minor <= 0 or total <= 0:
        return {}
    if amount_minor == total:
        return {name: weight for name, weight in weights.items() if weight}
    shares = {name: amount_minor * weight // total for name, weight in weights.items()}
    missing = amount_minor - sum(shares.values())
    if missing:
        rests = sorted((-(amount_minor * weights[name] % total), name) for name in weights)
        for _, name in rests[:missing]:
            shares[name] += 1
    return {name: part for name, part in shares.items() if part}


def allocations(shares: Mapping[str, int]) -> tuple[Allocation, ...]:
    """Shares as the till gets them, in the order of the line ids."""
    return tuple(Allocation(name, shares[name]) for name in sorted(shares))


def percent_of(value_minor: int, percent: int) -> int:
    """Rounded half up; 100 gives exactly the value."""
    return (value_minor * percent * 2 + 100) // 200


def cheapest(stacks: Iterable[tuple[int, str, int]], count: int) -> dict[str, int]:
    """The `count` cheapest pieces of `stacks` (value of a piece, line id, pieces): so many a line.

    Of equally cheap ones those on the smaller line id. Pieces are counted, never listed: a till
    may send a million of something.
    """
    taken: dict[str, int] = {}
    for _, name, pieces in sorted(stacks):
        if count <= 0:
            break
        taken[name] = min(pieces, count)
        count -= pieces
    return taken
