"""The worker: one loop for each transport pushes events out, one pulls documents in.

None waits for another: a stuck transport holds up nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from sync import outbox, pull
from sync.backoff import Backoff
from sync.delivery import Ages, Delivery, Stale
from sync.feed import Feed
from sync.loop import Loop, Task
from sync.outbox import Connection
from sync.ports import Cache, Clock, Ledger
from sync.pull import Puller
from sync.push import Pusher
from sync.status import Listener, StatusBoard, SyncStatus

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
class _Line:
    """Another end, with the loops that speak to it."""

    backoffs: list[Backoff]
    loops: list[Loop]
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
        ages: Ages | None = None,
    ) -> None:
        """`reconnect_window_s` holds until the other end announces its own.

        Without `ages` no event is ever too old to be sent.
        """
        self._ends = ends
        self._clock = clock
        self._board = StatusBoard(clock.now, [delivery.name for delivery in ends.deliveries])
        self._recalled = False
        self._enrolled = False
        self._recalling = asyncio.Lock()
        self._backoffs: dict[str, Backoff] = {}
        self._lines: dict[str, _Line] = {}
        self._pushers: dict[str, Pusher] = {}
        for delivery in ends.deliveries:
            self._add_push(delivery, random, ages)
        if ends.feed is not None:
            self._add_pull(ends.feed, random)
        for name in self._lines:
            self._announce(name, reconnect_window_s)

    async def run(self) -> None:
        """Work until cancelled; then let go of all connections."""
        try:
            async with asyncio.TaskGroup() as group:
                for line in self._lines.values():
                    for loop in line.loops:
                        group.create_task(loop.run())
        finally:
            for delivery in self._ends.deliveries:
                await delivery.transport.close()
            if self._ends.feed is not None:
                await self._ends.feed.close()

    def nudge(self) -> None:
        """A new event was committed."""
        for name in self._pushers:
            self._lines[name].loops[0].wake()

    def status(self) -> SyncStatus:
        """The lines as they are now."""
        return self._board.status

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with each new status; returns the way to stop that."""
        return self._board.subscribe(listener)

    def _add_push(self, delivery: Delivery, random: Random, ages: Ages | None) -> None:
        name, backoff = delivery.name, Backoff(random)
        pusher = Pusher(
            delivery,
            self._ends.ledger,
            self._board,
            self._clock,
            partial(self._exchanged, name),
            random,
            ages,
        )
        task = Task(name, partial(self._push, name), pusher.rest_s, pusher.refresh)
        loop = Loop(task, backoff, self._board, self._clock.monotonic)
        self._backoffs[name], self._pushers[name] = backoff, pusher
        self._lines[name] = _Line([backoff], [loop])

    def _add_pull(self, feed: Feed, random: Random) -> None:
        backoff = Backoff(random)
        puller = Puller(
            feed, self._ends.cache, self._board, self._clock, partial(self._exchanged, pull.NAME)
        )
        task = Task(pull.NAME, partial(self._pull, puller), lambda: PULL_IDLE_S)
        loop = Loop(task, backoff, self._board, self._clock.monotonic)
        self._backoffs[pull.NAME] = backoff
        line = self._lines.setdefault(self._board.line_of(pull.NAME), _Line([], []))
        line.backoffs.append(backoff)
        line.loops.append(loop)

    async def _push(self, name: str) -> bool:
        await self._recall()
        await self._enrol()
        line = self._lines[name]
        if line.window_s is not None and line.window_s != line.remembered_window_s:
            window_s = line.window_s
            await self._ends.ledger.write(
                lambda tx: outbox.remember_window(tx, window_s, name),
            )
            line.remembered_window_s = window_s
        return await self._pushers[name].step()

    async def _pull(self, puller: Puller) -> bool:
        await self._recall()
        return await puller.step()

    async def _recall(self) -> None:
        """Take up what an earlier run knew, so that a start while offline is no first contact."""
        async with self._recalling:
            if self._recalled:
                return
            names = tuple(self._lines)
            windows = await self._ends.ledger.read(lambda conn: _windows(conn, names))
            self._board.change(profiles_as_of=await self._ends.cache.as_of())
            for name, window_s in zip(names, windows, strict=True):
                self._lines[name].remembered_window_s = window_s
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
        for other, line in self._lines.items():
            if other == name or came_back:
                for one in line.loops:
                    one.line_is_back()

    def _announce(self, name: str, window_s: float | None) -> None:
        if window_s is None:
            return
        line = self._lines[name]
        line.window_s = window_s
        for backoff in line.backoffs:
            backoff.announce(window_s)
        if name in self._pushers:
            self._pushers[name].announce(window_s)


def _windows(conn: Connection, names: Sequence[str]) -> list[float | None]:
    return [outbox.recall_window(conn, name) for name in names]
