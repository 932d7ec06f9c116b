"""What every transport promises, tried on the shipped fake and on HTTP with the real platform."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import orjson
import pytest

from sync.outbox import OutboxRow
from sync.reference_platform import EventRefusedError, PlatformStore
from sync.reference_platform.app import Platform, create_app
from sync.reference_platform.intake import read_events
from sync.transports.base import ResultStatus, Transport
from sync.transports.http import HttpLine
from sync.transports.platform_http import PlatformHttpTransport
from sync.transports.recording import RecordingTransport

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
MAX_EVENTS = 8


def row(number: int, kind: str = "store.scan.recorded", data: bytes = b'{"n":1}') -> OutboxRow:
    return OutboxRow(number, f"e{number:04}", kind, None, "2026-11-21T10:00:00.000000Z", data)


class PickyRules:
    """Refuses by type."""

    def apply(self, event, store) -> None:
        if event.type == "refused":
            raise EventRefusedError("no_such_type", "unknown type")
        if event.type == "deferred":
            raise EventRefusedError("not_now", "ask again", permanent=False)


class HttpBench:
    """The HTTP transport against the reference platform, without sockets."""

    def __init__(self, folder: Path) -> None:
        self.store = PlatformStore(folder / "platform.db")
        self.platform = Platform(
            self.store, "token", lambda: AT, PickyRules(), max_events=MAX_EVENTS
        )
        self.app = create_app(self.platform)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Transport]:
        state = {"platform": self.platform, "line": self.platform.line}

        async def app(scope, receive, send):
            await self.app(scope | {"state": state}, receive, send)

        line = HttpLine("http://platform", "token", lambda: AT, httpx.ASGITransport(app))
        yield PlatformHttpTransport(line, "s1", "epoch1")
        await line.close()
        self.store.close()

    def accepted(self) -> list[str]:
        events, _ = read_events(self.store, "s1", "")
        return [event["id"] for event in orjson.loads(orjson.dumps(events))]


class FakeBench:
    """The shipped fake."""

    def __init__(self, _: Path) -> None:
        self.transport = RecordingTransport(
            MAX_EVENTS, 2.0, refused={"e0002": "no_such_type"}, deferred=set()
        )

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Transport]:
        yield self.transport

    def accepted(self) -> list[str]:
        return [row.id for row in self.transport.accepted]


@pytest.fixture(params=[HttpBench, FakeBench], ids=["http", "fake"])
def bench(request, tmp_path):
    return request.param(tmp_path)


async def deliver(transport: Transport, rows: list[OutboxRow]) -> list:
    results = []
    while len(results) < len(rows):
        step = await transport.send(rows[len(results) :])
        assert step, "a transport delivers at least one event or raises"
        results += step
    return results


@pytest.mark.asyncio
async def test_it_answers_each_event_in_order_and_the_platform_has_them_in_order(bench):
    async with bench.opened() as transport:
        rows = [row(n) for n in range(10, 15)]
        results = await transport.send(rows)
        assert [r.id for r in results] == [r.id for r in rows]
        assert {r.status for r in results} == {ResultStatus.ACCEPTED}
        assert bench.accepted() == [r.id for r in rows]


@pytest.mark.asyncio
async def test_sending_again_is_safe_and_says_duplicate(bench):
    async with bench.opened() as transport:
        rows = [row(10), row(11)]
        await transport.send(rows)
        again = await transport.send([*rows, row(12)])
        assert [r.status for r in again] == ["duplicate", "duplicate", "accepted"]
        assert all(r.delivered for r in again)
        assert bench.accepted() == ["e0010", "e0011", "e0012"]


@pytest.mark.asyncio
async def test_a_refused_event_does_not_hold_up_its_neighbours(bench):
    async with bench.opened() as transport:
        results = await transport.send([row(1), row(2, "refused"), row(3)])
        assert [r.delivered for r in results] == [True, False, True]
        assert results[1].permanent
        assert results[1].code == "no_such_type"
        assert bench.accepted() == ["e0001", "e0003"]


@pytest.mark.asyncio
async def test_a_batch_of_any_size_arrives_step_by_step(bench):
    async with bench.opened() as transport:
        rows = [row(n) for n in range(100, 137)]
        results = await deliver(transport, rows)
        assert [r.id for r in results] == [r.id for r in rows]
        assert bench.accepted() == [r.id for r in rows]


@pytest.mark.asyncio
async def test_it_learns_the_reconnect_window(bench):
    async with bench.opened() as transport:
        await transport.send([row(10)])
        assert transport.reconnect_window_s == 2.0


@pytest.mark.asyncio
async def test_behind_a_deferred_event_nothing_is_taken_so_that_order_is_kept(tmp_path):
    bench = HttpBench(tmp_path)
    async with bench.opened() as transport:
        results = await transport.send([row(10), row(11, "deferred"), row(12)])
        assert [r.delivered for r in results] == [True, False, False]
        assert not any(r.permanent for r in results)
        assert bench.accepted() == ["e0010"]


@pytest.mark.asyncio
async def test_one_unreadable_event_is_found_and_rejected_alone(tmp_path):
    bench = HttpBench(tmp_path)
    async with bench.opened() as transport:
        rows = [row(n) for n in range(10, 30)]
        rows[7] = row(17, data=b"{torn")
        results = await deliver(transport, rows)
        assert [r.id for r in results if not r.delivered] == ["e0017"]
        assert results[7].permanent
        assert len(bench.accepted()) == 19
