"""How far away a birthday is, in days of the shop's calendar."""

from __future__ import annotations

from calendar import isleap
from datetime import date


def birthday_in(year: int, birthday: date) -> date:
    """The day on which `birthday` is kept in `year`.

    Somebody born on 29 February is a year older when 28 February has ended (German Civil Code,
    section 188), so in a common year that is 1 March, and nobody is congratulated too early.
    """
    if (birthday.month, birthday.day) == (2, 29) and not isleap(year):
        return date(year, 3, 1)
    return birthday.replace(year=year)


def days_to_birthday(birthday: date, today: date) -> int:
    """Signed days from `today` to the nearest birthday: 0 today, 3 in three days, -2 two days ago.

    Looks across the turn of the year; between two equally near ones the coming one counts.
    """
    distances = [
        (birthday_in(year, birthday) - today).days
        for year in (today.year - 1, today.year, today.year + 1)
    ]
    return min(distances, key=lambda days: (abs(days), -days))
