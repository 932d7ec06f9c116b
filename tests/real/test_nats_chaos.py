"""A TCP line to a real nats-server that is cut, frozen and reset at seeded bytes.

Each schedule is a shop of its own: some lives of its process, each over connections of which the
proxy knows in advance how they end. In the end the stream holds every event once, in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from random import Random

import orjson
import pytest
from nats_server import NatsServer

from sync.errors import TransportError
from sync.jetstream.line import NatsLine
from sync.jetstream.ordered import OrderedStore, Outcome
from sync.jetstream.port import Outgoing
from sync.outbox import OutboxRow
from sync.transports.nats import NatsTransport, Settings, plan_of

SOAK = os.environ.get("SOAK") == "1"
SCHEDULES = 3_000 if SOAK else 24
AT_ONCE = 24
FIRST_DEADLINE_S, LAST_DEADLINE_S = 0.3, 10.0  # it grows: a busy machine is no bad line
EVENTS = 80
PAGE = 20
CALM_AFTER = 4  # connections; then the line is well, so that a schedule ends
pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(3_600 if SOAK else 60)]


class End(Enum):
    """How a connection ends once so many bytes went through."""

    CUT_UP = auto()  # what the shop sends breaks off
    CUT_DOWN = auto()  # what the server answers breaks off
    FROZEN_UP = auto()  # the rest of what the shop sends never arrives
    FROZEN_DOWN = auto()  # the rest of the answers never arrives


@dataclass(slots=True)
class ChaosLine:
    """A proxy to the server; the dice say how each connection ends."""

    upstream: int
    dice: Random
    port: int = 0
    connections: int = 0
    ends: set[End] = field(default_factory=set)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        tasks: set[asyncio.Task[None]] = set()

        def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.add(asyncio.create_task(self._serve(reader, writer)))

        server = await asyncio.start_server(take, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield f"nats://127.0.0.1:{self.port}"
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        end = None if self.connections > CALM_AFTER else self.dice.choice([*End, None])
        limit = int(10 ** self.dice.uniform(2, 5))
        writers, tasks = [writer], []
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.upstream)
            writers.append(up_writer)
            up = self._pump(reader, up_writer, end, limit, (End.CUT_UP, End.FROZEN_UP))
            down = self._pump(up_reader, writer, end, limit, (End.CUT_DOWN, End.FROZEN_DOWN))
            tasks = [asyncio.create_task(up), asyncio.create_task(down)]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for one in writers:
                one.transport.abort()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        end: End | None,
        limit: int,
        mine: tuple[End, End],
    ) -> None:
        """Pass bytes on; returns when the connection is to be cut."""
        passed = 0
        with contextlib.suppress(OSError):
            while data := await reader.read(4096):
                if end in mine and passed + len(data) > limit:
                    self.ends.add(end)
                    writer.write(data[: limit - passed])
                    await writer.drain()
                    if end is mine[0]:
                        return
                    await asyncio.Event().wait()
                passed += len(data)
                writer.write(data)
                await writer.drain()


@dataclass(slots=True)
class Schedule:
    """One shop on a bad line."""

    seed: int
    server: NatsServer
    ends: set[End] = field(default_factory=set)

    @property
    def store(self) -> str:
        return f"shop-{self.seed}"

    async def play(self) -> None:
        dice = Random(self.seed)
        rows = [_row(number) for number in range(1, EVENTS + 1)]
        line = ChaosLine(self.server.port, dice)
        async with line.serving() as url:
            acknowledged, deadline_s = 0, FIRST_DEADLINE_S
            while acknowledged < EVENTS:
                # Now and then the process is killed, and sometimes its position is lost as well.
                rest = rows[dice.choice([acknowledged, acknowledged, 0]) :]
                left = await self._live(url, rest, dice.randint(2, 6), deadline_s)
                acknowledged = EVENTS - left
                deadline_s = min(1.3 * deadline_s, LAST_DEADLINE_S)
        self.ends = line.ends

    async def _live(
        self, url: str, rows: list[OutboxRow], exchanges: int, deadline_s: float
    ) -> int:
        """One life of the process; how many of the rows are left."""
        settings = Settings(servers=(url,))
        line = NatsLine(settings, self.store, answer_s=deadline_s)
        transport = NatsTransport(line, settings, self.store, "e1", deadline_s=deadline_s)
        done = 0
        try:
            for _ in range(exchanges):
                if done == len(rows):
                    break
                with contextlib.suppress(TransportError):
                    done += len(await transport.send(rows[done : done + PAGE]))
        finally:
            await transport.close()
        return len(rows) - done


def _row(number: int) -> OutboxRow:
    at = "2026-11-21T10:00:00.000000Z"
    return OutboxRow(number, f"e{number:04}", "t", "c-1", at, b'{"pad":"%s"}' % (b"x" * 200))


async def _stored(line: NatsLine) -> dict[str, list[str]]:
    """The ids that the stream holds, by store: with one reader, a server has few of them."""
    tail = await line.tail("EVENTS", [("store.>", 0)])
    found: dict[str, list[str]] = {}
    while messages := await tail.fetch(500, 0.0):
        for message in messages:
            event = orjson.loads(message.body)
            found.setdefault(event["source"].split("/")[2], []).append(event["id"])
    return found


async def played(server: NatsServer, count: int) -> tuple[list[Schedule], list[list[str]]]:
    """So many schedules, and what the stream holds of each shop afterwards."""
    settings = Settings(servers=(server.url,))
    operator = NatsLine(settings, "operator")
    await operator.create(plan_of(settings))
    gate = asyncio.Semaphore(AT_ONCE)
    schedules = [Schedule(seed, server) for seed in range(count)]

    async def one(schedule: Schedule) -> None:
        async with gate:
            await schedule.play()

    try:
        await asyncio.gather(*(one(schedule) for schedule in schedules))
        stored = await _stored(operator)
        return schedules, [stored.get(schedule.store, []) for schedule in schedules]
    finally:
        await operator.close()


async def test_whatever_cuts_the_line_the_stream_holds_each_event_once_and_in_order(tmp_path):
    async with NatsServer(tmp_path) as server:
        schedules, stored = await played(server, SCHEDULES)
    expected = [_row(number).id for number in range(1, EVENTS + 1)]
    wrong = [s.seed for s, held in zip(schedules, stored, strict=True) if held != expected]
    assert wrong == []
    assert {end for schedule in schedules for end in schedule.ends} == set(End)


async def test_the_schedules_can_see_a_transport_that_believes_too_early(tmp_path, monkeypatch):
    """Known-bad: an exchange that failed counts as done."""
    sound = OrderedStore.store

    async def hasty(self: OrderedStore, messages: list[Outgoing]) -> list[Outcome]:
        try:
            return await sound(self, messages)
        except TransportError:
            return [Outcome.STORED] * len(messages)

    monkeypatch.setattr(OrderedStore, "store", hasty)
    async with NatsServer(tmp_path) as server:
        _, stored = await played(server, 12)
    assert any(len(set(held)) < EVENTS for held in stored)
