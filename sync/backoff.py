"""When to try again. Pure: the caller tells the time and brings the dice.

A herd of shops must not come back at once: the first retry is spread over the window the platform
announces, and later ones keep the place in it that this drew, so that the platform sees an even
stream of tries. Full jitter would try twice as often and bring the shops back in its first third
(`make bench ROWS=fleet`). Only minutes of health make the next failure a first one again.
"""

from __future__ import annotations

from random import Random

DEFAULT_WINDOW_S = 300.0  # 100,000 shops then come back at 333 requests/s
CAP_S = 450.0  # the longest pause the agent chooses by itself: a try as often as by dice up to 900
OWN_PLACE = 0.9  # a later pause is at least this share of the longest, so that places hardly move
HEALTHY_RESET_S = 300.0  # a line that flaps faster than this keeps its back-off
MIN_WINDOW_S = 0.5  # a platform that announces 0 must not get a busy loop
MAX_WINDOW_S = 3600.0
MIN_PAUSE_S = 0.5  # "Retry-After: 0" from a platform that goes on refusing
MAX_RETRY_AFTER_S = 3600.0  # a mistaken Retry-After of years must not silence a shop
RETRY_AFTER_JITTER = 0.5  # 0-50 % on top of what the platform asks for


class Backoff:
    """The pauses of one loop. Times are monotonic seconds; delays are seconds."""

    def __init__(self, random: Random) -> None:
        """`random` decides all jitter; seed it to repeat a run."""
        self._random = random
        self._window_s = DEFAULT_WINDOW_S
        self._cap_s = CAP_S
        self._failures = 0
        self._healthy_since_s: float | None = None

    def announce(self, window_s: float) -> None:
        """Take over the platform's reconnect window; it caps every later pause too."""
        self._window_s = min(max(window_s, MIN_WINDOW_S), MAX_WINDOW_S)
        self._cap_s = self._window_s

    def succeeded(self, at_s: float) -> None:
        """Note that the line worked at this time."""
        if self._healthy_since_s is None:
            self._healthy_since_s = at_s

    def failed(self, at_s: float, retry_after_s: float | None = None) -> float:
        """Note a failure; the pause before the next try."""
        is_first = self._failures == 0 or self._healthy_since_s is not None
        if self._healthy_since_s is not None and at_s - self._healthy_since_s >= HEALTHY_RESET_S:
            self._failures = 0
        self._healthy_since_s = None
        # 2**16 windows exceed any cap; an unbounded exponent would overflow after months offline.
        ceiling_s = min(self._cap_s, self._window_s * 2 ** min(self._failures, 16))
        if self._failures == 0:
            ceiling_s = self._window_s
        self._failures += 1
        if retry_after_s is not None:
            asked_s = min(max(retry_after_s, MIN_PAUSE_S), MAX_RETRY_AFTER_S)
            return asked_s * (1 + self._random.uniform(0, RETRY_AFTER_JITTER))
        # Whoever worked until now fell out together with others: they are spread anew.
        return self._random.uniform(0.0 if is_first else OWN_PLACE * ceiling_s, ceiling_s)
