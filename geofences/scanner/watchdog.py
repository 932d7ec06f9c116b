"""When a scan that has gone silent must be built anew. Pure: monotonic seconds in, decisions out.

A restarted bluetoothd, a dead bus or an unplugged adapter leave a scan silent without an error. But
a quiet night is silent too: silence counts from the last rebuild, and each rebuild that hears
nothing doubles the patience, so that there is never a loop of them.
"""

from __future__ import annotations

from dataclasses import dataclass

SILENCE_S = 90.0  # phones and headsets nearby speak every second or two
MAX_SILENCE_S = 1800.0
FIRST_RETRY_S = 2.0  # after a start that failed
MAX_RETRY_S = 60.0


@dataclass(slots=True)
class Watchdog:
    """Watches one radio."""

    silence_s: float = SILENCE_S
    first_retry_s: float = FIRST_RETRY_S
    built_at: float | None = None
    heard_at: float | None = None
    rebuilds: int = 0
    failures: int = 0
    quiet_rebuilds: int = 0  # in a row that heard nothing

    def built(self, now: float) -> None:
        """A scan was started."""
        if self.built_at is not None:
            self.rebuilds += 1
            heard_since = self.heard_at is not None and self.heard_at >= self.built_at
            self.quiet_rebuilds = 0 if heard_since else self.quiet_rebuilds + 1
        self.built_at, self.failures = now, 0

    def heard(self, now: float) -> None:
        """An advert with something in it: an empty one proves nothing."""
        self.heard_at = now
        self.quiet_rebuilds = 0

    def failed(self) -> float:
        """A start failed; how long to wait before the next one."""
        self.failures += 1
        return float(min(self.first_retry_s * 2 ** (self.failures - 1), MAX_RETRY_S))

    def patience_s(self) -> float:
        """How long this scan may be silent."""
        return float(
            min(self.silence_s * 2**self.quiet_rebuilds, max(MAX_SILENCE_S, self.silence_s))
        )

    def silent_s(self, now: float) -> float:
        """Since the last usable advert of this scan, or since it was built."""
        known = [at for at in (self.built_at, self.heard_at) if at is not None]
        return now - max(known, default=now)

    def is_stalled(self, now: float) -> bool:
        """Time to build the scan anew."""
        return self.silent_s(now) >= self.patience_s()

    def is_silent(self, now: float) -> bool:
        """Nothing was heard for so long that nobody may be said to have left."""
        return self.silent_s(now) >= self.silence_s or self.quiet_rebuilds > 0
