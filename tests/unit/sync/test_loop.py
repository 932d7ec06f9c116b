"""Loops that share a line: while it is dead, one of them tries for all."""

import asyncio
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from sync.errors import PostponedError, TransportError, UnreachableError
from sync.loop import Line, Loop, Task
from sync.status import StatusBoard

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
PAUSE_S = 0.01


class Hurried:
    """A back-off that hardly waits."""

    def failed(self, at_s: float, retry_after_s: float | None = None) -> float:
        return PAUSE_S if retry_after_s is None else retry_after_s


class Step:
    """A loop's work: fails as `error` says, else succeeds and has nothing more to do."""

    def __init__(self, line: Line, error: Exception | None) -> None:
        self.error, self.line, self.tries = error, line, 0
        self.tells_when_it_works = True

    async def __call__(self) -> bool:
        self.tries += 1
        if self.error is not None:
            raise self.error
        if self.tells_when_it_works:
            self.line.is_back()
        return False


@asynccontextmanager
async def two_loops(first: Exception | None, second: Exception | None):
    line, board = Line(), StatusBoard(lambda: AT)
    steps = [Step(line, first), Step(line, second)]
    loops = [
        Loop(Task(name, step, lambda: 0.02), line, Hurried(), board, time.monotonic)
        for name, step in zip(("pull", "push"), steps, strict=True)
    ]
    tasks = [asyncio.create_task(loop.run()) for loop in loops]
    try:
        yield steps
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(condition) -> None:
    async with asyncio.timeout(2):
        while not condition():
            await asyncio.sleep(0.002)


@pytest.mark.asyncio
async def test_at_a_dead_line_one_of_two_loops_tries():
    dead = UnreachableError("cut")
    async with two_loops(dead, dead) as (first, second):
        await until(lambda: first.tries + second.tries >= 12)
        assert min(first.tries, second.tries) == 1


@pytest.mark.asyncio
async def test_when_the_line_is_back_the_other_loop_goes_on_at_once():
    dead = UnreachableError("cut")
    async with two_loops(dead, dead) as steps:
        await until(lambda: sum(step.tries for step in steps) >= 5)
        waiting = min(steps, key=lambda step: step.tries)
        for step in steps:
            step.error = None
        await until(lambda: waiting.tries >= 2)


@pytest.mark.asyncio
async def test_a_platform_that_asks_one_loop_for_patience_is_reached_so_the_other_tries():
    dead = UnreachableError("cut")
    async with two_loops(dead, dead) as steps:
        await until(lambda: sum(step.tries for step in steps) >= 5)
        waiting, trying = sorted(steps, key=lambda step: step.tries)
        trying.error = PostponedError("busy", retry_after_s=3600)
        await until(lambda: waiting.tries >= 3)


@pytest.mark.asyncio
async def test_a_loop_that_this_box_keeps_from_trying_lets_the_other_one_try(monkeypatch):
    monkeypatch.setattr("sync.loop.LOCAL_RETRY_S", 3600)
    dead = UnreachableError("cut")
    async with two_loops(dead, dead) as steps:
        await until(lambda: sum(step.tries for step in steps) >= 5)
        waiting, trying = sorted(steps, key=lambda step: step.tries)
        trying.error = OSError("the disk is full")
        await until(lambda: waiting.tries >= 3)


@pytest.mark.asyncio
async def test_a_loop_that_has_nothing_to_try_with_any_more_lets_the_other_one_try():
    dead = UnreachableError("cut")
    async with two_loops(dead, dead) as steps:
        await until(lambda: sum(step.tries for step in steps) >= 5)
        waiting, trying = sorted(steps, key=lambda step: step.tries)
        trying.error, trying.tells_when_it_works = None, False
        await until(lambda: waiting.tries >= 3)


@pytest.mark.asyncio
async def test_a_refusal_is_no_dead_line_and_each_loop_keeps_its_own_pause():
    async with two_loops(TransportError("no"), TransportError("no")) as (first, second):
        await until(lambda: min(first.tries, second.tries) >= 4)
