"""The only reader of time. Everything else takes `now` or a `Clock` as an argument."""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Protocol

# No box that runs this release can truthfully say it is earlier than this or later than that: a
# Raspberry Pi without a real-time clock boots in 1970 until NTP answers.
EARLIEST_PLAUSIBLE = datetime(2026, 1, 1, tzinfo=UTC)
LATEST_PLAUSIBLE = datetime(2046, 1, 1, tzinfo=UTC)


BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Clock(Protocol):
    """What the agent asks of time."""

    def now(self) -> datetime:
        """Wall-clock time, UTC, aware."""

    def monotonic(self) -> float:
        """Seconds that only ever grow; for intervals and deadlines."""


class SystemClock:
    """The clock of the box."""

    def now(self) -> datetime:
        """Wall-clock time, UTC, aware."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since the box was started, with those it slept: a suspended box is no step."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(slots=True)
class ManualClock:
    """The shipped fake: stands still until told to move."""

    wall: datetime = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    seconds: float = 0.0

    def now(self) -> datetime:
        """The time that was set."""
        return self.wall

    def monotonic(self) -> float:
        """The seconds advanced so far."""
        return self.seconds

    def advance(self, seconds: float) -> None:
        """Move both readings forward."""
        self.seconds += seconds
        self.wall += timedelta(seconds=seconds)


@cache
def boot_id() -> str:
    """Another one after each start of the box; of each process, where the kernel does not tell."""
    with suppress(OSError):
        return BOOT_ID.read_text().strip()
    return secrets.token_hex(8)


def is_plausible(now: datetime) -> bool:
    """False while the wall clock is certainly wrong (time-based codes must not be judged by it)."""
    return EARLIEST_PLAUSIBLE <= now <= LATEST_PLAUSIBLE
