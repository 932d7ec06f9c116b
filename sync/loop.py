"""The only place of this part that sleeps: a step is repeated, paused or hurried here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from sync.backoff import Backoff
from sync.errors import PostponedError, TransportError, UnreachableError
from sync.status import StatusBoard

log = logging.getLogger(__name__)

Step = Callable[[], Awaitable[bool]]

LOCAL_RETRY_S = 5.0  # after a fault on this box, which no jitter helps and no platform feels
PAUSED_REFRESH_S = 0.5  # how often news is taken in during a pause


@dataclass(frozen=True, slots=True)
class Task:
    """What a loop does: `step` returns whether it found work; `while_paused` takes in news.

    `rest_s` is asked after a step without work: how long to rest, in seconds.
    """

    name: str
    step: Step
    rest_s: Callable[[], float]
    while_paused: Callable[[], Awaitable[None]] | None = None


class Line:
    """The loops that speak to one other end. While it is silent, one of them tries for all.

    Two that try would knock twice as often at a platform that has a whole fleet at its door.
    """

    def __init__(self) -> None:
        """Nobody has joined, and nothing is known to be wrong."""
        self.loops: list[Loop] = []
        self._trying: Loop | None = None

    def is_tried_by(self, loop: Loop) -> bool:
        """Hear that `loop` reached nobody; whether it is the one to try again."""
        self._trying = self._trying or loop
        return self._trying is loop

    def lost_interest(self, loop: Loop) -> None:
        """`loop` got an answer of any kind, or cannot try now: the others are on their own."""
        if self._trying is loop:
            self.is_back()

    def is_back(self) -> None:
        """Somebody reached the other end: all go on."""
        self._trying = None
        for loop in self.loops:
            loop.line_is_back()


class Loop:
    """Runs a task's step until cancelled.

    After work it runs again at once, else after `rest_s()` or a `wake()`. A failed exchange pauses
    as the back-off says, or until the line is back if another loop of the line already tries for
    all. `line_is_back()` ends a pause that a dead line caused, and no other. A `wake()` during a
    pause only runs `while_paused`.
    """

    def __init__(
        self,
        task: Task,
        line: Line,
        backoff: Backoff,
        board: StatusBoard,
        monotonic: Callable[[], float],
    ) -> None:
        """Join `line`. `board` is told of failures; successes are the step's to tell."""
        self._task = task
        self._line = line
        line.loops.append(self)
        self._backoff = backoff
        self._board = board
        self._monotonic = monotonic
        self._woken = asyncio.Event()
        self._waits_for_line = False
        self._own_fault: str | None = None

    def wake(self) -> None:
        """There is new work."""
        self._woken.set()

    def line_is_back(self) -> None:
        """Somebody else just reached the platform."""
        if self._waits_for_line:
            self._waits_for_line = False
            self._woken.set()

    async def run(self) -> None:
        """Step, rest, repeat."""
        while True:
            self._woken.clear()
            try:
                found_work = await self._task.step()
            except TransportError as error:
                await self._rest_after(error)
            except Exception as error:  # noqa: BLE001 - shown and logged by _show_own_fault
                # A full disk or a closed store must not end sync: it shows in the status until a
                # step succeeds again.
                self._show_own_fault(error)
                self._line.lost_interest(self)
                await self._pause(LOCAL_RETRY_S)
            else:
                self._show_own_fault(None)
                self._line.lost_interest(self)
                if not found_work:
                    await self._idle()

    async def _idle(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), self._task.rest_s())

    async def _rest_after(self, error: TransportError) -> None:
        if not isinstance(error, PostponedError):
            self._board.failed(self._task.name, error)
        pause_s: float | None = self._backoff.failed(self._monotonic(), error.retry_after_s)
        self._waits_for_line = isinstance(error, UnreachableError)
        if not self._waits_for_line:
            self._line.lost_interest(self)
        elif not self._line.is_tried_by(self):
            pause_s = None
        await self._pause(pause_s)
        self._waits_for_line = False

    async def _pause(self, pause_s: float | None) -> None:
        """Rest `pause_s` (None: without end), or less if the line was waited for and comes back."""
        waited_for_line = self._waits_for_line
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                while True:
                    await self._woken.wait()
                    if waited_for_line and not self._waits_for_line:
                        return
                    self._woken.clear()
                    await self._take_in_news()
                    await asyncio.sleep(PAUSED_REFRESH_S)

    async def _take_in_news(self) -> None:
        if self._task.while_paused is None:
            return
        try:
            await self._task.while_paused()
        except Exception as error:  # noqa: BLE001 - as in `run`
            self._show_own_fault(error)

    def _show_own_fault(self, error: Exception | None) -> None:
        """Show the fault and log it once; None = all is well again."""
        fault = None if error is None else f"{self._task.name}: {type(error).__name__}"
        if fault == self._own_fault:
            return
        self._own_fault = fault
        self._board.change(fault=fault)
        if error is not None:
            log.error(
                "sync is held up on this box", exc_info=error, extra={"loop": self._task.name}
            )
