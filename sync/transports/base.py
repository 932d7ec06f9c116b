"""What a transport promises to the worker."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from sync.errors import TransportError, UnreachableError
from sync.outbox import OutboxRow

__all__ = ["EventResult", "ResultStatus", "Transport", "TransportError", "UnreachableError"]


class ResultStatus(StrEnum):
    """What the platform says about one event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


class EventResult(NamedTuple):
    """The answer to one event. `permanent`, `code` and `reason` matter for a rejected one only."""

    id: str
    status: ResultStatus
    code: str = ""
    reason: str = ""
    permanent: bool = False

    @property
    def delivered(self) -> bool:
        """Whether the platform has the event, now or since before."""
        return self.status is not ResultStatus.REJECTED


class Transport(Protocol):
    """One way to the platform.

    `send` delivers a prefix of the batch, at least one event, and returns one result for each, in
    order; or it raises TransportError, and then nothing is known about any of them. Sending an
    event again is always safe. No other exception leaves it.
    """

    @property
    def reconnect_window_s(self) -> float | None:
        """The window the platform announced last, in seconds."""

    async def send(self, batch: Sequence[OutboxRow]) -> list[EventResult]:
        """Deliver the head of `batch` (1 to any number of rows, in order)."""

    async def close(self) -> None:
        """Release connections; `send` is not called again."""
