"""PURE drawing: numbers in, coordinates of a small SVG out. The words stand beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from kiosk_ui.picture.model import Forecast

WIDTH, HEIGHT = 100, 28
MARGIN = 3


@dataclass(frozen=True, slots=True)
class Spark:
    """A line through the points, and where it ends."""

    points: str
    end_x: int
    end_y: int


@dataclass(frozen=True, slots=True)
class Window:
    """The expected days on a line from the last purchase on, in percent of its length."""

    start: int
    width: int
    today: int


def spark(amounts: tuple[int, ...]) -> Spark | None:
    """The line of `amounts`, from nothing at the bottom; None for fewer than two."""
    if len(amounts) < 2:
        return None
    most = max(*amounts, 1)
    room = HEIGHT - 2 * MARGIN
    last = len(amounts) - 1
    spots = [
        (MARGIN + (WIDTH - 2 * MARGIN) * at // last, HEIGHT - MARGIN - room * max(0, one) // most)
        for at, one in enumerate(amounts)
    ]
    return Spark(" ".join(f"{x},{y}" for x, y in spots), *spots[-1])


def noon(day: date, zone: ZoneInfo) -> datetime:
    """A moment of `day` on the shop's wall, to be written as that day."""
    return datetime.combine(day, time(12), zone)


def window(forecast: Forecast, last_on: date, today: date) -> Window:
    """Where the forecast and today lie between the last purchase and the later of both."""
    length = max((forecast.latest - last_on).days, (today - last_on).days, 1)
    start = _percent((forecast.earliest - last_on).days, length)
    end = _percent((forecast.latest - last_on).days, length)
    return Window(start, max(2, end - start), _percent((today - last_on).days, length))


def _percent(days: int, length: int) -> int:
    return min(100, max(0, 100 * days // length))
