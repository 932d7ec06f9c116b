"""Birthdays: the nearest one, across the turn of the year and on 29 February."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store_agent.domain.birthday import birthday_in, days_to_birthday

BIRTHDAYS = st.dates(date(1920, 1, 1), date(2020, 12, 31))
TODAYS = st.dates(date(2026, 1, 1), date(2045, 12, 31))


@pytest.mark.parametrize(
    ("birthday", "today", "days"),
    [
        (date(1990, 11, 21), date(2026, 11, 21), 0),
        (date(1990, 11, 24), date(2026, 11, 21), 3),
        (date(1990, 11, 19), date(2026, 11, 21), -2),
        (date(1990, 1, 2), date(2026, 12, 30), 3),
        (date(1990, 12, 30), date(2027, 1, 2), -3),
        (date(1992, 2, 29), date(2028, 2, 29), 0),
        (date(1992, 2, 29), date(2027, 2, 28), 1),
        (date(1992, 2, 29), date(2027, 3, 1), 0),
        (date(1992, 3, 1), date(2028, 2, 28), 2),
    ],
)
def test_the_nearest_birthday_counts(birthday: date, today: date, days: int) -> None:
    assert days_to_birthday(birthday, today) == days


def test_a_leap_day_child_is_not_congratulated_too_early() -> None:
    assert birthday_in(2027, date(1992, 2, 29)) == date(2027, 3, 1)
    assert birthday_in(2028, date(1992, 2, 29)) == date(2028, 2, 29)


@given(BIRTHDAYS, TODAYS)
def test_the_distance_is_that_of_a_walk_over_the_calendar(birthday: date, today: date) -> None:
    def is_kept(day: date) -> bool:
        return day == birthday_in(day.year, birthday)

    walk = (n * sign for n in range(367) for sign in (1, -1))
    nearest = next(days for days in walk if is_kept(today + timedelta(days=days)))
    assert days_to_birthday(birthday, today) == nearest
