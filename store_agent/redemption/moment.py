"""The time by which rights end: it never runs backwards, whatever the box's clock does."""

from __future__ import annotations

from datetime import datetime, timedelta

from store_agent.storage import Connection, meta

_MARK = "clock_high_water"
MARK_STEP = timedelta(seconds=1)  # a mark of every second is exact enough, and saves writes


def effective_now(connection: Connection, wall: datetime) -> datetime:
    """The later of the wall clock and the highest time ever acted on.

    A clock that was set back cannot make an ended right valid again. One that jumped forward by
    mistake stops what ends by time (safe) until `trust` puts it right.
    """
    mark = meta.get_time(connection, _MARK)
    return wall if mark is None else max(mark, wall)


def remember(tx: Connection, now: datetime) -> None:
    """Save the mark with a spend."""
    mark = meta.get_time(tx, _MARK)
    if mark is None or now - mark >= MARK_STEP:
        meta.put_time(tx, _MARK, now)


def trust(tx: Connection, platform_now: datetime) -> None:
    """Put the mark back to the platform's own time, which a shop's clock must not overrule."""
    mark = meta.get_time(tx, _MARK)
    if mark is not None and mark > platform_now:
        meta.put_time(tx, _MARK, platform_now)
