"""Money as integer minor units with its ISO 4217 currency."""

from __future__ import annotations

from dataclasses import dataclass

POINT_VALUE_MINOR = 1  # one loyalty point is worth 0.01 of the store's currency


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of `amount_minor` cents (or the currency's smallest unit)."""

    amount_minor: int
    currency: str = "EUR"

    def __add__(self, other: Money) -> Money:
        """Add two amounts of one currency; ValueError when the currencies differ."""
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.amount_minor + other.amount_minor, self.currency)


def value_of_points(points: int, currency: str = "EUR") -> Money:
    """What `points` are worth when burnt."""
    return Money(points * POINT_VALUE_MINOR, currency)
