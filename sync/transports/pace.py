"""How fast a receiver wants to be asked. Pure: the caller tells the time and does the waiting.

RateLimit headers are a draft (draft-ietf-httpapi-ratelimit-headers-10): understood, not required.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

BURST = 3  # exchanges at once after a quiet time: urgent events need not wait
MAX_PAUSE_S = 10.0  # a mistaken rate must not make the line look dead
_REMAINING = re.compile(r";\s*r=(\d{1,9})")
_RESET = re.compile(r";\s*t=(\d{1,9})")


class Pace:
    """A token bucket over exchanges. Times are monotonic seconds of one clock."""

    def __init__(self) -> None:
        """Without a limit."""
        self._interval_s = 0.0
        self._due_s = float("-inf")
        self._held_until_s = float("-inf")

    def limit(self, per_s: float | None) -> None:
        """At most so many exchanges a second from now on; None or 0 = no limit."""
        self._interval_s = min(1 / per_s, MAX_PAUSE_S) if per_s else 0.0
        if not per_s:
            self._due_s = float("-inf")

    def hold(self, at_s: float, for_s: float) -> None:
        """No exchange for that long, but no longer than MAX_PAUSE_S."""
        self._held_until_s = at_s + min(for_s, MAX_PAUSE_S)

    def take(self, at_s: float) -> float:
        """Claim the next exchange; how long to wait before it, in seconds."""
        credit_s = (BURST - 1) * self._interval_s
        starts_s = max(at_s, self._due_s - credit_s, self._held_until_s)
        if self._interval_s:
            self._due_s = max(self._due_s, starts_s) + self._interval_s
        return min(starts_s - at_s, MAX_PAUSE_S)


def used_up_for_s(headers: Mapping[str, str]) -> float | None:
    """How long the receiver's quota is used up, in seconds; None when it is not, or unknown.

    Reads `RateLimit: "day";r=0;t=30` and the older pair RateLimit-Remaining, RateLimit-Reset.
    """
    waits = [
        float(reset[1])
        for policy in headers.get("ratelimit", "").split(",")
        if (left := _REMAINING.search(policy)) and int(left[1]) == 0
        if (reset := _RESET.search(policy))
    ]
    if headers.get("ratelimit-remaining", "").strip() == "0":
        older = headers.get("ratelimit-reset", "").strip()
        waits += [float(older)] if older.isascii() and older.isdigit() else []
    return max(waits, default=None)
