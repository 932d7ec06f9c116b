"""What a benefit takes off which line. Pure.

`left` is what every line is still worth (line id -> minor units): offers applied before have taken
their part, and none takes more than there is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP

from store_agent.domain.money import POINT_VALUE_MINOR
from store_agent.domain.offer import Benefit, BenefitKind
from store_agent.offers.arithmetic import WHOLE, Ware, cheapest, percent_of, share

BY_HAND = frozenset({BenefitKind.GIFT, BenefitKind.SERVICE})
EARNING = frozenset({BenefitKind.POINTS, BenefitKind.POINTS_MULTIPLIER})


@dataclass(frozen=True, slots=True)
class Given:
    """The effect of one benefit: minor units per line and in all, and points on top."""

    shares: Mapping[str, int]
    amount_minor: int = 0
    points: int = 0

    @property
    def worth_minor(self) -> int:
        """What it is worth to the customer: money off and points."""
        return self.amount_minor + self.points * POINT_VALUE_MINOR


NOTHING = Given({})
_Rule = Callable[[Benefit, tuple[Ware, ...], Mapping[str, int]], dict[str, int]]


def give(benefit: Benefit, wares: tuple[Ware, ...], left: Mapping[str, int]) -> Given:
    """The effect of `benefit` on `wares`: those of its scope, and for money only discountable ones
    (`touchable`)."""
    if benefit.kind is BenefitKind.POINTS:
        return Given({}, points=benefit.value)
    if benefit.kind is BenefitKind.POINTS_MULTIPLIER:
        paid = sum(ware.with_tax(left[ware.line_id]) for ware in wares)
        return Given({}, points=earned(paid) * (benefit.value - 1))
    rule = _RULES.get(benefit.kind)
    if rule is None:
        return NOTHING
    shares = rule(benefit, wares, left)
    amount, cap = sum(shares.values()), benefit.max_minor
    if cap is not None and amount > cap:
        return Given(share(cap, shares), cap)
    return Given(shares, amount)


def touchable(benefit: Benefit, wares: tuple[Ware, ...]) -> tuple[Ware, ...]:
    """The lines of a scope that a benefit may act on: points are earned on all of them."""
    if benefit.kind in EARNING:
        return wares
    return tuple(ware for ware in wares if ware.line.discountable)


def earned(paid_minor: int) -> int:
    """One point for each whole unit of money paid."""
    return max(0, paid_minor) // 100


def _percent(benefit: Benefit, wares: tuple[Ware, ...], left: Mapping[str, int]) -> dict[str, int]:
    weights = _weights(wares, left)
    return share(percent_of(sum(weights.values()), benefit.value), weights)


def _amount(benefit: Benefit, wares: tuple[Ware, ...], left: Mapping[str, int]) -> dict[str, int]:
    weights = _weights(wares, left)
    return share(min(benefit.value, sum(weights.values())), weights)


def _fixed_price(
    benefit: Benefit, wares: tuple[Ware, ...], left: Mapping[str, int]
) -> dict[str, int]:
    """Each piece costs `value`; what is cheaper already stays."""
    shares = {}
    for ware in wares:
        part = left[ware.line_id] - _priced(ware, benefit.value)
        if part > 0:
            shares[ware.line_id] = part
    return shares


def _priced(ware: Ware, price_minor: int) -> int:
    """What a line costs at so much a piece, or a unit of weight or length."""
    if ware.is_whole:
        return ware.pieces * price_minor
    return int((ware.line.qty * price_minor).quantize(WHOLE, ROUND_HALF_UP))


def _nth_free(benefit: Benefit, wares: tuple[Ware, ...], left: Mapping[str, int]) -> dict[str, int]:
    """Of every `value` pieces the cheapest: over the basket the cheapest of all are free."""
    whole = [ware for ware in wares if ware.is_whole]
    count = sum(ware.pieces for ware in whole) // benefit.value
    return _of_cheapest(whole, count, left)


def _free_item(
    benefit: Benefit, wares: tuple[Ware, ...], left: Mapping[str, int]
) -> dict[str, int]:
    """One piece of the article, the cheapest line of it."""
    return _of_cheapest([ware for ware in wares if ware.line.sku == benefit.sku], 1, left)


def _of_cheapest(wares: list[Ware], count: int, left: Mapping[str, int]) -> dict[str, int]:
    """What the cheapest pieces are still worth, rounded down: never more than their line."""
    pieces = {ware.line_id: ware.pieces for ware in wares}
    taken = cheapest(((left[name] // many, name, many) for name, many in pieces.items()), count)
    shares = {name: left[name] * many // pieces[name] for name, many in taken.items()}
    return {name: part for name, part in shares.items() if part}


def _weights(wares: tuple[Ware, ...], left: Mapping[str, int]) -> dict[str, int]:
    return {ware.line_id: left[ware.line_id] for ware in wares}


_RULES: Mapping[BenefitKind, _Rule] = {
    BenefitKind.PERCENT: _percent,
    BenefitKind.AMOUNT: _amount,
    BenefitKind.FIXED_PRICE: _fixed_price,
    BenefitKind.NTH_FREE: _nth_free,
    BenefitKind.FREE_ITEM: _free_item,
}
