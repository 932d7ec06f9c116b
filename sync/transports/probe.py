"""Is a receiver there, does it know this shop, and what time is it there? For an installer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

from sync.errors import TransportError
from sync.transports.http import HttpLine, told_time

DEADLINE_S = 5.0
REFUSALS = (401, 403)


class Reach(Enum):
    """How far a question came."""

    NOWHERE = auto()  # no usable answer: the line, or the address
    REFUSED = auto()  # it answers, and does not take this shop
    THERE = auto()


@dataclass(frozen=True, slots=True)
class Probe:
    """What a question showed. `clock_offset_s` is the receiver's clock minus the box's."""

    reach: Reach
    seen: str
    remedy: str = ""
    clock_offset_s: float | None = None


async def ask(
    line: HttpLine,
    now: Callable[[], datetime],
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    **rest: Any,
) -> Probe:
    """One harmless request; the line is closed afterwards."""
    try:
        answer = await line.request(
            method, url, headers=dict(headers or {}), deadline_s=DEADLINE_S, **rest
        )
    except TransportError as error:
        return Probe(Reach.NOWHERE, str(error), error.hint or "Check the line and the address.")
    finally:
        await line.close()
    told = told_time(None, answer.headers)
    offset_s = None if told is None else (told - now()).total_seconds()
    if answer.status in REFUSALS:
        refusal = line.refuse(answer.status, answer.headers)
        return Probe(Reach.REFUSED, str(refusal), refusal.hint, offset_s)
    return Probe(Reach.THERE, f"answers ({answer.status})", "", offset_s)
