"""From a scanner's reading to a durable scan, and what /readyz says when one vanishes."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from builders import shop

from store_agent.app import readers
from store_agent.app.readers import Scanner, listen
from store_agent.domain.scan import ScanSource

SCANNER = {"serial": [{"lane": "door", "path": "/dev/not-there"}]}


class OneReading:
    """A reader that reads once and then waits."""

    name = "scanner door"
    dropped = 0

    def __init__(self, at):
        self.at = at

    async def run(self, on_reading):
        from pos_adapters.base import Reading

        await on_reading(Reading("door", "MEMBER-1", None, self.at))
        await asyncio.Event().wait()


async def until(check, tries: int = 300):
    for _ in range(tries):
        if await check():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("did not happen")


@pytest.mark.asyncio
async def test_a_reading_becomes_a_scan_at_its_lane(tmp_path):
    async with shop(tmp_path) as running:
        scanner = Scanner(OneReading(running.clock.now()), ScanSource.SERIAL)
        task = asyncio.create_task(listen(scanner, running.agent.clienteling))

        async def recorded():
            return bool(await running.events())

        await until(recorded)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        kinds = {kind: data for kind, _, data in await running.events()}
    assert kinds["store.scan.recorded"]["lane"] == "door"
    assert kinds["store.scan.recorded"]["door"] == "serial"


@pytest.mark.asyncio
async def test_a_scan_that_cannot_be_stored_is_tried_again_and_then_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "PAUSE_S", 0.0)
    async with shop(tmp_path) as running:
        await running.agent.storage.close()
        scanner = Scanner(OneReading(running.clock.now()), ScanSource.SERIAL)
        task = asyncio.create_task(listen(scanner, running.agent.clienteling))
        await asyncio.sleep(0.2)
        assert not task.done()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.mark.asyncio
async def test_a_scanner_that_is_not_there_is_told_by_name(tmp_path):
    async with shop(tmp_path, readers=SCANNER) as running:
        (scanner,) = running.agent.scanners
        task = asyncio.create_task(listen(scanner, running.agent.clienteling))

        async def told():
            rows = (await running.get("/readyz", token="monitor")).json()["components"]
            row = next(row for row in rows if row["name"] == "scanner door")
            return row["state"] == "offline" and "not connected" in row["reason"]

        await until(told)
        answer = await running.get("/readyz", token="monitor")
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
