"""What every reader of codes does, whatever stands behind it."""

from __future__ import annotations

import asyncio

import pytest
from contract.reader_rigs import (
    LANE,
    GermanHidRig,
    HidRig,
    SerialRig,
    SimulatedRig,
    TestTime,
    running,
    until,
)

from pos_adapters.base import Connection, Reader, Reading
from pos_adapters.scanners.debounce import QUIET_S

pytestmark = pytest.mark.asyncio


@pytest.fixture
def time() -> TestTime:
    return TestTime()


@pytest.fixture(params=[SerialRig, HidRig, GermanHidRig, SimulatedRig])
def rig(request, tmp_path, time):
    return request.param(tmp_path, time)


async def test_it_is_offline_until_it_runs(rig, time) -> None:
    reader: Reader = rig.reader
    assert (reader.state.state, reader.state.reason) == (Connection.OFFLINE, "not started")
    async with running(rig):
        assert (reader.state.state, reader.state.reason) == (Connection.OK, "")
        assert reader.state.since == time.now()


async def test_it_hands_over_what_was_scanned(rig, time) -> None:
    async with running(rig) as readings:
        rig.scan("]Q1Yz-17/(Ä)")
        await until(lambda: readings)
        assert readings == [Reading(LANE, "]Q1Yz-17/(Ä)", None, time.now())]


async def test_it_keeps_the_order(rig) -> None:
    async with running(rig) as readings:
        for number in range(20):
            rig.scan(f"CODE-{number}")
        await until(lambda: len(readings) == 20)
        assert [reading.data for reading in readings] == [f"CODE-{n}" for n in range(20)]


async def test_a_stuck_trigger_is_one_reading(rig, time) -> None:
    async with running(rig) as readings:
        for _ in range(30):
            rig.scan("SAME")
        rig.scan("OTHER")
        await until(lambda: len(readings) == 2)
        assert [reading.data for reading in readings] == ["SAME", "OTHER"]
        time.seconds += QUIET_S
        rig.scan("SAME")
        await until(lambda: len(readings) == 3)


async def test_it_says_when_its_device_is_gone_and_comes_back_by_itself(rig, time) -> None:
    async with running(rig) as readings:
        for round_ in range(3):
            time.seconds += 60
            rig.unplug()
            await until(lambda: rig.reader.state.state is Connection.OFFLINE)
            assert rig.reader.state.reason in {"unplugged", "not connected"}
            assert rig.reader.state.since == time.now()
            rig.plug()
            await until(lambda: rig.reader.state.state is Connection.OK)
            rig.scan(f"AGAIN-{round_}")
            await until(lambda n=round_: readings and readings[-1].data == f"AGAIN-{n}")


async def test_a_device_that_is_missing_at_the_start_is_waited_for(rig) -> None:
    rig.unplug()

    async def plug_later() -> None:
        await asyncio.sleep(0.05)
        rig.plug()

    later = asyncio.create_task(plug_later())
    async with running(rig) as readings:
        await later
        rig.scan("LATE")
        await until(lambda: [reading.data for reading in readings] == ["LATE"])


async def test_it_waits_for_the_reading_to_be_dealt_with(rig) -> None:
    release, started = asyncio.Event(), []

    async def slow(reading: Reading) -> None:
        started.append(reading.data)
        await release.wait()

    task = asyncio.create_task(rig.reader.run(slow))
    await until(lambda: rig.reader.state.state is Connection.OK)
    rig.scan("FIRST")
    rig.scan("SECOND")
    await until(lambda: started)
    await asyncio.sleep(0.02)
    assert started == ["FIRST"]
    release.set()
    await until(lambda: started == ["FIRST", "SECOND"])
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    rig.unplug()


async def test_what_the_handler_raises_ends_the_run(rig) -> None:
    async def broken(reading: Reading) -> None:
        raise LookupError(reading.data)

    task = asyncio.create_task(rig.reader.run(broken))
    await until(lambda: rig.reader.state.state is Connection.OK)
    rig.scan("CODE")
    with pytest.raises(LookupError, match="CODE"):
        await task
    assert (rig.reader.state.state, rig.reader.state.reason) == (Connection.OFFLINE, "stopped")
    rig.unplug()


async def test_it_can_be_stopped_and_run_again(rig) -> None:
    for code in ("ONE", "TWO"):
        task_readings: list[str] = []

        async def keep(reading: Reading, into=task_readings) -> None:
            into.append(reading.data)

        task = asyncio.create_task(rig.reader.run(keep))
        await until(lambda: rig.reader.state.state is Connection.OK)
        rig.scan(code)
        await until(lambda into=task_readings, c=code: into == [c])
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert rig.reader.state.state is Connection.OFFLINE
    rig.unplug()
