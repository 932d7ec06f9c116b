"""One rig per reader: how a test scans, pulls the plug and puts it back. Waits are short."""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from pos_adapters.base import Connection, Reading
from pos_adapters.scanners.device import Times
from pos_adapters.scanners.hid import HidSettings, hid_reader
from pos_adapters.scanners.layouts import LayoutName
from pos_adapters.scanners.serial import SerialSettings, serial_reader
from pos_adapters.scanners.simulated import SimulatedKeyboard, SimulatedReader

POLL_S = 0.005
PATIENCE_S = 3.0
LANE = "lane-1"


class TestTime:
    """A clock the test moves; waits themselves are real but short."""

    __test__ = False

    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds

    @property
    def times(self) -> Times:
        return Times(self.now, self.monotonic, first_retry_s=0.01, last_retry_s=0.02)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for real until `condition` holds; TimeoutError when it never does."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(POLL_S)


class PtyScanner:
    """A serial scanner on a pseudo-terminal, behind a link as in /dev/serial/by-id."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "scanner"
        self._ends: tuple[int, ...] = ()
        self.plug()

    def plug(self) -> None:
        master, slave = os.openpty()
        tty.setraw(slave)
        self._ends = (master, slave)
        self.path.symlink_to(os.ttyname(slave))

    def unplug(self) -> None:
        self.path.unlink(missing_ok=True)
        for end in self._ends:
            os.close(end)
        self._ends = ()

    def send(self, raw: bytes) -> None:
        os.write(self._ends[0], raw)

    def scan(self, text: str) -> None:
        self.send(text.encode() + b"\r\n")


class SerialRig:
    def __init__(self, folder: Path, time: TestTime) -> None:
        self.scanner = PtyScanner(folder)
        settings = SerialSettings(str(self.scanner.path))
        self.reader = serial_reader("serial", LANE, settings, time.times)
        self.scan, self.plug, self.unplug = (
            self.scanner.scan,
            self.scanner.plug,
            self.scanner.unplug,
        )


class HidRig:
    def __init__(self, folder: Path, time: TestTime, layout: LayoutName = LayoutName.US) -> None:
        self.keyboard = SimulatedKeyboard(layout)
        settings = HidSettings(str(folder / "by-id"), layout)
        self.reader = hid_reader("hid", LANE, settings, time.times, self.keyboard.open)
        self.scan, self.plug, self.unplug = (
            self.keyboard.type,
            self.keyboard.plug,
            self.keyboard.unplug,
        )


class GermanHidRig(HidRig):
    def __init__(self, folder: Path, time: TestTime) -> None:
        super().__init__(folder, time, LayoutName.DE)


class SimulatedRig:
    def __init__(self, folder: Path, time: TestTime) -> None:
        del folder
        self.reader = SimulatedReader("simulated", LANE, time.now, time.monotonic)
        self.scan, self.plug, self.unplug = (
            self.reader.scan,
            self.reader.plug,
            self.reader.unplug,
        )


@asynccontextmanager
async def running(rig):
    """Run the rig's reader; yields the list its readings land in, once it is online."""
    readings: list[Reading] = []

    async def keep(reading: Reading) -> None:
        readings.append(reading)

    task = asyncio.create_task(rig.reader.run(keep))
    try:
        await until(lambda: rig.reader.state.state is Connection.OK)
        yield readings
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        with suppress(OSError):
            rig.unplug()
