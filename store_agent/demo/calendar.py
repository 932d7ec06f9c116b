"""Ready-made RFC 3339 texts relative to one moment: formatting a date per field is too slow."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_LOOK_BACK_DAYS = 3650
_LOOK_AHEAD_DAYS = 400
_SUNDAY = 7
# Opening hours 10-20 h in Köln, as UTC of the winter half-year; in summer it is an hour later.
_OPENS_UTC_H, _OPEN_MINUTES = 9, 600
_STEP_SECONDS = 53  # a prime: the clock times do not fall on whole minutes
_OPENING_TIMES = _OPEN_MINUTES * 60 // _STEP_SECONDS


class Calendar:
    """Dates before and after `now` as text. Build one per run and share it."""

    def __init__(self, now: datetime, zone: ZoneInfo) -> None:
        """`now` is aware; the day is the one in `zone`."""
        self.now = now.astimezone(UTC).replace(microsecond=0)
        self.today = now.astimezone(zone).date()
        self._days = tuple(
            (self.today - timedelta(days=k)).isoformat() for k in range(_LOOK_BACK_DAYS + 1)
        )
        self._open_days = tuple(map(self._last_open_day, range(_LOOK_BACK_DAYS + 1)))
        self._ahead = tuple(
            (self.today + timedelta(days=k)).isoformat() for k in range(_LOOK_AHEAD_DAYS + 1)
        )
        self._times = tuple(map(_opening_time, range(_OPENING_TIMES)))
        self._anniversaries = tuple(
            f"{day:%m-%d}" for day in map(self._day_of_year, range(366)) if day is not None
        )
        self.minutes_ago = tuple(rfc3339(self.now - timedelta(minutes=k)) for k in range(360))

    def shop_visit(self, days_ago: int, share: float) -> str:
        """A moment in opening hours about `days_ago` (>= 1) days back; never on a Sunday."""
        day = self._open_days[min(days_ago, _LOOK_BACK_DAYS)]
        return day + self._times[int(share * _OPENING_TIMES)]

    def moment(self, days_ago: int, share: float) -> str:
        """A moment of the day `days_ago` (>= 1) days back."""
        day = self._days[min(days_ago, _LOOK_BACK_DAYS)]
        return day + self._times[int(share * _OPENING_TIMES)]

    def end_of_day(self, days_ahead: int) -> str:
        """22 h UTC of the day `days_ahead` (0..400) days from today; negative = in the past."""
        if days_ahead < 0:
            return self._days[-days_ahead] + "T22:00:00Z"
        return self._ahead[days_ahead] + "T22:00:00Z"

    def anniversary(self, days_ahead: int) -> str:
        """Month and day ("11-21") in so many days; 29 February never comes up."""
        return self._anniversaries[days_ahead % len(self._anniversaries)]

    def _last_open_day(self, days_ago: int) -> str:
        day = self.today - timedelta(days=days_ago)
        return (day - timedelta(days=int(day.isoweekday() == _SUNDAY))).isoformat()

    def _day_of_year(self, days_ahead: int) -> date | None:
        day = self.today + timedelta(days=days_ahead)
        return None if (day.month, day.day) == (2, 29) else day


def rfc3339(moment: datetime) -> str:
    """A moment as the platform writes it: UTC with a "Z"."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _opening_time(step: int) -> str:
    seconds = _OPENS_UTC_H * 3600 + step * _STEP_SECONDS
    return f"T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}Z"
