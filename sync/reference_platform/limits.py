"""What this platform takes and how it steers, as `GET /v1/stores/{store}` tells a shop."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class SnapshotScope(StrEnum):
    """Whose full documents a shop gets."""

    FULL = "full"  # everybody's
    SHOP = "shop"  # those at home in the shop or lately there; stubs of all others


@dataclass(frozen=True, slots=True)
class Limits:
    """What fits and how fast. `max_bytes` is a body as sent, `max_decompressed_bytes` as read.

    `max_batches_per_s` and `retry_after_s` are wishes: None = none. With `retry_after_s` every
    batch is answered 503: maintenance.
    """

    batches: bool = True
    encodings: tuple[str, ...] = ("zstd", "identity")
    max_events: int = 500
    max_bytes: int = 2 * 1024 * 1024  # 500 large events stay below
    max_decompressed_bytes: int = 16 * 1024 * 1024  # a batch of 500 events is about 0.2 MB
    max_batches_per_s: float | None = None
    reconnect_window_s: float = 2.0
    retry_after_s: int | None = None
    scope: SnapshotScope = SnapshotScope.FULL

    def as_document(self) -> dict[str, Any]:
        """The part of the answer that is about these."""
        return {
            "specversion": "1.0",
            "events": {
                "batch": self.batches,
                "max_events": self.max_events,
                "max_bytes": self.max_bytes,
                "max_decompressed_bytes": self.max_decompressed_bytes,
                "encodings": list(self.encodings),
                "max_batches_per_s": self.max_batches_per_s,
            },
            "snapshot": {"scope": self.scope, "resumable": True},
            "reconnect_window_s": self.reconnect_window_s,
        }
