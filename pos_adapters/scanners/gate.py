"""What every reader does with a text: debounce it, stamp it, hand it over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pos_adapters.base import OnReading, Reading
from pos_adapters.scanners.debounce import Debouncer


class Gate:
    """The way of a text out of one reader at one lane."""

    def __init__(
        self, lane: str, now: Callable[[], datetime], monotonic: Callable[[], float]
    ) -> None:
        """`now` stamps readings, `monotonic` measures the quiet time."""
        self._lane = lane
        self._now = now
        self._monotonic = monotonic
        self._debouncer = Debouncer()

    async def hand_over(self, text: str, on_reading: OnReading) -> None:
        """Await `on_reading` unless the text is still the last code held before the glass."""
        if self._debouncer.is_new(text, self._monotonic()):
            await on_reading(Reading(self._lane, text, None, self._now()))
