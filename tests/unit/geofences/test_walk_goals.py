"""A small sample of the bench's walks keeps the goals that the bench measures in full."""

import pytest

from tests.bench.walks import SCENARIOS, by_rules, naive, percentile, tally

WALKS = 25
VISITS = [one for one in SCENARIOS if one.visits and one.accuracy_m[1] <= 40]
OTHERS = [one for one in SCENARIOS if not one.visits]
PASSERS = [one for one in OTHERS if one.duration_s < 600]


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
@pytest.mark.parametrize("scenario", PASSERS, ids=lambda one: one.name)
def test_hardly_anybody_who_passes_comes_in(scenario):
    assert tally(scenario, WALKS, by_rules).false_enters <= 1


@pytest.mark.timeout(30)
def test_good_positions_tell_of_a_visit_within_two_minutes():
    delays = tally(VISITS[0], WALKS, by_rules).enter_delays_s
    assert percentile(delays, 0.5) <= 60
    assert percentile(delays, 0.9) <= 120


@pytest.mark.timeout(30)
def test_the_naive_rule_is_found_out_by_the_same_walks():
    assert tally(VISITS[1], WALKS, naive).spurious > WALKS
