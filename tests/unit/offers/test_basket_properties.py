"""What holds for every basket and every set of offers, and that bad arithmetic is found out."""

from dataclasses import replace
from decimal import Decimal
from itertools import combinations

import pytest
from basket_builders import MIRA, basket, benefits, case, line, lines, offer, offers, voucher
from hypothesis import given
from hypothesis import strategies as st

from store_agent.domain.basket import Effect
from store_agent.domain.greeting import OfferReason
from store_agent.domain.rights import Standing
from store_agent.offers import arithmetic
from store_agent.offers import benefits as rules
from store_agent.offers.arithmetic import line_value, share, wares_of
from store_agent.offers.candidates import Candidate, Scene, judge_offers
from store_agent.offers.evaluating import evaluate, wants
from store_agent.offers.stacking import apply


def worth(evaluation):
    return sum(
        one.amount_minor + one.points
        for one in evaluation.applied
        if one.effect is not Effect.TENDER
    )


def check_sums(the_basket, evaluation):
    """No line below zero, nothing on returns, and every sum exact."""
    left = {one.line_id: line_value(one) for one in the_basket.lines if not one.is_return}
    for one in evaluation.applied:
        assert sum(part.amount_minor for part in one.allocations) == one.amount_minor
        for part in one.allocations:
            assert part.amount_minor > 0
            left[part.line_id] -= part.amount_minor
    assert all(rest >= 0 for rest in left.values())


@given(lines(), offers(), st.integers(0, 5000))
def test_allocations_add_up_and_no_line_falls_below_zero(some, rules_, points):
    the_basket = basket(*some)
    the_case = case(*rules_, vouchers=[voucher()], standing=Standing(points=points))
    check_sums(the_basket, evaluate(the_basket, the_case))


@given(lines(), offers(), st.randoms())
def test_the_order_of_lines_and_offers_changes_nothing(some, rules_, random):
    before = evaluate(basket(*some), case(*rules_))
    mixed, mixed_rules = list(some), list(rules_)
    random.shuffle(mixed)
    random.shuffle(mixed_rules)
    after = evaluate(basket(*mixed), case(*mixed_rules))
    assert after.applied == before.applied
    assert set(after.refused) == set(before.refused)


@given(lines(), offers(), benefits)
def test_an_offer_that_does_not_hold_changes_nothing(some, rules_, benefit):
    stopped = replace(offer("o-stopped"), benefit=benefit, stopped=True, priority=99)
    before = evaluate(basket(*some), case(*rules_))
    after = evaluate(basket(*some), case(*rules_, stopped))
    assert after.applied == before.applied
    assert [one.reason for one in after.refused if one.offer_id == "o-stopped"] == [
        OfferReason.STOPPED
    ]


@given(lines(), offers())
def test_the_deal_is_the_best_of_all_that_leave_nothing_out(some, rules_):
    scene = Scene.of(basket(*some), case(*rules_))
    holding = [one for one in judge_offers(scene) if isinstance(one, Candidate)]
    allowed = [
        frozenset(chosen)
        for size in range(len(holding) + 1)
        for chosen in combinations(range(len(holding)), size)
        if is_allowed([holding[place] for place in chosen])
    ]
    fullest = [one for one in allowed if not any(one < other for other in allowed)]
    best = max(apply([holding[place] for place in one], scene.wares).worth_minor for one in fullest)
    found = evaluate(basket(*some), case(*rules_))
    assert found.is_complete
    assert worth(found) == best


def is_allowed(chosen):
    groups = [one.stacking.group for one in chosen if one.stacking.group]
    exclusive = any(one.stacking.exclusive for one in chosen)
    return len(set(groups)) == len(groups) and not (exclusive and len(chosen) > 1)


@given(lines())
def test_a_hundred_percent_is_exactly_the_value(some):
    the_basket = basket(*some)
    found = evaluate(the_basket, case(offer(value=100)))
    value = sum(one.value_minor for one in wares_of(the_basket) if one.line.discountable)
    assert sum(one.amount_minor for one in found.applied) == value


@given(lines(), offers(), st.lists(st.sampled_from(["o0", "o1", "v-1", "no-such", "points:7"])))
def test_each_offer_asked_for_is_either_applied_or_refused(some, rules_, asked):
    the_case = case(*rules_, vouchers=[voucher()], standing=Standing(points=100))
    found = evaluate(basket(*some), the_case, only=asked)
    named = {one.voucher_id or one.offer_id for one in (*found.applied, *found.refused)}
    assert named == set(asked)
    assert [want.amount_minor for want in wants(the_case, found)] == [
        one.amount_minor for one in found.applied
    ]


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(0, 10**6), min_size=1))
def test_shares_are_fair_to_a_cent(weights):
    total = sum(weights.values())
    for amount in {0, total // 3, total}:
        shares = share(amount, weights)
        assert sum(shares.values()) == amount
        for name, part in shares.items():
            exact = Decimal(amount * weights[name]) / total
            assert abs(part - exact) < 1
            assert part <= weights[name]


# -- known-bad variants: each must be found out ------------------------------------------------

CENTS = basket(*(line(str(n), 333) for n in range(3)))


def rounded_each_line(amount_minor, weights):
    """Each line rounded by itself."""
    total = sum(weights.values()) or 1
    return {name: round(amount_minor * weight / total) for name, weight in weights.items()}


def test_rounding_each_line_by_itself_is_found_out(monkeypatch):
    monkeypatch.setattr(rules, "share", rounded_each_line)
    found = evaluate(CENTS, case(offer(kind="amount", value=100)))
    assert sum(one.amount_minor for one in found.applied) != 100


def test_a_percentage_by_floats_is_found_out(monkeypatch):
    def by_floats(value_minor, percent):
        return round(value_minor * (percent / 100))  # banker's rounding of a binary fraction

    assert any(
        by_floats(value, percent) != arithmetic.percent_of(value, percent)
        for value in range(1, 400)
        for percent in (5, 15, 35)
    )


def test_offers_applied_without_regard_to_what_is_left_are_found_out(monkeypatch):
    def forgetful(benefit, wares, _left):
        return give(benefit, wares, {one.line.line_id: one.value_minor for one in wares})

    give = rules.give
    monkeypatch.setattr("store_agent.offers.stacking.give", forgetful)
    the_basket = basket(line("1", 1000))
    found = evaluate(the_basket, case(offer("a", value=80), offer("b", value=80)))
    with pytest.raises(AssertionError):
        check_sums(the_basket, found)


def test_mira_pays_nothing_for_what_she_brings_back():
    found = evaluate(basket(line("1", is_return=True)), case(offer(), customer=MIRA))
    assert found.applied == ()
