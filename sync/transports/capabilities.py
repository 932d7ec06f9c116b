"""What a platform takes, as it says itself: batches, sizes, compression, rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_EVENTS = 500  # 136 times the rate of single events; more gains nothing
MAX_BYTES = 2 * 1024 * 1024
MAX_DECOMPRESSED_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Capabilities:
    """One platform's limits; the defaults are those of the contract.

    `max_bytes` counts a body as sent, `max_decompressed_bytes` as read. `max_batches_per_s` and
    `reconnect_window_s` are None where the platform states none.
    """

    batches: bool = True
    zstd: bool = True
    max_events: int = MAX_EVENTS
    max_bytes: int = MAX_BYTES
    max_decompressed_bytes: int = MAX_DECOMPRESSED_BYTES
    max_batches_per_s: float | None = None
    reconnect_window_s: float | None = None

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Capabilities:
        """From the platform's own words; what is missing or no sensible value is the default."""
        events = document.get("events")
        if not isinstance(events, Mapping):
            events = {}
        encodings = events.get("encodings")
        return cls(
            batches=events.get("batch") is not False,
            zstd="zstd" in encodings if isinstance(encodings, list) else True,
            max_events=min(MAX_EVENTS, _count(events.get("max_events"), MAX_EVENTS)),
            max_bytes=_count(events.get("max_bytes"), MAX_BYTES),
            max_decompressed_bytes=_count(
                events.get("max_decompressed_bytes"), MAX_DECOMPRESSED_BYTES
            ),
            max_batches_per_s=number(events.get("max_batches_per_s")),
            reconnect_window_s=number(document.get("reconnect_window_s")),
        )


def number(value: Any) -> float | None:
    """A number that is not negative, or None. JSON's true is no number."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and value >= 0 else None


def _count(value: Any, default: int) -> int:
    return value if type(value) is int and value >= 1 else default
