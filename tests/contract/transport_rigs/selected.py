"""A transport that carries only some types, around the shipped fake."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from contract.transport_rigs.recording import RecordingRig
from contract.transport_rigs.rig import scan_row

from sync.outbox import OutboxRow
from sync.transports.base import Transport
from sync.transports.selected import SelectedTransport


class SelectedRig(RecordingRig):
    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Transport]:
        transport = SelectedTransport(self.transport, ("store.scan.", "store.sale."))
        yield transport
        await transport.close()

    def uncarried(self) -> OutboxRow | None:
        return scan_row(50)._replace(type="store.visit.started")
