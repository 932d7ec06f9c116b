"""Draining the outbox into one transport: a step sends one batch and notes what became of it.

The urgent lane goes first. One batch is under way at a time, so that order holds in each lane.
While it is, the answers to the one before are made durable and the next one is read. A crash at
any point only sends a batch again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from random import Random

from sync import outbox
from sync.backoff import Backoff
from sync.delivery import Ages, Delivery
from sync.outbox import Connection, Lane, OutboxRow
from sync.ports import Clock, Ledger
from sync.status import StatusBoard
from sync.transports.base import EventResult

BATCH = 500
MAX_HEAD_REFUSALS = 8  # "not now" for the same event this often in a row counts as "never"
SETTLE_S = 0.2  # answers wait this long for their place in the file while a backlog drains
REFRESH_S = 0.5  # how fresh the shown backlog is while events flow
IDLE_S = 30.0  # looks into the outbox by itself, should a nudge ever get lost


@dataclass(frozen=True, slots=True)
class _Batch:
    """Rows of one lane that follow each other; those in `stale` are passed over."""

    lane: Lane
    rows: Sequence[OutboxRow]
    stale: frozenset[int] = frozenset()

    @property
    def fresh(self) -> Sequence[OutboxRow]:
        """What is to be sent."""
        if not self.stale:
            return self.rows
        return [row for row in self.rows if row.seq not in self.stale]

    def behind(self, done: int) -> _Batch:
        """What is left after the first `done` rows."""
        return _Batch(self.lane, self.rows[done:], self.stale)

    def count_stale(self, done: int) -> int:
        """How many of the first `done` rows were passed over."""
        return sum(row.seq in self.stale for row in self.rows[:done]) if self.stale else 0


@dataclass(frozen=True, slots=True)
class _Judged:
    """What is decided and not yet durable: the lane is done up to `up_to_seq`."""

    lane: Lane
    up_to_seq: int
    refused: Sequence[tuple[OutboxRow, EventResult]]
    stale: int


class _Deferral:
    """A lane whose next event the transport wants later."""

    def __init__(self, random: Random) -> None:
        self._backoff = Backoff(random)
        self._event_id: str | None = None
        self._times = 0
        self.until_s = float("-inf")

    def begin(self, row: OutboxRow, at_s: float) -> None:
        self._times = self._times + 1 if row.id == self._event_id else 1
        self._event_id = row.id
        self.until_s = at_s + self._backoff.failed(at_s)

    def is_worn_out(self, row: OutboxRow) -> bool:
        return row.id == self._event_id and self._times >= MAX_HEAD_REFUSALS

    def announce(self, window_s: float) -> None:
        self._backoff.announce(window_s)


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
        self._ledger = ledger
        self._board = board
        self._now = clock.now
        self._monotonic = clock.monotonic
        self._exchanged = exchanged
        self._ages = ages
        self._heard = heard
        self._refreshed_s = float("-inf")
        self._reached: dict[Lane, int] = {}  # decided up to here; ahead of what is durable
        self._kept: dict[Lane, _Batch] = {}  # read and not yet sent
        self._has_looked = False
        self._unsettled: list[_Judged] = []
        self._settled_s = float("-inf")
        self._deferrals = {lane: _Deferral(random) for lane in Lane}

    async def step(self) -> bool:
        """Send the next batch; whether there was any. Raises TransportError."""
        if Lane.URGENT not in self._kept and not (self._has_looked and self._kept):
            await self._look()
        self._has_looked = False
        batch = self._take()
        if batch is None:
            self._board.rests(self._name)
            await self.refresh()
            return False
        await self._deliver(batch)
        if self._monotonic() - self._refreshed_s >= REFRESH_S:
            await self.refresh()
        return True

    async def refresh(self) -> None:
        """Show the backlog as it is now."""
        self._refreshed_s = self._monotonic()
        waiting = await self._ledger.read(partial(outbox.backlog, transport=self._name))
        self._board.show(self._name, waiting)

    def rest_s(self) -> float:
        """How long there is nothing to do unless something new comes, in seconds."""
        at_s = self._monotonic()
        waits = [d.until_s - at_s for d in self._deferrals.values() if d.until_s > at_s]
        return min(waits, default=IDLE_S)

    def announce(self, window_s: float) -> None:
        """The reconnect window holds for a lane that is wanted later, too."""
        for deferral in self._deferrals.values():
            deferral.announce(window_s)

    def _take(self) -> _Batch | None:
        for lane in Lane:
            if lane in self._kept and not self._is_deferred(lane):
                return self._kept.pop(lane)
        return None

    def _is_deferred(self, lane: Lane) -> bool:
        return self._deferrals[lane].until_s > self._monotonic()

    async def _look(self, under_way: _Batch | None = None) -> None:
        """Read the next batch: of the urgent lane, or else of the other one."""
        reached = dict(self._reached)
        if under_way is not None:
            reached[under_way.lane] = under_way.rows[-1].seq
        lanes = [lane for lane in Lane if lane not in self._kept and not self._is_deferred(lane)]
        batch = await self._ledger.read(partial(self._read, lanes=lanes, reached=reached))
        if batch is not None:
            self._kept[batch.lane] = batch

    def _read(
        self, conn: Connection, lanes: Sequence[Lane], reached: dict[Lane, int]
    ) -> _Batch | None:
        for lane in lanes:
            rows = outbox.page(conn, self._name, lane, BATCH, after_seq=reached.get(lane))
            if rows:
                return _Batch(lane, rows, self._delivery.stale.among(rows, conn, self._ages))
        return None

    async def _deliver(self, batch: _Batch) -> None:
        meanwhile = asyncio.create_task(self._settle_and_look_behind(batch))
        fresh = batch.fresh
        results: Sequence[EventResult] | None = None
        try:
            results = await self._send(fresh) if fresh else []
        finally:
            await meanwhile
            if results is None:
                self._kept.pop(batch.lane, None)  # what was read ahead is not next after all
        if fresh:
            self._exchanged(self._transport.reconnect_window_s)
        self._judge(batch, results)
        if not self._kept:
            await self._settle()

    async def _send(self, rows: Sequence[OutboxRow]) -> Sequence[EventResult]:
        results = await self._transport.send(rows)
        if self._heard is not None:
            self._heard(self._transport.server_time)
        return results

    async def _settle_and_look_behind(self, batch: _Batch) -> None:
        if self._monotonic() - self._settled_s >= SETTLE_S:
            await self._settle()
        if len(batch.rows) >= BATCH:
            await self._look(batch)
            self._has_looked = True

    def _judge(self, batch: _Batch, results: Sequence[EventResult]) -> None:
        """Keep what is decided; give up order nowhere: stop at an event wanted later."""
        deferral = self._deferrals[batch.lane]
        done, refused, is_wanted_later = _read_answers(batch, results, deferral)
        if done:
            up_to, stale = batch.rows[done - 1].seq, batch.count_stale(done)
            self._reached[batch.lane] = up_to
            self._unsettled.append(_Judged(batch.lane, up_to, refused, stale))
        if done == len(batch.rows):
            return
        self._kept.pop(batch.lane, None)  # what was read ahead is not next after all
        if is_wanted_later and done == 0:
            deferral.begin(batch.rows[0], self._monotonic())
        else:
            self._kept[batch.lane] = batch.behind(done)

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
            self._reached.clear()
            self._kept.clear()
            raise


def _read_answers(
    batch: _Batch, results: Sequence[EventResult], deferral: _Deferral
) -> tuple[int, list[tuple[OutboxRow, EventResult]], bool]:
    """How many rows are decided, which of them are refused, and whether the next is wanted later.

    A row that is passed over is decided without an answer.
    """
    answers = iter(results)
    refused: list[tuple[OutboxRow, EventResult]] = []
    for done, row in enumerate(batch.rows):
        if row.seq in batch.stale:
            continue
        result = next(answers, None)
        if result is None:
            return done, refused, False
        if not result.delivered:
            if not (result.permanent or deferral.is_worn_out(row)):
                return done, refused, True
            refused.append((row, result))
    return len(batch.rows), refused, False


def _note(judged: Sequence[_Judged], transport: str, at: datetime, tx: Connection) -> None:
    """Quarantine what was refused, then move the positions behind the last answered rows."""
    for part in judged:
        for row, result in part.refused:
            outbox.quarantine(tx, row, transport, result.code, result.reason, at)
        if part.stale:
            outbox.count_stale(tx, part.stale, transport)
        outbox.acknowledge(tx, part.up_to_seq, transport, part.lane)
