"""Opening hours: outside them nobody is noticed. Pure.

Written as `"Mo-Fr 10:00-20:00"`, `"Sa 10:00-18:00"`, `"Mo,We 08:00-12:00"`, as in OpenStreetMap;
`"Fr 20:00-02:00"` ends on Saturday.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
LINE = re.compile(r"(?P<days>[A-Za-z,\- ]+?)\s+(?P<opens>\d\d:\d\d)\s*-\s*(?P<closes>\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class Span:
    """One opening on some weekdays (Monday = 0); `closes` before `opens` is on the next day."""

    weekdays: frozenset[int]
    opens: time
    closes: time


class Hours:
    """The opening hours of one shop; without a line it never closes."""

    def __init__(self, lines: Iterable[str], zone: ZoneInfo) -> None:
        """Read all lines. Raises ValueError that quotes the line which is wrong."""
        self._spans = tuple(_span(line) for line in lines)
        self._zone = zone

    def is_open(self, at: datetime) -> bool:
        """Whether customers may be in the shop at `at`."""
        return not self._spans or any(
            opens <= at < closes for opens, closes in self._openings(at, days_before=1)
        )

    def closes_at(self, at: datetime) -> datetime | None:
        """When the shop closes; None while it is closed, or where it never closes."""
        openings = self._openings(at, days_before=1)
        return max((closes for opens, closes in openings if opens <= at < closes), default=None)

    def closed_since(self, at: datetime) -> datetime | None:
        """When the shop closed last; None while it is open, or was not open for a week."""
        if self.is_open(at):
            return None
        ends = [closes for _, closes in self._openings(at, days_before=8) if closes <= at]
        return max(ends, default=None)

    def _openings(self, at: datetime, days_before: int) -> Iterable[tuple[datetime, datetime]]:
        today = at.astimezone(self._zone).date()
        for back in range(days_before + 1):
            day = today - timedelta(days=back)
            for span in self._spans:
                if day.weekday() in span.weekdays:
                    yield self._opening(span, day)

    def _opening(self, span: Span, day: date) -> tuple[datetime, datetime]:
        ends = day if span.closes > span.opens else day + timedelta(days=1)
        return (
            datetime.combine(day, span.opens, self._zone),
            datetime.combine(ends, span.closes, self._zone),
        )


def _span(line: str) -> Span:
    found = LINE.fullmatch(line.strip())
    if found is None:
        raise ValueError(f"{line!r} is not like 'Mo-Sa 10:00-20:00'")
    try:
        weekdays = frozenset(day for part in found["days"].split(",") for day in _days(part))
        return Span(
            weekdays, time.fromisoformat(found["opens"]), time.fromisoformat(found["closes"])
        )
    except ValueError as error:
        raise ValueError(f"{line!r}: {error}") from error


def _days(part: str) -> Iterable[int]:
    first, _, last = part.strip().partition("-")
    start, end = _day(first), _day(last or first)
    return ((start + step) % 7 for step in range((end - start) % 7 + 1))


def _day(name: str) -> int:
    try:
        return DAYS.index(name.strip().capitalize())
    except ValueError:
        raise ValueError(f"{name.strip()!r} is none of {', '.join(DAYS)}") from None
