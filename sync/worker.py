"""The worker: one loop pushes events out, one pulls documents in; neither waits for the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random

from sync import outbox, pull, push
from sync.backoff import Backoff
from sync.feed import Feed
from sync.loop import Loop, Task
from sync.ports import Cache, Clock, Ledger
from sync.pull import Puller
from sync.push import Pusher
from sync.status import Listener, StatusBoard, SyncStatus
from sync.transports.base import Transport

PUSH_IDLE_S = 30.0  # looks into the outbox by itself, should a nudge ever get lost
PULL_IDLE_S = 2.0  # only for a platform that answers long polls at once


@dataclass(frozen=True, slots=True)
class Ends:
    """What the worker connects: the platform's two sides and the shop's two."""

    transport: Transport
    feed: Feed
    ledger: Ledger
    cache: Cache


class SyncWorker:
    """Keeps the shop and the platform in step. All methods belong to the loop's thread."""

    def __init__(
        self, ends: Ends, clock: Clock, random: Random, reconnect_window_s: float | None = None
    ) -> None:
        """`reconnect_window_s` holds until the platform announces its own."""
        self._ends = ends
        self._clock = clock
        self._board = StatusBoard(clock.now)
        self._recalled = False
        self._remembered_window_s: float | None = None
        self._backoffs = {name: Backoff(random) for name in (push.NAME, pull.NAME)}
        self._window_s: float | None = None
        self._announce(reconnect_window_s)
        exchanged = partial(self._exchanged, push.NAME)
        self._pusher = Pusher(ends.transport, ends.ledger, self._board, clock, exchanged)
        exchanged = partial(self._exchanged, pull.NAME)
        self._puller = Puller(ends.feed, ends.cache, self._board, clock, exchanged)
        self._loops = {
            task.name: Loop(task, self._backoffs[task.name], self._board, clock.monotonic)
            for task in (
                Task(push.NAME, self._push, PUSH_IDLE_S, self._pusher.refresh),
                Task(pull.NAME, self._pull, PULL_IDLE_S),
            )
        }

    async def run(self) -> None:
        """Work until cancelled; then let go of all connections."""
        try:
            async with asyncio.TaskGroup() as group:
                for loop in self._loops.values():
                    group.create_task(loop.run())
        finally:
            await self._ends.transport.close()
            await self._ends.feed.close()

    def nudge(self) -> None:
        """A new event was committed."""
        self._loops[push.NAME].wake()

    def status(self) -> SyncStatus:
        """The line as it is now."""
        return self._board.status

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with each new status; returns the way to stop that."""
        return self._board.subscribe(listener)

    async def _push(self) -> bool:
        await self._recall()
        if self._window_s is not None and self._window_s != self._remembered_window_s:
            window_s = self._window_s
            await self._ends.ledger.write(lambda tx: outbox.remember_window(tx, window_s))
            self._remembered_window_s = window_s
        return await self._pusher.step()

    async def _pull(self) -> bool:
        await self._recall()
        return await self._puller.step()

    async def _recall(self) -> None:
        """Take up what an earlier run knew, so that a start while offline is no first contact."""
        if self._recalled:
            return
        window_s = await self._ends.ledger.read(outbox.recall_window)
        self._board.change(profiles_as_of=await self._ends.cache.as_of())
        self._remembered_window_s = window_s
        self._announce(window_s)
        self._recalled = True

    def _exchanged(self, name: str, window_s: float | None) -> None:
        """An exchange of one loop succeeded: the other one need not wait for the line."""
        self._board.succeeded(name)
        self._backoffs[name].succeeded(self._clock.monotonic())
        self._announce(window_s)
        for loop in self._loops.values():
            loop.line_is_back()

    def _announce(self, window_s: float | None) -> None:
        if window_s is not None:
            self._window_s = window_s
            for backoff in self._backoffs.values():
                backoff.announce(window_s)
