"""The table of what runs when.

Loops run on the monotonic clock and do not care what the wall clock says. Calendar jobs belong to
a time of day in the store's zone; a jump of the clock may skip or repeat one, so each is safe to
repeat and a missed one is not made up for in a burst.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from store_agent.checkout.upkeep import Upkeep
from store_agent.clienteling import Clienteling
from store_agent.clock import Clock
from store_agent.config import Settings
from store_agent.domain.errors import Unavailable
from store_agent.storage import Connection, Storage, answers, once_codes, sessions

VISIT_SWEEP_S = 30.0
OUTBOX_S = 10.0
RIGHTS_S = 10.0
DISK_S = 10.0
CATCH_UP_S = 2.0
# A till retries within minutes; the hook promises 30 days for sales.
ANSWERS_KEPT = timedelta(days=30)
# A rotating code lives 30 s; a day covers every clock the shop may have.
CODES_KEPT = timedelta(days=1)

Work = Callable[[], Awaitable[object]]
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Loop:
    """Runs `work` every `every_s` seconds of monotonic time."""

    name: str
    every_s: float
    work: Work


@dataclass(frozen=True, slots=True)
class CalendarJob:
    """Runs `work` once a day at `hour`:`minute` store time."""

    name: str
    hour: int
    minute: int
    work: Work


def loops(
    settings: Settings,
    storage: Storage,
    clienteling: Clienteling,
    upkeep: Upkeep,
    keep_outbox: Work,
) -> tuple[Loop, ...]:
    """What runs on monotonic time."""
    idle = timedelta(minutes=settings.visits.idle_minutes)

    return (
        Loop("end idle visits", VISIT_SWEEP_S, lambda: clienteling.end_idle_visits(idle)),
        Loop("look after the outbox", OUTBOX_S, keep_outbox),
        Loop("look after rights", RIGHTS_S, upkeep.take_news),
        Loop("watch the disk", DISK_S, storage.watch_space),
        Loop("record what was only shown", CATCH_UP_S, clienteling.catch_up),
    )


def calendar(storage: Storage, clock: Clock, release_strangers: Work) -> tuple[CalendarJob, ...]:
    """What runs by the calendar. `release_strangers` lets go of profiles that were looked up."""

    async def retention() -> None:
        now = clock.now()

        def forget(tx: Connection) -> None:
            answers.forget_before(tx, now - ANSWERS_KEPT)
            once_codes.forget_before(tx, now - CODES_KEPT)
            sessions.forget_before(tx, now)

        await storage.write(forget)

    return (
        CalendarJob("profiles looked up", 3, 20, release_strangers),
        CalendarJob("retention", 3, 30, retention),
    )


async def run(table: Sequence[Loop], dated: Sequence[CalendarJob], zone: str) -> None:
    """Run all of it until cancelled."""
    scheduler = AsyncIOScheduler(timezone=zone)
    for job in dated:
        scheduler.add_job(
            _guarded,
            CronTrigger(hour=job.hour, minute=job.minute, timezone=zone),
            args=(job.name, job.work),
            id=job.name,
            coalesce=True,  # a clock that jumped years forward runs it once
            max_instances=1,
            misfire_grace_time=None,
        )
    scheduler.start()
    try:
        async with asyncio.TaskGroup() as group:
            for loop in table:
                group.create_task(_repeat(loop), name=loop.name)
    finally:
        scheduler.shutdown(wait=False)


async def _repeat(loop: Loop) -> None:
    while True:
        await asyncio.sleep(loop.every_s)
        await _guarded(loop.name, loop.work)


async def _guarded(name: str, work: Work) -> None:
    """A full disk today must not end the loop; the next round tries again."""
    try:
        await work()
    except Unavailable as error:
        log.warning("job put off", job=name, reason=str(error))
