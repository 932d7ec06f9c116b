"""The platform's clock, heard in its answers by both loops of the worker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random

import orjson
import pytest

from sync import outbox, true_time
from sync.fakes import MemoryCache, PlainLedger, ScriptedFeed
from sync.feed import ChangesPage
from sync.outbox import OutboxEvent
from sync.transports.cloudevents import encode_batch
from sync.transports.recording import RecordingTransport
from sync.true_time import ClockWatch, PlatformClock
from sync.worker import Delivery, Ends, Stale, SyncWorker

TRUE = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
BOX = datetime(1970, 1, 1, 0, 5, tzinfo=UTC)


class BoxClock:
    """A box that thinks it is 1970. Its monotonic clock runs, and can be moved."""

    ahead_s = 0.0

    def now(self) -> datetime:
        return BOX + timedelta(seconds=self.ahead_s)

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead_s


class Scene:
    def __init__(
        self,
        page: ChangesPage | None = None,
        told: datetime | None = None,
        transport: RecordingTransport | None = None,
    ) -> None:
        self.ledger, self.clock = PlainLedger(), BoxClock()
        self.transport = transport or RecordingTransport(told_time=told)
        self.platform_clock = PlatformClock("boot", self.clock.now, self.clock.monotonic)
        feed = ScriptedFeed([page]) if page else None
        delivery = Delivery("platform", self.transport, Stale({"old.": 60.0}), from_start=True)
        ends = Ends((delivery,), feed, self.ledger, MemoryCache(position="log.0"))
        self.worker = SyncWorker(
            ends, self.clock, Random(1), 0.5, platform_clock=self.platform_clock
        )

    def write(self, event_id: str, kind: str = "t") -> None:
        def put(tx: outbox.Connection) -> None:
            ClockWatch(self.platform_clock.look)(tx)
            outbox.put(tx, OutboxEvent(event_id, kind, self.clock.now(), b"{}"))

        self.ledger.transact(put)
        self.worker.nudge()

    def offsets_s(self) -> list[float | None]:
        found = true_time.segments(self.ledger.connection)
        return [segment.offset_s for segment in found.values()]

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.worker.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self.ledger.close()


async def until(condition: partial[bool]) -> None:
    async with asyncio.timeout(3):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.mark.asyncio
async def test_an_answer_to_events_tells_the_time_of_all_of_them() -> None:
    scene = Scene(told=TRUE)
    scene.write("e-1")
    async with scene.working():
        await until(lambda: scene.offsets_s() != [None])
        assert scene.offsets_s() == [pytest.approx((TRUE - BOX).total_seconds(), abs=3)]
        assert scene.platform_clock.now() is not None


@pytest.mark.asyncio
async def test_a_page_of_changes_tells_the_time_too() -> None:
    scene = Scene(page=ChangesPage((), "log.1", True, server_time=TRUE))
    scene.write("e-1")
    async with scene.working():
        await until(lambda: scene.offsets_s() != [None])
        assert scene.offsets_s() == [pytest.approx((TRUE - BOX).total_seconds(), abs=3)]


class Talkative(RecordingTransport):
    """Can be asked for its time."""

    asked = 0

    async def ask_time(self) -> datetime | None:
        self.asked += 1
        return TRUE


@pytest.mark.asyncio
async def test_the_first_event_of_a_boot_bears_its_true_time_already() -> None:
    scene = Scene(transport=Talkative())
    scene.write("e-1")
    async with scene.working():
        await until(lambda: len(scene.transport.accepted) == 1)
        scene.write("e-2")
        await until(lambda: len(scene.transport.accepted) == 2)
    real_s = (TRUE - BOX).total_seconds()
    assert [row.offset_s for row in scene.transport.accepted] == [pytest.approx(real_s, abs=3)] * 2
    assert scene.transport.asked == 1


def test_a_cloud_event_says_when_it_really_was_where_the_clock_was_wrong() -> None:
    row = outbox.OutboxRow(1, "e", "t", None, "1970-01-01T00:05:00.000000Z", b"{}")
    wrong = row._replace(offset_s=(TRUE - BOX).total_seconds())
    nearly = row._replace(offset_s=1.5)
    events = orjson.loads(encode_batch([row, wrong, nearly], "/stores/s/e"))
    assert [event["time"] for event in events] == [
        "1970-01-01T00:05:00.000000Z",
        "2026-11-21T10:00:00.000000Z",
        "1970-01-01T00:05:00.000000Z",
    ]


@pytest.mark.asyncio
async def test_a_receiver_that_repeats_an_old_time_changes_nothing() -> None:
    scene = Scene(told=TRUE)
    scene.write("e-1")
    async with scene.working():
        await until(lambda: scene.offsets_s() != [None])
        before = scene.offsets_s()
        scene.clock.ahead_s = 3600.0
        scene.write("e-2")
        await until(lambda: len(scene.transport.accepted) == 2)
        await asyncio.sleep(0.05)
        assert scene.offsets_s() == before


@pytest.mark.asyncio
async def test_what_is_stale_by_true_time_is_passed_over_and_the_rest_is_sent() -> None:
    scene = Scene(told=TRUE)
    scene.write("too-old", "old.zone")
    scene.clock.ahead_s = 600.0
    scene.write("fresh", "old.zone")
    scene.write("right", "store.sale")
    async with scene.working():
        await until(lambda: len(scene.transport.accepted) == 2)
        assert [row.id for row in scene.transport.accepted] == ["fresh", "right"]
