"""Prices without tax, and budgets of money."""

from __future__ import annotations

from decimal import Decimal

import pytest
from basket_builders import basket, case, line, offer

from store_agent.domain.greeting import OfferReason
from store_agent.domain.offer import BudgetUnit, Conditions, OfflineClass
from store_agent.domain.rights import Standing
from store_agent.offers.evaluating import evaluate


@pytest.mark.parametrize(
    ("includes_tax", "reasons"), [(True, [OfferReason.BELOW_MINIMUM]), (False, [])]
)
def test_a_minimum_is_compared_with_what_the_customer_pays(includes_tax, reasons):
    sale = basket(line("1", 1000, tax_rate=Decimal(19)), prices_include_tax=includes_tax)
    found = evaluate(sale, case(offer(conditions=Conditions(min_value_minor=1190))))
    assert [one.reason for one in found.refused] == reasons


@pytest.mark.parametrize(
    ("includes_tax", "basic", "extra"),
    [(True, 9, 18), (False, 11, 22)],  # 9.99 paid, or 9.99 and 19 % = 11.89
)
def test_points_are_earned_on_what_is_paid_with_tax(includes_tax, basic, extra):
    sale = basket(line("1", 999, tax_rate=Decimal(19)), prices_include_tax=includes_tax)
    found = evaluate(sale, case(offer(kind="points_multiplier", value=3)))
    assert found.applied[0].points == extra
    assert found.points.earned == basic + extra


@pytest.mark.parametrize(("left", "applied"), [(100, True), (99, False), (0, False)])
def test_a_budget_of_money_gives_only_what_is_left_of_it(left, applied):
    rule = offer(offline=OfflineClass.LOT, budget_unit=BudgetUnit.MINOR)
    standing = Standing(lot_left={rule.id: left})
    found = evaluate(basket(line("1", 1000)), case(rule, standing=standing))
    assert bool(found.applied) is applied
    reasons = [one.reason for one in found.refused]
    assert reasons == ([] if applied else [OfferReason.BUDGET_USED_UP])


def test_a_budget_of_uses_does_not_count_money():
    rule = offer(offline=OfflineClass.LOT, value=100)
    standing = Standing(lot_left={rule.id: 1})
    assert evaluate(basket(line("1", 1000)), case(rule, standing=standing)).applied
