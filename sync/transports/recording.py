"""The shipped fake: a platform in memory that can be told to fail like a real one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto

from sync.errors import TooSlowError, TransportError, UnreachableError
from sync.outbox import OutboxRow
from sync.transports.base import EventResult, ResultStatus


class Fault(Enum):
    """What happens to one exchange."""

    LOST_REQUEST = auto()  # the platform never sees it
    LOST_ANSWER = auto()  # the platform accepts, the shop does not learn it
    BLACK_HOLE = auto()  # the platform never sees it, and nobody answers for `patience_s`
    SILENCE = auto()  # the platform accepts, and does not answer for `patience_s`
    BUSY = auto()  # 503 with Retry-After
    FORBIDDEN = auto()  # 401


@dataclass(slots=True)
class RecordingTransport:
    """Accepts each id once and in order. `faults` befall the next exchanges, first one first.

    `accepted` holds the rows in the order of acceptance; ids in `refused` are rejected with their
    code, for good unless they are also in `deferred`; nothing is taken behind a deferred event.
    """

    max_events: int = 500
    announced_window_s: float | None = None
    told_time: datetime | None = None
    busy_for_s: float = 1.0
    patience_s: float = 0.1
    faults: list[Fault] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    deferred: set[str] = field(default_factory=set)
    accepted: list[OutboxRow] = field(default_factory=list)
    exchanges: int = 0
    closed: bool = False
    _known: set[str] = field(default_factory=set)

    @property
    def reconnect_window_s(self) -> float | None:
        """What the fake announces."""
        return self.announced_window_s

    @property
    def server_time(self) -> datetime | None:
        """What the fake's clock says."""
        return self.told_time

    async def send(self, batch: Sequence[OutboxRow]) -> list[EventResult]:
        """Take the head of the batch, unless a fault is due."""
        self.exchanges += 1
        fault = self.faults.pop(0) if self.faults else None
        await self._fail_before(fault)
        results: list[EventResult] = []
        for row in batch[: self.max_events]:
            results.append(self._take(row))
            if not (results[-1].delivered or results[-1].permanent):
                break
        if fault is Fault.LOST_ANSWER:
            raise UnreachableError("the answer was lost")
        if fault is Fault.SILENCE:
            await self._run_out_of_patience()
        return results

    async def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True

    async def _fail_before(self, fault: Fault | None) -> None:
        """End the exchange here if it never reaches the platform."""
        if fault is Fault.LOST_REQUEST:
            raise UnreachableError("the request was lost")
        if fault is Fault.BLACK_HOLE:
            await self._run_out_of_patience()
        if fault is Fault.BUSY:
            raise TransportError("busy", retry_after_s=self.busy_for_s)
        if fault is Fault.FORBIDDEN:
            raise TransportError("forbidden", permanent=True, hint="Check the platform token.")

    async def _run_out_of_patience(self) -> None:
        await asyncio.sleep(self.patience_s)
        raise TooSlowError(f"no answer within {self.patience_s:g} s")

    def _take(self, row: OutboxRow) -> EventResult:
        if row.id in self.refused:
            permanent = row.id not in self.deferred
            code = self.refused[row.id]
            return EventResult(row.id, ResultStatus.REJECTED, code, "refused", permanent)
        if row.id in self._known:
            return EventResult(row.id, ResultStatus.DUPLICATE)
        self._known.add(row.id)
        self.accepted.append(row)
        return EventResult(row.id, ResultStatus.ACCEPTED)
