"""A shop behind a line that mistreats it, and what the platform must end with.

One `Trial` is one seeded schedule: which events of which customers are written when, what happens
to each exchange, and when the agent loses its position, is killed and starts again.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import httpx

from sync import outbox
from sync.fakes import MemoryCache, PlainLedger
from sync.outbox import Lane, OutboxEvent
from sync.transports.http import HttpLine
from sync.transports.platform_http import PlatformHttpTransport
from sync.worker import Delivery, Ends, SyncWorker
from tests.chaos_proxy import ChaosProxy, Mishap

TOKEN = "platform-token"
AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # made once: reading certificates takes 30 ms
WINDOW_S = 0.01
DEADLINE_S = 0.25
PATIENCE_S = 60.0  # a trial takes a second; one that takes a minute is stuck, on any machine
CUSTOMERS = ("anna", "bert", None)
MAX_MISHAPS = 30  # after that the line is good: whatever the schedule, it ends

Make = Callable[[HttpLine, str], PlatformHttpTransport]


class ChaosClock:
    """Wall time stands still; monotonic time runs."""

    def now(self) -> datetime:
        return AT

    def monotonic(self) -> float:
        return time.monotonic()


@contextmanager
def hurried(monkeypatch) -> Iterator[None]:
    """Pauses and deadlines of milliseconds, so that thousands of schedules are affordable."""
    for name, value in (
        ("sync.backoff.MIN_WINDOW_S", WINDOW_S),
        ("sync.backoff.MIN_PAUSE_S", WINDOW_S),
        ("sync.transports.platform_http.DEADLINE_S", DEADLINE_S),
        ("sync.transports.http.IDLE_TIMEOUT_S", DEADLINE_S),
        ("sync.loop.PAUSED_REFRESH_S", WINDOW_S),
    ):
        monkeypatch.setattr(name, value)
    yield


@dataclass(slots=True)
class Trial:
    """One schedule. `transport` may be a known-bad one."""

    seed: int
    folder: Path
    upstream: tuple[str, int]
    accepted: Callable[[str], Awaitable[list[str]]]  # the ids the platform took, in order
    transport: Make = field(default=lambda line, store: PlatformHttpTransport(line, store, "e1"))
    ledger_type: type[PlainLedger] = PlainLedger
    written: dict[str, tuple[str | None, Lane]] = field(default_factory=dict)
    mishaps: list[Mishap] = field(default_factory=list)
    seen: set[Mishap] = field(default_factory=set)

    @property
    def store(self) -> str:
        """Every trial is a shop of its own at the one platform."""
        return f"shop-{self.seed}"

    async def run(self) -> list[str]:
        """Play it to the end; the faults found, in words."""
        dice = Random(self.seed)
        weights = [dice.random() ** 2 for _ in Mishap]
        self.mishaps = dice.choices(list(Mishap), weights, k=dice.randrange(3, MAX_MISHAPS))
        proxy = ChaosProxy(self.upstream, self._next_mishap, 0.005, 2 * DEADLINE_S)
        async with proxy.serving() as url:
            rounds = dice.randrange(1, 5)
            for number in range(rounds):
                await self._live(url, dice, is_last=number == rounds - 1)
        self.seen = set(proxy.seen)
        return self._faults(await self.accepted(self.store))

    def _next_mishap(self) -> Mishap:
        return self.mishaps.pop() if self.mishaps else Mishap.NONE

    async def _live(self, url: str, dice: Random, *, is_last: bool) -> None:
        """One life of the agent's process: from start to kill -9, or until all is delivered."""
        ledger = self.ledger_type(self.folder / f"{self.store}.db")
        wire = httpx.AsyncHTTPTransport(verify=NO_TLS)
        line = HttpLine(url, TOKEN, ChaosClock().now, wire)
        delivery = Delivery(outbox.PLATFORM, self.transport(line, self.store), from_start=True)
        ends = Ends((delivery,), None, ledger, MemoryCache())
        worker = SyncWorker(ends, ChaosClock(), Random(self.seed), WINDOW_S)
        if dice.random() < 0.3:
            ledger.transact(_forget_position)
        task = asyncio.create_task(worker.run())
        try:
            for _ in range(dice.randrange(1, 6)):
                self._write(ledger, dice)
                worker.nudge()
                await asyncio.sleep(dice.random() * 0.02)
            if is_last:
                await _until(lambda: outbox.backlog(ledger.connection).count == 0)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            ledger.close()

    def _write(self, ledger: PlainLedger, dice: Random) -> None:
        def business(tx: outbox.Connection) -> None:
            for _ in range(dice.randrange(1, 9)):
                event_id = f"{self.store}-{len(self.written):04}"
                customer, lane = dice.choice(CUSTOMERS), dice.choice(list(Lane))
                self.written[event_id] = (customer, lane)
                event = OutboxEvent(event_id, "t", AT, b'{"n": 1}', customer, lane)
                outbox.put(tx, event)

        ledger.transact(business)

    def _faults(self, accepted: list[str]) -> list[str]:
        faults = [f"{one} never came" for one in self.written if one not in set(accepted)]
        if len(set(accepted)) != len(accepted):
            faults.append("an event counts twice")
        for owner in [*CUSTOMERS[:-1], *((None, lane) for lane in Lane)]:
            mine = [one for one in accepted if owner in self._owners(one)]
            if mine != sorted(mine):
                faults.append(f"the events of {owner} are out of order")
        return faults

    def _owners(self, event_id: str) -> tuple[object, ...]:
        """Whose order an event is part of: a customer's, or its lane's when it names nobody."""
        customer, lane = self.written.get(event_id, (None, Lane.ORDINARY))
        return (customer,) if customer else ((None, lane),)


async def play(trials: list[Trial], at_once: int) -> dict[int, list[str]]:
    """All trials, `at_once` of them side by side; the faults by seed."""
    gate = asyncio.Semaphore(at_once)
    found: dict[int, list[str]] = {}

    async def one(trial: Trial) -> None:
        async with gate:
            try:
                faults = await trial.run()
            except TimeoutError:
                faults = ["the events were not delivered in time"]
            if faults:
                found[trial.seed] = faults

    async with asyncio.TaskGroup() as group:
        for trial in trials:
            group.create_task(one(trial))
    return found


def _forget_position(tx: outbox.Connection) -> None:
    """The position is lost: all that is still stored is sent again."""
    tx.execute("UPDATE outbox_cursors SET seq = 0, passed = 0")
    outbox.enrol(tx, {outbox.PLATFORM: True})


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.005)
