"""How many people came in an hour: a number, never who, never live, never of a small group.

Within the hour people are told apart by a keyed hash whose key is thrown away with it; nothing of
that is stored. A restart forgets the hour so far, and the number says so.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from store_agent.domain.footfall import HourlyCount

KEY_BYTES = 32
HASH_BYTES = 8
HOUR = timedelta(hours=1)
MAX_PEOPLE = 50_000  # in one hour; a flood of invented subjects must not fill the memory


class Footfall:
    """Counts the hour that runs."""

    def __init__(
        self, minimum_group: int, now: datetime, new_key: Callable[[int], bytes] | None = None
    ) -> None:
        """Counting starts at `now`; hours with fewer than `minimum_group` people are not told."""
        self._minimum = minimum_group
        self._new_key = new_key or secrets.token_bytes
        self._begin(_hour(now), complete=now == _hour(now))

    def note(self, subject: str, at: datetime) -> None:
        """Somebody was in the shop; evidence of another hour than the one that runs is ignored."""
        if _hour(at) == self._hour and len(self._people) < MAX_PEOPLE:
            self._people.add(
                hashlib.blake2b(subject.encode(), key=self._key, digest_size=HASH_BYTES).digest()
            )

    def is_over(self, now: datetime) -> bool:
        """Whether the hour that was counted has ended."""
        return _hour(now) != self._hour

    def close(self, now: datetime) -> HourlyCount | None:
        """The finished hour, once, and only if the group is large enough."""
        current = _hour(now)
        if current == self._hour:
            return None
        count = HourlyCount(self._hour, len(self._people), self._complete)
        # A clock that jumped leaves an hour that nobody watched to its end.
        followed = current == self._hour + HOUR
        self._begin(current, complete=followed)
        return count if count.people >= self._minimum and current > count.hour else None

    def _begin(self, hour: datetime, *, complete: bool) -> None:
        self._hour = hour
        self._key = self._new_key(KEY_BYTES)
        self._people: set[bytes] = set()
        self._complete = complete


def _hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
