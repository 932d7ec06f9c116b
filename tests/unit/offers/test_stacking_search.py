"""Where there are too many combinations to try them all: still allowed, never worse than greedy."""

from __future__ import annotations

import pytest
from basket_builders import basket, case, line, lines, offer, offers
from hypothesis import given
from hypothesis import strategies as st

from store_agent.domain.offer import Stacking
from store_agent.offers import stacking
from store_agent.offers.candidates import Candidate, Scene, judge_offers
from store_agent.offers.evaluating import evaluate
from store_agent.offers.stacking import LineUp, apply, best_deal


def holding(the_basket, the_case):
    scene = Scene.of(the_basket, the_case)
    return [one for one in judge_offers(scene) if isinstance(one, Candidate)], scene.wares


def greedy(candidates, wares):
    """The largest first, whatever is still allowed beside it."""
    alone = {one.id: apply((one,), wares).worth_minor for one in candidates}
    taken, groups = [], set()
    for one in sorted(candidates, key=lambda one: (-alone[one.id], one.id)):
        if one.stacking.exclusive or one.stacking.group in groups - {""}:
            continue
        taken.append(one)
        groups.add(one.stacking.group)
    return apply(taken, wares).worth_minor


def check_gains(candidates, wares):
    """What a swap is said to bring is what the swapped deal brings."""
    for out in candidates:
        for into in candidates:
            if into is out:
                continue
            before = apply([one for one in candidates if one is not into], wares)
            after = apply([one for one in candidates if one is not out], wares)
            said = LineUp(before, wares).gain(out, into)
            assert said == after.worth_minor - before.worth_minor


@given(lines(), offers(most=6))
def test_a_swap_brings_what_it_is_said_to_bring(some, rules):
    check_gains(*holding(basket(*some), case(*rules)))


@given(lines(), offers(most=8))
def test_the_search_by_swaps_is_never_worse_than_taking_the_largest_first(some, rules):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stacking, "MAX_EXACT", 0)
        candidates, wares = holding(basket(*some), case(*rules))
        found = best_deal(candidates, wares)
    assert found.worth_minor >= greedy(candidates, wares)
    assert found.worth_minor == apply([one for one, _ in found.chosen], wares).worth_minor
    groups = [one.stacking.group for one, _ in found.chosen if one.stacking.group]
    assert len(set(groups)) == len(groups)
    exclusive = any(one.stacking.exclusive for one, _ in found.chosen)
    assert len(found.chosen) == 1 or not exclusive


@given(lines(), offers(most=8), st.randoms())
def test_the_search_by_swaps_does_not_depend_on_the_order(some, rules, random):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stacking, "MAX_EXACT", 0)
        before = evaluate(basket(*some), case(*rules))
        mixed, mixed_rules = list(some), list(rules)
        random.shuffle(mixed)
        random.shuffle(mixed_rules)
        after = evaluate(basket(*mixed), case(*mixed_rules))
    assert after.applied == before.applied


def test_a_choice_that_pays_only_beside_the_others_is_found(monkeypatch):
    """A alone gives more, but C takes from the same line; B has a line to itself."""
    monkeypatch.setattr(stacking, "MAX_EXACT", 0)
    rules = (
        offer("a", value=90, skus=("A",), stacking=Stacking("g")),
        offer("b", value=80, skus=("B",), stacking=Stacking("g")),
        offer("c", value=90, skus=("A",), priority=9),
    )
    the_basket = basket(line("1", 1000, sku="A"), line("2", 1000, sku="B"))
    found = evaluate(the_basket, case(*rules))
    assert {one.offer_id: one.amount_minor for one in found.applied} == {"b": 800, "c": 900}
    assert not found.is_complete


def test_swaps_judged_without_what_the_others_took_are_found_out(monkeypatch):
    """Known-bad: the gain of a swap as the difference of what each gives alone."""

    def alone(_self, out, into):
        return apply((into,), scene_wares).worth_minor - apply((out,), scene_wares).worth_minor

    rules = (offer("a", value=90), offer("b", value=50), offer("c", value=80))
    candidates, scene_wares = holding(basket(line("1", 1000)), case(*rules))
    check_gains(candidates, scene_wares)
    monkeypatch.setattr(LineUp, "gain", alone)
    with pytest.raises(AssertionError):
        check_gains(candidates, scene_wares)


def test_a_million_pieces_are_counted_and_not_listed():
    many = [line(str(number), 100 + number, "999999") for number in range(30)]
    found = evaluate(basket(*many), case(*(offer(str(n), "nth_free", 3) for n in range(20))))
    assert found.applied[0].amount_minor > 0


def test_of_every_third_piece_the_cheapest_is_free():
    some = (line("1", 500, "2"), line("2", 300, "3"), line("3", 900, "2"), line("4", 50, "0.5"))
    (found,) = evaluate(basket(*some), case(offer(kind="nth_free", value=3))).applied
    assert found.amount_minor == 600  # seven whole pieces, so two; metres do not count
    assert [(part.line_id, part.amount_minor) for part in found.allocations] == [("2", 600)]
