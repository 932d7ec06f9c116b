"""Draining the outbox into one transport: a step sends one batch and notes what became of it.

The urgent lane goes first. One batch is under way at a time, so that order holds in each lane.
While it is, the answers to those before are made durable and the next ones are read. A crash at
any point only sends a few batches again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from random import Random

from sync import outbox
from sync.delivery import Ages, Delivery
from sync.lane_queue import Judged, LaneQueue
from sync.outbox import Connection, Lane, OutboxRow
from sync.ports import Clock, Ledger
from sync.status import StatusBoard
from sync.transports.base import EventResult, Foresighted, Tended

BATCH = 500
READ_AHEAD = 4 * BATCH  # read at once: a hop to the reader's thread and back costs like 100 events
SETTLE_S = 1.0  # answers wait this long for their place in the file while a backlog drains
REFRESH_S = 0.5  # how fresh the shown backlog is while events flow
IDLE_S = 30.0  # looks into the outbox by itself, should a nudge ever get lost

Found = tuple[Lane, Sequence[OutboxRow], frozenset[int]]


class Pusher:
    """The body of one transport's push loop."""

    def __init__(  # noqa: PLR0913, PLR0917  the transport's two ends and who is told
        self,
        delivery: Delivery,
        ledger: Ledger,
        board: StatusBoard,
        clock: Clock,
        exchanged: Callable[[float | None], None],
        random: Random,
        ages: Ages | None = None,
        heard: Callable[[datetime | None], None] | None = None,
    ) -> None:
        """`exchanged` hears of every success, with the announced reconnect window.

        `heard` takes what the other end's clock said, at the moment of its answer.
        """
        self._delivery = delivery
        self._name = delivery.name
        self._transport = delivery.transport
        self._tended = self._transport if isinstance(self._transport, Tended) else None
        self._foresighted = self._transport if isinstance(self._transport, Foresighted) else None
        self._ledger = ledger
        self._board = board
        self._now = clock.now
        self._monotonic = clock.monotonic
        self._exchanged = exchanged
        self._ages = ages
        self._heard = heard
        self._refreshed_s = float("-inf")
        self._queues = {lane: LaneQueue(lane, random) for lane in Lane}
        self._has_news = True
        self._unsettled: list[Judged] = []
        self._settled_s = float("-inf")

    async def step(self) -> bool:
        """Send the next batch; whether there was any. Raises TransportError."""
        queue = await self._choose()
        if queue is None:
            await self._rest()
            return False
        batch = await self._batch(queue)
        if batch:
            await self._deliver(queue, batch)
        if self._monotonic() - self._refreshed_s >= REFRESH_S:
            await self.refresh()
        return True

    def news(self) -> None:
        """Something was put: the urgent lane is looked into before the next batch."""
        self._has_news = True

    async def refresh(self) -> None:
        """Show the backlog as it is now."""
        self._refreshed_s = self._monotonic()
        waiting = await self._ledger.read(partial(outbox.backlog, transport=self._name))
        self._board.show(self._name, waiting)

    def rest_s(self) -> float:
        """How long there is nothing to do unless something new comes, in seconds."""
        at_s = self._monotonic()
        pauses = [queue.deferral.until_s - at_s for queue in self._queues.values()]
        return min((pause_s for pause_s in pauses if pause_s > 0), default=IDLE_S)

    def announce(self, window_s: float) -> None:
        """The reconnect window holds for a lane that is wanted later, too."""
        for queue in self._queues.values():
            queue.deferral.announce(window_s)

    async def _rest(self) -> None:
        """Nothing is to be sent."""
        self._board.rests(self._name)
        await self.refresh()
        if self._tended is not None:
            await self._tended.tend()
            self._exchanged(self._transport.reconnect_window_s)

    def _open_queues(self) -> list[LaneQueue]:
        """The lanes that are not paused, urgent first."""
        at_s = self._monotonic()
        return [queue for queue in self._queues.values() if queue.deferral.until_s <= at_s]

    async def _choose(self) -> LaneQueue | None:
        """The lane to send from; None when nothing waits."""
        queues = self._open_queues()
        first = next((queue for queue in queues if queue.rows or queue.has_more), None)
        if self._has_news or first is None or not first.rows:
            await self._look()
        return next((queue for queue in queues if queue.rows), None)

    async def _look(self, under_way: LaneQueue | None = None) -> None:
        """Read on in the first lane that has something new; `under_way` may get more behind."""
        self._has_news = False
        wanted: dict[Lane, int | None] = {}
        for queue in self._open_queues():
            if queue.rows and queue is not under_way:
                break
            wanted[queue.lane] = queue.end
        found = await self._ledger.read(partial(self._read, wanted))
        for lane in wanted:
            if found is not None and found[0] is lane:
                self._queues[lane].add(*found[1:], READ_AHEAD)
                break
            self._queues[lane].has_more = False  # until there is news

    def _read(self, wanted: dict[Lane, int | None], conn: Connection) -> Found | None:
        for lane, end in wanted.items():
            rows = outbox.page(conn, self._name, lane, READ_AHEAD, after_seq=end)
            if rows:
                return lane, rows, self._delivery.stale.among(rows, conn, self._ages)
        return None

    async def _batch(self, queue: LaneQueue) -> Sequence[OutboxRow]:
        """What goes next. While the urgent lane pauses, nobody's event overtakes their own there.

        Empty: the first one has to wait for that lane.
        """
        batch, urgent = queue.rows[:BATCH], self._queues[Lane.URGENT]
        if queue is urgent or urgent.deferral.until_s <= self._monotonic():
            return batch
        waiting = await self._ledger.read(partial(outbox.waiting_subjects, transport=self._name))
        for number, row in enumerate(batch):
            if row.subject is not None and waiting.get(row.subject, row.seq) < row.seq:
                if number == 0:
                    queue.deferral.until_s = urgent.deferral.until_s
                return batch[:number]
        return batch

    async def _deliver(self, queue: LaneQueue, batch: Sequence[OutboxRow]) -> None:
        fresh = queue.fresh(batch)
        if self._foresighted is not None:
            self._foresighted.foresee(queue.fresh(queue.rows[BATCH : 2 * BATCH]))
        meanwhile = asyncio.create_task(self._keep_up(queue))
        results: Sequence[EventResult] | None = None
        try:
            results = await self._transport.send(fresh) if fresh else []
        finally:
            await meanwhile
            if results is None:
                queue.forget(reached=queue.reached)  # nothing grows while the line is down
                await self._settle()
                await self.refresh()
        if fresh:
            if self._heard is not None:
                self._heard(self._transport.server_time)
            self._exchanged(self._transport.reconnect_window_s)
        judged = queue.judge(batch, results, self._monotonic())
        if judged is not None:
            self._unsettled.append(judged)
        if not any(one.rows for one in self._queues.values()):
            await self._settle()

    async def _keep_up(self, queue: LaneQueue) -> None:
        """What is done while a batch is under way."""
        if self._monotonic() - self._settled_s >= SETTLE_S:
            await self._settle()
        if len(queue.rows) <= 2 * BATCH and queue.has_more:
            await self._look(queue)

    async def _settle(self) -> None:
        """Make the answers at hand durable, in one transaction."""
        judged, self._unsettled = self._unsettled, []
        self._settled_s = self._monotonic()
        if not judged:
            return
        try:
            await self._ledger.write(partial(_note, judged, self._name, self._now()))
        except BaseException:
            # What was decided is lost: begin again where the file says.
            for queue in self._queues.values():
                queue.forget(reached=None)
            raise


def _note(judged: Sequence[Judged], transport: str, at: datetime, tx: Connection) -> None:
    """Quarantine what was refused, then move the positions behind the last answered rows."""
    for part in judged:
        for row, result in part.refused:
            outbox.quarantine(tx, row, transport, result.code, result.reason, at)
        if part.stale:
            outbox.count_stale(tx, part.stale, transport)
        outbox.acknowledge(tx, part.up_to_seq, transport, part.lane)
