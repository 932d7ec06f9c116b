"""Emarsys' clock, and how fast its API may be called. Pure: both are told the time.

The box may be years off: the other side's clock is learned from its Date headers and carried on by
the monotonic one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from sync.transports.http import told_time

WINDOW_S = 60.0  # of the ceiling, and the longest wait that a reset can honestly mean
DEFAULT_BUSY_S = 60.0  # a 429 without a usable reset
EVENT_TIME = "%Y-%m-%dT%H:%M:%S.000Z"  # anything else is refused (5010)


class ServerTime:
    """What time it is over there."""

    def __init__(self, now: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        """`now` is the box's own clock, which may be wrong."""
        self._now = now
        self._monotonic = monotonic
        self._told: tuple[datetime, float] | None = None
        self.last: datetime | None = None  # what the last answer said

    def learn(self, headers: Mapping[str, str]) -> None:
        """Take the time out of an answer."""
        self.last = told_time(None, headers)
        if self.last is not None:
            self._told = (self.last, self._monotonic())

    @property
    def is_known(self) -> bool:
        """Whether the other side has told the time yet."""
        return self._told is not None

    def now(self) -> datetime:
        """The other side's time, or the box's own until it is known."""
        if self._told is None:
            return self._now()
        told, at_s = self._told
        return told + timedelta(seconds=self._monotonic() - at_s)


class Pace:
    """At most `per_minute` calls in any minute: Emarsys' ceiling is soft, this one is not."""

    def __init__(self, per_minute: int, monotonic: Callable[[], float]) -> None:
        """The ceiling hangs on the API user, so others who use it need their share."""
        self._per_minute = per_minute
        self._monotonic = monotonic
        self._calls: deque[float] = deque()
        self._closed_until_s = float("-inf")

    def wait_s(self) -> float:
        """How long until the next call may be made; 0 = now."""
        now_s = self._monotonic()
        while self._calls and now_s - self._calls[0] >= WINDOW_S:
            self._calls.popleft()
        full_s = 0.0
        if len(self._calls) >= self._per_minute:
            full_s = self._calls[0] + WINDOW_S - now_s
        return max(0.0, full_s, self._closed_until_s - now_s)

    def count(self) -> None:
        """A call is made now."""
        self._calls.append(self._monotonic())

    def close_for(self, seconds: float) -> None:
        """The other side asks for a pause."""
        self._closed_until_s = self._monotonic() + seconds


def busy_for_s(headers: Mapping[str, str], server_now: datetime) -> float:
    """How long a 429 asks to wait: X-RateLimit-Reset is unix time, and there is no Retry-After.

    `server_now` must be the other side's clock: by the box's own the wait could be years.
    """
    text = headers.get("x-ratelimit-reset", "")
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        return DEFAULT_BUSY_S
    wait_s = int(text) - server_now.timestamp()
    return max(1.0, wait_s) if wait_s <= WINDOW_S else DEFAULT_BUSY_S


def true_time(occurred_at: str, offset_s: float | None) -> datetime:
    """When it really happened: the box's clock, put right by what was learned of it."""
    moment = datetime.fromisoformat(occurred_at).astimezone(UTC)
    if offset_s is None:
        return moment
    try:
        return moment + timedelta(seconds=offset_s)
    except OverflowError:
        return moment


def event_time(moment: datetime) -> str:
    """The only form that external events may have."""
    return moment.astimezone(UTC).strftime(EVENT_TIME)
