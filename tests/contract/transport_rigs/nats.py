"""NATS, against the shipped JetStream in memory; tests/real has the same on a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import orjson
from contract.transport_rigs.rig import AT, DEADLINE_S, SECRET, Can, Mishap, scan_row

from sync.jetstream.fake import FakeServer, Fault
from sync.outbox import OutboxRow
from sync.transports.base import Transport
from sync.transports.nats import WINDOW_KEY, NatsTransport, Settings, plan_of

FAULTS = {
    Mishap.LOST_REQUEST: Fault.LOST_REQUEST,
    Mishap.LOST_ANSWER: Fault.LOST_ANSWER,
    Mishap.BLACK_HOLE: Fault.BLACK_HOLE,
    Mishap.SILENCE: Fault.SILENCE,
    Mishap.BROKEN: Fault.NO_LEADER,
    Mishap.REFUSED_SECRET: Fault.REFUSED_SECRET,
}


class NatsRig:
    can = Can(refuses=False, defers=False, announces_window=True, mishaps=frozenset(FAULTS))

    def __init__(self, folder: Path) -> None:
        del folder
        self.server = FakeServer(lambda: AT)
        self.settings = Settings(servers=("nats://fake",), token=SECRET)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Transport]:
        line = self.server.line()
        transport = NatsTransport(line, self.settings, "s1", "epoch1", deadline_s=DEADLINE_S)
        if self.settings.stream not in self.server.streams:
            await line.create(replace(plan_of(self.settings), metadata={WINDOW_KEY: "2"}))
        yield transport
        await transport.close()
        assert line.is_closed

    def row(self, number: int, data: bytes | None = None) -> OutboxRow:
        return scan_row(number, data)

    def accepted(self) -> Sequence[str]:
        held = self.server.streams[self.settings.stream].messages
        return [orjson.loads(message.body)["id"] for message in held]

    def befall(self, mishap: Mishap) -> None:
        self.server.faults.append(FAULTS[mishap])

    def refuse(self, event_id: str) -> None:
        raise AssertionError("a stream takes whatever fits")

    def defer(self, event_id: str) -> None:
        raise AssertionError("a stream takes whatever fits")

    def uncarried(self) -> OutboxRow | None:
        return None
