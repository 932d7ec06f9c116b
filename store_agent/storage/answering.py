"""Carrying results from a storage thread back to the event loop, many with one wake-up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, NamedTuple


class Outcome(NamedTuple):
    """What became of one job: a value, or the error its caller gets."""

    future: asyncio.Future[Any]
    value: Any = None
    error: BaseException | None = None


def answer(outcomes: Iterable[Outcome]) -> None:
    """Resolve the futures on their loop. A caller that has gone away is no error."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Outcome]] = {}
    for outcome in outcomes:
        by_loop.setdefault(outcome.future.get_loop(), []).append(outcome)
    for loop, batch in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, batch)
        except RuntimeError:  # the loop was closed while the job ran: nobody waits any more
            continue


def _resolve(batch: list[Outcome]) -> None:
    for future, value, error in batch:
        if future.done():  # cancelled by its caller
            continue
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error)
