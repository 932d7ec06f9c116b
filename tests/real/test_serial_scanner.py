"""A serial scanner on a real terminal line (pty): bursts, noise, and a plug that is pulled."""

from __future__ import annotations

import asyncio
import random

import pytest
from contract.reader_rigs import SerialRig, TestTime, running, until

from pos_adapters.base import Connection
from pos_adapters.scanners.device import Times
from pos_adapters.scanners.framing import MAX_LINE_BYTES
from pos_adapters.scanners.serial import SerialSettings, serial_reader

pytestmark = pytest.mark.asyncio


@pytest.fixture
def rig(tmp_path):
    return SerialRig(tmp_path, TestTime())


async def send(rig: SerialRig, raw: bytes) -> None:
    """Write without ever filling the terminal's buffer, as a scanner at its baud rate does."""
    for start in range(0, len(raw), 512):
        rig.scanner.send(raw[start : start + 512])
        await asyncio.sleep(0.002)


async def test_a_burst_loses_nothing(rig) -> None:
    codes = [f"MUSTERFRAU-{number:06}" for number in range(2000)]
    async with running(rig) as readings:
        await send(rig, "".join(code + "\r\n" for code in codes).encode())
        await until(lambda: len(readings) == len(codes))
        assert [reading.data for reading in readings] == codes
    assert rig.reader.dropped == 0


async def test_binary_noise_does_not_stop_it(rig) -> None:
    noise = random.Random(7).randbytes(20_000)
    async with running(rig) as readings:
        await send(rig, noise + b"\r")
        await send(rig, "GOOD-Ä\r".encode())
        await until(lambda: any(reading.data == "GOOD-Ä" for reading in readings))


async def test_an_oversized_line_is_counted_and_the_next_one_read(rig) -> None:
    async with running(rig) as readings:
        await send(rig, b"x" * (MAX_LINE_BYTES + 1) + b"\rGOOD\r")
        await until(lambda: [reading.data for reading in readings] == ["GOOD"])
        assert rig.reader.dropped == 1
        rig.unplug()
        await until(lambda: rig.reader.state.state is Connection.OFFLINE)
        assert rig.reader.dropped == 1
        rig.plug()


async def test_half_a_line_before_the_plug_was_pulled_is_forgotten(rig) -> None:
    async with running(rig) as readings:
        rig.scanner.send(b"HALF")
        await asyncio.sleep(0.05)
        rig.unplug()
        await until(lambda: rig.reader.state.state is Connection.OFFLINE)
        rig.plug()
        await until(lambda: rig.reader.state.state is Connection.OK)
        rig.scan("WHOLE")
        await until(lambda: [reading.data for reading in readings] == ["WHOLE"])


async def test_a_second_program_on_the_same_line_waits_outside(rig) -> None:
    time = TestTime()
    second = serial_reader("second", "lane-2", SerialSettings(str(rig.scanner.path)), time.times)

    async def never(reading) -> None:
        raise AssertionError(reading)

    async with running(rig):
        task = asyncio.create_task(second.run(never))
        await until(lambda: second.state.reason == "in use by another program")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_it_waits_longer_and_longer_for_a_missing_device(tmp_path, monkeypatch) -> None:
    waits: list[float] = []
    reasons: set[str] = set()
    real_sleep = asyncio.sleep

    async def note(delay_s: float) -> None:
        waits.append(delay_s)
        reasons.add(reader.state.reason)
        await real_sleep(0)
        if len(waits) == 6:
            raise asyncio.CancelledError

    monkeypatch.setattr(asyncio, "sleep", note)
    clock = TestTime()
    times = Times(clock.now, clock.monotonic)
    reader = serial_reader("gone", "lane", SerialSettings(str(tmp_path / "gone")), times)
    with pytest.raises(asyncio.CancelledError):
        await reader.run(lambda reading: real_sleep(0, reading))
    assert waits == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    assert reasons == {"not connected"}
