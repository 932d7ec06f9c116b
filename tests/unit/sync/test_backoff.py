"""The pauses of the sync loops."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.backoff import (
    CAP_S,
    DEFAULT_WINDOW_S,
    HEALTHY_RESET_S,
    MAX_RETRY_AFTER_S,
    MIN_PAUSE_S,
    Backoff,
)


def backoff(seed: int = 1, window_s: float | None = None) -> Backoff:
    made = Backoff(Random(seed))
    if window_s is not None:
        made.announce(window_s)
    return made


def first_pauses(window_s: float | None) -> list[float]:
    return [backoff(seed, window_s).failed(0.0) for seed in range(2000)]


def test_first_retries_of_many_shops_spread_over_the_whole_window():
    pauses = first_pauses(None)
    tenths = [sum(1 for p in pauses if int(p / DEFAULT_WINDOW_S * 10) == n) for n in range(10)]
    assert min(tenths) > 140
    assert max(tenths) < 260


def test_the_announced_window_caps_every_later_pause():
    it = backoff(window_s=2.0)
    assert all(it.failed(float(n)) <= 2.0 for n in range(200))


def test_pauses_grow_but_never_beyond_the_cap():
    it = backoff()
    pauses = [it.failed(float(n)) for n in range(500)]
    assert max(pauses) <= CAP_S
    assert min(pauses[20:]) > DEFAULT_WINDOW_S


def test_shops_that_stay_cut_off_keep_their_places_in_the_window():
    """However long the outage, the tries of many shops are one even stream, never a wave."""
    window_s, shops = 300.0, 3000
    tries = []
    for seed in range(shops):
        it, at_s = backoff(seed, window_s), 0.0
        while at_s < 20 * window_s:
            at_s += it.failed(at_s)
            tries.append(at_s)
    late = [t for t in tries if 15 * window_s <= t < 20 * window_s]
    slices = [sum(1 for t in late if int(t // 30) == n) for n in range(150, 200)]
    assert len(late) < 5 * shops * 1.15  # about once in a window each; full jitter: twice
    assert max(slices) < 1.3 * len(late) / len(slices)


def test_shops_that_worked_until_now_are_spread_anew():
    """Even when the line failed again before it was healthy: all fell out at the same moment."""
    pauses = []
    for seed in range(2000):
        it = backoff(seed, 300.0)
        it.failed(0.0)
        it.failed(1.0)
        it.succeeded(2.0)
        pauses.append(it.failed(3.0))
    tenths = [sum(1 for p in pauses if int(p / 30) == n) for n in range(10)]
    assert min(tenths) > 140
    assert max(tenths) < 260


def test_a_year_offline_does_not_overflow():
    it = backoff()
    for n in range(40_000):
        assert it.failed(float(n)) <= CAP_S


def test_retry_after_is_obeyed_with_up_to_half_on_top():
    pauses = [backoff(seed, 2.0).failed(0.0, retry_after_s=60) for seed in range(500)]
    assert min(pauses) >= 60
    assert max(pauses) <= 90
    assert max(pauses) - min(pauses) > 20


@pytest.mark.parametrize("nonsense", [-5.0, 0.0])
def test_a_senseless_retry_after_means_soon_but_never_a_busy_loop(nonsense):
    assert MIN_PAUSE_S <= backoff().failed(0.0, retry_after_s=nonsense) < 1


def test_a_retry_after_of_years_does_not_silence_a_shop():
    assert backoff().failed(0.0, retry_after_s=1e9) <= MAX_RETRY_AFTER_S * 1.5


def ceiling_after(healthy_s: float) -> float:
    """The longest of many pauses that follow 5 failures and then some health."""
    longest = 0.0
    for seed in range(300):
        it = backoff(seed)
        for n in range(5):
            it.failed(float(n))
        it.succeeded(10.0)
        it.succeeded(10.0 + healthy_s)
        longest = max(longest, it.failed(10.0 + healthy_s))
    return longest


def test_a_flapping_line_keeps_its_backoff_and_a_healthy_one_starts_again():
    assert ceiling_after(HEALTHY_RESET_S - 1) > DEFAULT_WINDOW_S * 1.4
    assert ceiling_after(HEALTHY_RESET_S) <= DEFAULT_WINDOW_S


@given(window_s=st.floats(allow_nan=False, allow_infinity=False))
def test_no_announced_window_makes_a_busy_loop_or_an_endless_pause(window_s):
    pauses = [backoff(seed, window_s).failed(0.0) for seed in range(30)]
    assert max(pauses) > 0.1
    assert max(pauses) <= 3600


def test_the_same_dice_give_the_same_pauses():
    one, other = backoff(7), backoff(7)
    assert [one.failed(0.0) for _ in range(20)] == [other.failed(0.0) for _ in range(20)]
