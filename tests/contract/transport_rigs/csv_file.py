"""Daily files: the ledger is real SQLite, the disk the shipped fake."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from contract.transport_rigs.rig import AT, Can, Mishap, scan_row

from sync.fakes import PlainLedger
from sync.outbox import OutboxRow
from sync.transports.base import Transport
from sync.transports.csv_file import Settings, build
from sync.transports.csv_file.fake import FakeDisk
from sync.transports.csv_file.tables import MIGRATIONS
from sync.transports.table import Surroundings


class CsvRig:
    # Nothing can be lost on the way; what can happen is that the stick is pulled out.
    can = Can(
        refuses=False,
        defers=False,
        finds_unreadable=True,
        mishaps=frozenset({Mishap.LOST_REQUEST}),
    )

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = PlainLedger(folder / "ledger.db")
        for _, script in MIGRATIONS:
            self.ledger.connection.executescript(script)
        self.disk = FakeDisk()
        self.pulled_out = 0

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Transport]:
        self.disk.before = self._before
        around = Surroundings(
            store_id="s1",
            epoch="epoch1",
            ledger=self.ledger,
            now=lambda: AT,
            monotonic=lambda: 0.0,
            directory=self.folder,
            currency="EUR",
            zone="Europe/Berlin",
            name="daily",
        )
        transport = build(Settings(folder=self.folder), around, self.disk)
        yield transport
        await transport.close()

    def _before(self, step: str) -> None:
        if step == "exists":  # the first step of each exchange
            self.disk.is_there = not self.pulled_out
            self.pulled_out = max(0, self.pulled_out - 1)

    def row(self, number: int, data: bytes | None = None) -> OutboxRow:
        return scan_row(number, data)

    def accepted(self) -> Sequence[str]:
        rows = self.ledger.connection.execute("SELECT id FROM csv_lines ORDER BY seq")
        return [row[0] for row in rows]

    def befall(self, mishap: Mishap) -> None:
        assert mishap is Mishap.LOST_REQUEST
        self.pulled_out = 1

    def refuse(self, event_id: str) -> None:
        raise NotImplementedError

    def defer(self, event_id: str) -> None:
        raise NotImplementedError

    def uncarried(self) -> OutboxRow | None:
        return None
