"""The worker: one loop for each transport pushes events out, one pulls documents in.

None waits for another: a stuck transport holds up nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from random import Random

from sync import outbox, pull, true_time
from sync.backoff import Backoff
from sync.delivery import Delivery, Stale
from sync.feed import Feed
from sync.loop import Line, Loop, Task
from sync.outbox import Connection
from sync.ports import Cache, Clock, Ledger
from sync.pull import Puller
from sync.push import Pusher
from sync.status import Listener, StatusBoard, SyncStatus
from sync.transports.base import TellsTime, Transport
from sync.true_time import PlatformClock, Told

__all__ = ["Delivery", "Ends", "Stale", "SyncWorker"]

PULL_IDLE_S = 2.0  # only for a platform that answers long polls at once


@dataclass(frozen=True, slots=True)
class Ends:
    """What the worker connects. A shop may have transports without a feed, and a feed alone."""

    deliveries: tuple[Delivery, ...]
    feed: Feed | None
    ledger: Ledger
    cache: Cache


@dataclass(slots=True)
class _End:
    """Another end, and what it announced."""

    line: Line = field(default_factory=Line)
    backoffs: list[Backoff] = field(default_factory=list)
    window_s: float | None = None
    remembered_window_s: float | None = None


class SyncWorker:
    """Keeps the shop and the other ends in step. All methods belong to the loop's thread."""

    def __init__(
        self,
        ends: Ends,
        clock: Clock,
        random: Random,
        reconnect_window_s: float | None = None,
        platform_clock: PlatformClock | None = None,
    ) -> None:
        """`reconnect_window_s` holds until the other end announces its own.

        Without `platform_clock` no event is ever too old to be sent.
        """
        self._ends = ends
        self._clock = clock
        self._board = StatusBoard(clock.now, [delivery.name for delivery in ends.deliveries])
        self._recalled = False
        self._enrolled = False
        self._recalling = asyncio.Lock()
        self._platform_clock = platform_clock
        self._times: dict[str, datetime | None] = {}
        self._transports: dict[str, Transport] = {}
        self._told: Told | None = None
        self._backoffs: dict[str, Backoff] = {}
        self._others: dict[str, _End] = {}
        self._pushers: dict[str, Pusher] = {}
        for delivery in ends.deliveries:
            self._add_push(delivery, random)
        if ends.feed is not None:
            self._add_pull(ends.feed, random)
        for name in self._others:
            self._announce(name, reconnect_window_s)

    async def run(self) -> None:
        """Work until cancelled; then let go of all connections."""
        try:
            async with asyncio.TaskGroup() as group:
                for end in self._others.values():
                    for loop in end.line.loops:
                        group.create_task(loop.run())
        finally:
            for delivery in self._ends.deliveries:
                await delivery.transport.close()
            if self._ends.feed is not None:
                await self._ends.feed.close()

    def nudge(self) -> None:
        """A new event was committed."""
        for name, pusher in self._pushers.items():
            pusher.news()
            self._others[name].line.loops[0].wake()

    def status(self) -> SyncStatus:
        """The lines as they are now."""
        return self._board.status

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with each new status; returns the way to stop that."""
        return self._board.subscribe(listener)

    def _add_push(self, delivery: Delivery, random: Random) -> None:
        name, backoff = delivery.name, Backoff(random)
        self._transports[name] = delivery.transport
        pusher = Pusher(
            delivery,
            self._ends.ledger,
            self._board,
            self._clock,
            partial(self._exchanged, name),
            random,
            self._platform_clock,
            partial(self._heard, name),
        )
        task = Task(name, partial(self._push, name), pusher.rest_s, pusher.refresh)
        self._pushers[name] = pusher
        self._add(name, task, backoff)

    def _add_pull(self, feed: Feed, random: Random) -> None:
        puller = Puller(
            feed,
            self._ends.cache,
            self._board,
            self._clock,
            partial(self._exchanged, pull.NAME),
            partial(self._heard, pull.NAME),
        )
        task = Task(pull.NAME, partial(self._pull, puller), lambda: PULL_IDLE_S)
        self._add(self._board.line_of(pull.NAME), task, Backoff(random))

    def _add(self, name: str, task: Task, backoff: Backoff) -> None:
        """A loop to the end called `name`."""
        end = self._others.setdefault(name, _End())
        end.backoffs.append(backoff)
        self._backoffs[task.name] = backoff
        Loop(task, end.line, backoff, self._board, self._clock.monotonic)

    async def _push(self, name: str) -> bool:
        await self._recall()
        await self._enrol()
        end = self._others[name]
        if end.window_s is not None and end.window_s != end.remembered_window_s:
            window_s = end.window_s
            await self._ends.ledger.write(
                lambda tx: outbox.remember_window(tx, window_s, name),
            )
            end.remembered_window_s = window_s
        await self._ask_time(name)
        return await self._with_time(self._pushers[name].step())

    async def _pull(self, puller: Puller) -> bool:
        await self._recall()
        return await self._with_time(puller.step())

    async def _recall(self) -> None:
        """Take up what an earlier run knew, so that a start while offline is no first contact."""
        async with self._recalling:
            if self._recalled:
                return
            names = tuple(self._others)
            windows = await self._ends.ledger.read(lambda conn: _windows(conn, names))
            self._board.change(profiles_as_of=await self._ends.cache.as_of())
            if self._platform_clock is not None:
                await self._ends.ledger.read(self._platform_clock.recall)
            for name, window_s in zip(names, windows, strict=True):
                self._others[name].remembered_window_s = window_s
                self._announce(name, window_s)
            self._recalled = True

    async def _enrol(self) -> None:
        """Say which transports there are; written only when something is new."""
        async with self._recalling:
            if self._enrolled:
                return
            wanted = {one.name: one.from_start for one in self._ends.deliveries}
            if await self._ends.ledger.read(outbox.configured) != tuple(sorted(wanted)):
                await self._ends.ledger.write(partial(outbox.enrol, transports=wanted))
            self._enrolled = True

    def _exchanged(self, loop: str, window_s: float | None) -> None:
        """An exchange of one loop succeeded: others need not wait for the line.

        On its own line that is so each time. Another end is tried once when this one comes back:
        the cable may be what both waited for.
        """
        name = self._board.line_of(loop)
        came_back = self._board.is_offline(name)
        self._board.succeeded(loop)
        self._backoffs[loop].succeeded(self._clock.monotonic())
        self._announce(name, window_s)
        for other, end in self._others.items():
            if other == name or came_back:
                end.line.is_back()

    def _heard(self, loop: str, server_time: datetime | None) -> None:
        """Another end's clock, at the moment of its answer; the same again says nothing."""
        is_news = server_time is not None and server_time != self._times.get(loop)
        self._times[loop] = server_time
        if is_news and server_time is not None and self._platform_clock is not None:
            self._told = self._platform_clock.hears(server_time) or self._told

    async def _ask_time(self, name: str) -> None:
        """Before the first event of a boot: what is sent then bears its true time."""
        clock, transport = self._platform_clock, self._transports[name]
        if clock is None or clock.now() is not None or name in self._times:
            return
        if isinstance(transport, TellsTime):
            self._heard(name, await transport.ask_time())
            await self._keep_time()

    async def _with_time(self, step: Awaitable[bool]) -> bool:
        """Do one step, and keep what it told of the time."""
        try:
            return await step
        finally:
            await self._keep_time()

    async def _keep_time(self) -> None:
        told = self._told
        if told is not None:
            await self._ends.ledger.write(partial(true_time.tell, told=told))
            self._told = None if self._told is told else self._told

    def _announce(self, name: str, window_s: float | None) -> None:
        if window_s is None:
            return
        end = self._others[name]
        end.window_s = window_s
        for backoff in end.backoffs:
            backoff.announce(window_s)
        if name in self._pushers:
            self._pushers[name].announce(window_s)


def _windows(conn: Connection, names: Sequence[str]) -> list[float | None]:
    return [outbox.recall_window(conn, name) for name in names]
