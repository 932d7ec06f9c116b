"""The clocks: the box's own, the one that is moved by hand, and what a wrong one looks like."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from store_agent.clock import (
    EARLIEST_PLAUSIBLE,
    LATEST_PLAUSIBLE,
    Clock,
    ManualClock,
    SystemClock,
    is_plausible,
)


@pytest.mark.parametrize("clock", [SystemClock(), ManualClock()])
def test_wall_clock_time_is_aware_and_utc(clock: Clock) -> None:
    assert clock.now().utcoffset() == timedelta(0)


def test_the_clock_of_the_box_never_runs_backwards() -> None:
    clock = SystemClock()
    readings = [clock.monotonic() for _ in range(100)]
    assert readings == sorted(readings)


def test_the_manual_clock_stands_still_until_it_is_told_to_move() -> None:
    clock = ManualClock()
    before = clock.now(), clock.monotonic()
    assert (clock.now(), clock.monotonic()) == before


def test_advancing_moves_both_readings_alike() -> None:
    clock = ManualClock()
    started, ticked = clock.now(), clock.monotonic()
    clock.advance(90.5)
    assert clock.now() - started == timedelta(seconds=90.5)
    assert clock.monotonic() - ticked == 90.5


@pytest.mark.parametrize(
    ("now", "plausible"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), False),
        (EARLIEST_PLAUSIBLE - timedelta(microseconds=1), False),
        (EARLIEST_PLAUSIBLE, True),
        (LATEST_PLAUSIBLE, True),
        (LATEST_PLAUSIBLE + timedelta(microseconds=1), False),
    ],
)
def test_a_box_without_the_time_is_noticed(now: datetime, plausible: bool) -> None:
    assert is_plausible(now) is plausible
