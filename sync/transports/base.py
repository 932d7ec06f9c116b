"""What a transport promises to the worker."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol, runtime_checkable

from sync.errors import TransportError, UnreachableError
from sync.outbox import OutboxRow

__all__ = [
    "DELIVERY_UNKNOWN",
    "EventResult",
    "ResultStatus",
    "Tended",
    "Transport",
    "TransportError",
    "UnreachableError",
]


class ResultStatus(StrEnum):
    """What became of one event.

    A receiver without deduplication may leave it open whether an event arrived: that is rejected
    for good as `DELIVERY_UNKNOWN`, so that somebody looks before it is sent twice.
    """

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    SKIPPED = "skipped"  # this transport does not carry events of that type


DELIVERY_UNKNOWN = "delivery_unknown"


class EventResult(NamedTuple):
    """The answer to one event. `permanent`, `code` and `reason` matter for a rejected one only."""

    id: str
    status: ResultStatus
    code: str = ""
    reason: str = ""
    permanent: bool = False

    @property
    def delivered(self) -> bool:
        """Whether nothing is left to do: the receiver has the event, or is not to have it."""
        return self.status is not ResultStatus.REJECTED


class Transport(Protocol):
    """One way to the platform.

    `send` delivers a prefix of the batch, at least one event, and returns one result for each, in
    order; or it raises TransportError, and then nothing is known about any of them. Sending an
    event again is always safe. No other exception leaves it. What was answered "not now" comes
    last among the results, or is followed by nothing else than "not now".
    `tests/contract/test_transport_contract.py` asks all of this of every transport.
    """

    @property
    def reconnect_window_s(self) -> float | None:
        """The window the receiver announced last, in seconds; None = it never did."""

    @property
    def server_time(self) -> datetime | None:
        """What the receiver's clock said in its last answer, UTC; None = it does not tell."""

    async def send(self, batch: Sequence[OutboxRow]) -> list[EventResult]:
        """Deliver the head of `batch` (1 to any number of rows, in order)."""

    async def close(self) -> None:
        """Release connections; `send` is not called again."""


@runtime_checkable
class TellsTime(Protocol):
    """A transport that can ask the other end for its time without sending anything."""

    async def ask_time(self) -> datetime | None:
        """What the other end's clock says; None when it does not tell. Raises TransportError."""


@runtime_checkable
class Foresighted(Protocol):
    """A transport that gets the next batch ready while it waits for the answer to this one."""

    def foresee(self, rows: Sequence[OutboxRow]) -> None:
        """What will probably be in the `send` after the coming one; may be nothing."""


@runtime_checkable
class Tended(Protocol):
    """A transport that also has something to do while nothing waits to be sent."""

    async def tend(self) -> None:
        """Called every half minute then, and never beside `send`. Raises TransportError."""
