"""The simulated return of a fleet."""

from dataclasses import replace

from tests.bench.fleet import Fleet, Naive, agents, come_back

SMALL = Fleet(shops=3000, outage_s=1800.0, window_s=60.0, requests_per_s=400.0)
EVEN = SMALL.shops * 2 / SMALL.window_s  # one batch and one question for changes each


def test_every_shop_drains_and_none_sends_more_than_it_has():
    seen = come_back(SMALL, agents(SMALL))
    assert len(seen.drained_at_s) == SMALL.shops
    assert seen.batches == SMALL.shops
    assert max(seen.drained_at_s) < SMALL.window_s + 5


def test_the_fleet_comes_back_as_an_even_stream():
    seen = come_back(SMALL, agents(SMALL))
    assert seen.peak_per_s < 1.6 * EVEN
    assert seen.tries_per_s(SMALL) < 1.2 * SMALL.shops / SMALL.window_s


def test_naive_retries_are_a_stampede_that_the_simulation_sees():
    seen = come_back(SMALL, Naive, one_probe=False)
    assert seen.peak_per_s > 10 * EVEN
    assert seen.refused > 0


def test_two_probing_loops_knock_twice_as_often():
    one = come_back(SMALL, agents(SMALL)).tries_per_s(SMALL)
    two = come_back(SMALL, agents(SMALL), one_probe=False).tries_per_s(SMALL)
    assert two > 1.8 * one


def test_a_platform_that_is_too_small_steers_and_still_gets_everything():
    fleet = replace(SMALL, requests_per_s=40.0)
    seen = come_back(fleet, agents(fleet))
    assert seen.refused > 0
    assert len(seen.drained_at_s) == fleet.shops


def test_the_same_seed_is_the_same_return():
    assert come_back(SMALL, agents(SMALL)) == come_back(SMALL, agents(SMALL))
