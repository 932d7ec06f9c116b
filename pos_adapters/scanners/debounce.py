"""One code held before the glass is one reading. Pure: the time rides in the call."""

from __future__ import annotations

# Seconds without a sighting after which the same code counts anew. Longer than a hand trembles and
# a scanner pauses, shorter than a customer needs to come back.
QUIET_S = 2.0

# Codes remembered at once. A lane sees a handful in `QUIET_S`; the rest is a bound for the memory.
MAX_REMEMBERED = 64


class Debouncer:
    """Remembers when each code was last seen."""

    def __init__(self, quiet_s: float = QUIET_S) -> None:
        """Start with nothing seen."""
        self._quiet_s = quiet_s
        self._last_seen: dict[str, float] = {}  # oldest sighting first

    def is_new(self, data: str, at_s: float) -> bool:
        """True for the first sighting after a quiet time; every sighting prolongs the silence."""
        last = self._last_seen.pop(data, None)
        self._last_seen[data] = at_s
        if len(self._last_seen) > MAX_REMEMBERED:
            del self._last_seen[next(iter(self._last_seen))]
        return last is None or at_s - last >= self._quiet_s
