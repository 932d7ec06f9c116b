"""The time by which rights end: it never runs backwards, whatever the box's clock does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from store_agent.storage import Connection, meta, reservations

_MARK = "clock_high_water"
_BOOT = "clock_proved_in_boot"
MARK_STEP = timedelta(seconds=1)  # a mark of every second is exact enough, and saves writes
HELD_FOR = timedelta(minutes=15)  # of the hook's contract; a parked basket renews by asking again
LAG_STEP = timedelta(minutes=1)  # clocks differ a little: not every page is worth a write


@dataclass(frozen=True, slots=True)
class PlatformTime:
    """What the platform's clock said, over an authenticated line, and in which boot of the box."""

    at: datetime
    boot_id: str


def effective_now(connection: Connection, wall: datetime) -> datetime:
    """The latest of the wall clock, the highest time ever acted on, and the platform's last word.

    A clock that was set back cannot make an ended right valid again. One that jumped forward by
    mistake stops what ends by time (safe) until `trust` puts the mark right.
    """
    mark = meta.get_time(connection, _MARK)
    return wall if mark is None else max(mark, wall)


def remember(tx: Connection, now: datetime) -> None:
    """Save the mark with a spend."""
    mark = meta.get_time(tx, _MARK)
    if mark is None or now - mark >= MARK_STEP:
        meta.put_time(tx, _MARK, now)


def is_news(connection: Connection, told: PlatformTime, wall: datetime) -> bool:
    """Whether `trust` would change anything that matters: it saves the write on most pages."""
    if meta.get(connection, _BOOT) != told.boot_id:
        return True
    mark = meta.get_time(connection, _MARK)
    lags = told.at - (wall if mark is None else max(mark, wall)) >= LAG_STEP
    return lags or (mark is not None and mark - told.at >= LAG_STEP)


def trust(tx: Connection, told: PlatformTime) -> None:
    """Put the mark to the platform's time: forward for a clock that lags, and the only way back.

    On the way back no hold revives that had ended, and none lasts longer than one made now.
    """
    mark = meta.get_time(tx, _MARK)
    if mark is not None and mark > told.at:
        reservations.cut(tx, ended_by=mark, latest=told.at + HELD_FOR)
    meta.put_time(tx, _MARK, told.at)
    meta.put(tx, _BOOT, told.boot_id)


def is_proved(connection: Connection, boot_id: str) -> bool:
    """Whether the platform told the time since the box was started.

    Without that a slow clock cannot show that a right has not ended. A ledger that never heard of
    the platform has no lots either.
    """
    return meta.get(connection, _BOOT) in {None, boot_id}
