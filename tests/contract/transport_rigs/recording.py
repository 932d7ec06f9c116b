"""The shipped fake itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from contract.transport_rigs.rig import Can, Mishap, scan_row

from sync.outbox import OutboxRow
from sync.transports.base import Transport
from sync.transports.recording import Fault, RecordingTransport

FAULTS = {
    Mishap.LOST_REQUEST: Fault.LOST_REQUEST,
    Mishap.LOST_ANSWER: Fault.LOST_ANSWER,
    Mishap.BLACK_HOLE: Fault.BLACK_HOLE,
    Mishap.SILENCE: Fault.SILENCE,
    Mishap.BUSY_FOR_7_S: Fault.BUSY,
    Mishap.REFUSED_SECRET: Fault.FORBIDDEN,
}


class RecordingRig:
    can = Can(announces_window=True, mishaps=frozenset(FAULTS))

    def __init__(self, folder: Path) -> None:
        del folder
        self.transport = RecordingTransport(max_events=8, announced_window_s=2.0, busy_for_s=7.0)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Transport]:
        yield self.transport
        await self.transport.close()

    def row(self, number: int, data: bytes | None = None) -> OutboxRow:
        return scan_row(number, data)

    def accepted(self) -> Sequence[str]:
        return [row.id for row in self.transport.accepted]

    def befall(self, mishap: Mishap) -> None:
        self.transport.faults.append(FAULTS[mishap])

    def refuse(self, event_id: str) -> None:
        self.transport.refused[event_id] = "no_such_type"

    def defer(self, event_id: str) -> None:
        self.transport.refused[event_id] = "not_now"
        self.transport.deferred.add(event_id)

    def uncarried(self) -> OutboxRow | None:
        return None
