"""A small sample of the bench's walks keeps the goals that the bench measures in full."""

import pytest

from tests.bench.walks import SCENARIOS, by_rules, naive, tally

WALKS = 25
VISITS = [one for one in SCENARIOS if one.visits and one.accuracy_m[1] <= 40]
OTHERS = [one for one in SCENARIOS if not one.visits]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("scenario", VISITS, ids=lambda one: one.name)
def test_visits_are_found_and_do_not_flap(scenario):
    found = tally(scenario, WALKS, by_rules)
    assert found.missed <= 1
    assert found.spurious <= 3  # of 25 visits: a rate of 0.05 gives 3 once in twenty samples


@pytest.mark.timeout(30)
@pytest.mark.parametrize("scenario", OTHERS, ids=lambda one: one.name)
def test_nobody_outside_dwells(scenario):
    assert tally(scenario, WALKS, by_rules).dwells <= 1


@pytest.mark.timeout(30)
def test_the_naive_rule_is_found_out_by_the_same_walks():
    assert tally(VISITS[1], WALKS, naive).spurious > WALKS
