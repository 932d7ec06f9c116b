"""Moments of the feed on the shop's calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from store_agent.domain.local_time import instant, last_day, local_date

BERLIN = ZoneInfo("Europe/Berlin")


def test_a_time_without_offset_means_the_shops_wall_clock() -> None:
    naive = datetime.fromisoformat("2026-11-21T18:00")
    assert instant(naive, BERLIN) == datetime(2026, 11, 21, 17, 0, tzinfo=UTC)


def test_a_time_with_offset_is_left_alone() -> None:
    at = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
    assert instant(at, BERLIN) is at


def test_an_hour_that_autumn_repeats_is_told_apart() -> None:
    naive = datetime.fromisoformat("2026-10-25T02:30")
    assert instant(naive, BERLIN, fold=0) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert instant(naive, BERLIN, fold=1) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_late_evening_in_utc_is_already_tomorrow_in_berlin() -> None:
    assert local_date(datetime(2026, 11, 21, 23, 30, tzinfo=UTC), BERLIN) == date(2026, 11, 22)


@pytest.mark.parametrize(
    ("until", "day"),
    [
        ("2026-11-30T23:59:59+01:00", date(2026, 11, 30)),
        ("2026-12-01T00:00:00+01:00", date(2026, 11, 30)),
        ("2026-12-01T00:00:01+01:00", date(2026, 12, 1)),
        ("2026-12-01T00:00:00", date(2026, 11, 30)),
    ],
)
def test_midnight_ends_the_day_before(until: str, day: date) -> None:
    assert last_day(datetime.fromisoformat(until), BERLIN) == day
