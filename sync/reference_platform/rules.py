"""What the platform decides about an accepted event; handed in by whoever runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class PlatformEvent:
    """One accepted CloudEvent. `time` is RFC 3339 text as the shop's clock had it."""

    id: str
    source: str
    store_id: str
    type: str
    data: Mapping[str, Any]
    subject: str | None = None
    time: str | None = None


class Documents(Protocol):
    """The platform's documents inside the transaction that accepts an event.

    `confirms` is the id of the event a change answers; shops then drop their own pending copy.
    """

    def get(self, collection: str, key: str) -> dict[str, Any] | None:
        """The document, or None."""

    def put(
        self, collection: str, key: str, doc: Mapping[str, Any], confirms: str | None = None
    ) -> None:
        """Write a document and announce the change to every shop."""

    def delete(self, collection: str, key: str, confirms: str | None = None) -> None:
        """Remove a document and announce it."""


class Rules(Protocol):
    """The business of the platform."""

    def apply(self, event: PlatformEvent, store: Documents) -> None:
        """Settle one new event; raises EventRefusedError to reject it. Called once per event."""


class NoRules:
    """Accepts everything and changes nothing."""

    def apply(self, event: PlatformEvent, store: Documents) -> None:
        """Do nothing."""


class EventRefusedError(Exception):
    """The rules reject this event; nothing it would have changed is kept."""

    def __init__(self, code: str, reason: str, *, permanent: bool = True) -> None:
        """Name a machine-readable code, a sentence, and whether a retry can ever succeed."""
        super().__init__(reason)
        self.code = code
        self.permanent = permanent
