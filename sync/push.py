"""Draining the outbox: one step sends one batch and notes what became of it.

One batch is under way at a time, so that order holds. While it is, the answers to the one before
are made durable and the next one is read. A crash at any point only sends a batch again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from sync import outbox
from sync.errors import PostponedError
from sync.outbox import Connection, OutboxRow
from sync.ports import Clock, Ledger
from sync.status import StatusBoard
from sync.transports.base import EventResult, Transport

NAME = "push"
BATCH = 500
PURGE_ROWS = 1000  # delivered rows per deleting transaction; fewer than this stay in the file
MAX_HEAD_REFUSALS = 8  # "not now" for the same event this often in a row counts as "never"
REFRESH_S = 0.5  # how fresh the shown backlog is while events flow

Answers = Sequence[tuple[OutboxRow, EventResult]]


class Pusher:
    """The body of the push loop."""

    def __init__(
        self,
        transport: Transport,
        ledger: Ledger,
        board: StatusBoard,
        clock: Clock,
        exchanged: Callable[[float | None], None],
    ) -> None:
        """`exchanged` hears of every success, with the announced reconnect window."""
        self._transport = transport
        self._ledger = ledger
        self._board = board
        self._now = clock.now
        self._monotonic = clock.monotonic
        self._exchanged = exchanged
        self._refreshed_s = float("-inf")
        self._ahead: Sequence[OutboxRow] = ()
        self._unsettled: Answers = ()
        self._deferred_id: str | None = None
        self._deferrals = 0

    async def step(self) -> bool:
        """Send the next batch; whether there was any. Raises TransportError."""
        rows, self._ahead = self._ahead or await self._ledger.read(_next_batch), ()
        if not rows:
            self._board.rests(NAME)
            await self.refresh()
            return await self._purge()
        meanwhile = asyncio.create_task(self._settle_and_read_behind(rows))
        try:
            results = await self._transport.send(rows)
        finally:
            behind = await meanwhile
        self._exchanged(self._transport.reconnect_window_s)
        self._ahead = rows[len(results) :] or behind
        await self._judge(list(zip(rows, results, strict=False)))
        if self._monotonic() - self._refreshed_s >= REFRESH_S:
            await self.refresh()
        return True

    async def refresh(self) -> None:
        """Show the backlog as it is now."""
        self._refreshed_s = self._monotonic()
        waiting, refused = await self._ledger.read(_counts)
        self._board.change(backlog=waiting.count, oldest_at=waiting.oldest_at, quarantined=refused)

    async def _settle_and_read_behind(self, rows: Sequence[OutboxRow]) -> Sequence[OutboxRow]:
        await self._settle()
        if len(rows) < BATCH:
            return ()
        return await self._ledger.read(partial(outbox.page, after_seq=rows[-1].seq, limit=BATCH))

    async def _judge(self, answers: Answers) -> None:
        """Keep what is decided; give up order nowhere: stop at an event wanted later."""
        done = 0
        for row, result in answers:
            if not (result.delivered or result.permanent or self._is_worn_out(row)):
                break
            done += 1
        self._unsettled = answers[:done]
        if done < len(answers):
            self._ahead = ()
        if not self._ahead:
            await self._settle()
        if done == 0:
            self._count_deferral(answers[0][0])
            raise PostponedError("the platform wants the next event later")

    async def _settle(self) -> None:
        """Make the answers at hand durable, in one transaction."""
        answers, self._unsettled = self._unsettled, ()
        if answers:
            await self._ledger.write(partial(_note, answers, self._now()))

    def _count_deferral(self, row: OutboxRow) -> None:
        self._deferrals = self._deferrals + 1 if row.id == self._deferred_id else 1
        self._deferred_id = row.id

    def _is_worn_out(self, row: OutboxRow) -> bool:
        return row.id == self._deferred_id and self._deferrals >= MAX_HEAD_REFUSALS

    async def _purge(self) -> bool:
        if await self._ledger.read(outbox.purgeable) < PURGE_ROWS:
            return False
        return await self._ledger.write(partial(outbox.purge, limit=PURGE_ROWS)) > 0


def _next_batch(conn: Connection) -> list[OutboxRow]:
    return outbox.page(conn, outbox.position(conn), BATCH)


def _counts(conn: Connection) -> tuple[outbox.Backlog, int]:
    return outbox.backlog(conn), outbox.quarantine_count(conn)


def _note(answers: Sequence[tuple[OutboxRow, EventResult]], at: datetime, tx: Connection) -> None:
    """Quarantine what was refused, then move the position behind the last answered row."""
    for row, result in answers:
        if not result.delivered:
            outbox.quarantine(tx, row, result.code, result.reason, at)
    outbox.acknowledge(tx, answers[-1][0].seq)
