"""How many people came in an hour: a number, never who."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class HourlyCount:
    """The people of one finished hour. Not `complete`: the box was not watching all of it."""

    hour: datetime
    people: int
    complete: bool
