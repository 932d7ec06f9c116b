"""Money: integer minor units that never mix currencies."""

from __future__ import annotations

import pytest

from store_agent.domain.money import Money, value_of_points


def test_amounts_of_one_currency_add_up() -> None:
    assert Money(1999, "CHF") + Money(1, "CHF") == Money(2000, "CHF")


def test_amounts_of_two_currencies_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="cannot add CHF to EUR"):
        Money(1) + Money(1, "CHF")


def test_a_point_is_worth_one_cent() -> None:
    assert value_of_points(2340) == Money(2340, "EUR")


def test_points_are_worth_money_of_the_shops_currency() -> None:
    assert value_of_points(5, "SEK") == Money(5, "SEK")
