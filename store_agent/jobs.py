"""The table of what runs when.

Loops run on the monotonic clock and do not care what the wall clock says. Calendar jobs belong to
a time of day in the store's zone; a jump of the clock may skip or repeat one, so each is safe to
repeat, a missed one is not made up for in a burst, and none waits for a clock that was set back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.schedulers.base import BaseScheduler
from apscheduler.triggers.cron import CronTrigger

from store_agent.checkout.upkeep import Upkeep
from store_agent.clienteling import Clienteling
from store_agent.clock import Clock, is_plausible
from store_agent.config import Settings, StoreSettings
from store_agent.domain.errors import Unavailable
from store_agent.storage import Connection, Storage, answers, learned, meta, once_codes, sessions

VISIT_SWEEP_S = 30.0
OUTBOX_S = 10.0
RIGHTS_S = 10.0
DISK_S = 10.0
CATCH_UP_S = 2.0
# A till retries within minutes; the hook promises 30 days for sales.
ANSWERS_KEPT = timedelta(days=30)
# A rotating code lives 30 s; a day covers every clock the shop may have.
CODES_KEPT = timedelta(days=1)
# By so much the time by which things are forgotten moves on in one run at most: a clock that
# jumped years ahead by mistake must not empty the ledger.
FORGETTING_STEP = timedelta(days=2)
FORGOTTEN_UNTIL = "forgotten_until"
CLOCK_S = 60.0
DAY = timedelta(days=1)

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
    """Runs `work` once a day at `hour`:`minute` store time, or on one `weekday` ("sun") only."""

    name: str
    hour: int
    minute: int
    work: Work
    weekday: str = "*"


class CalendarTrigger(CronTrigger):  # type: ignore[misc]  # APScheduler has no types
    """A cron trigger that does not count years of missed runs when the clock is set ahead.

    APScheduler asks for each of them, one after the other: from 1970 to now takes seconds.
    """

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        """The next time to run, aware, in the store's zone."""
        if previous is not None and now - previous > DAY:
            previous = None
        found: datetime | None = super().get_next_fire_time(previous, now)
        return found


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


def calendar(
    storage: Storage, clock: Clock, store: StoreSettings, release_strangers: Work
) -> tuple[CalendarJob, ...]:
    """What runs by the calendar. `release_strangers` lets go of profiles that were looked up."""
    zone = ZoneInfo(store.zone)

    async def retention() -> None:
        now = clock.now()

        def forget(tx: Connection) -> None:
            mark = meta.get_time(tx, FORGOTTEN_UNTIL)
            until = forget_until(mark, now)
            if until is None:
                return
            meta.put_time(tx, FORGOTTEN_UNTIL, until)
            if mark is None:
                return  # the next run will know whether this clock stays
            answers.forget_before(tx, until - ANSWERS_KEPT)
            once_codes.forget_before(tx, until - CODES_KEPT)
            sessions.forget_before(tx, until)

        await storage.write(forget, is_upkeep=True)

    async def learn() -> None:
        today = clock.now().astimezone(zone).date()
        found = await storage.read(
            lambda view: learned.peers(view.cache, store.currency, zone, today), is_long=True
        )
        await storage.write(lambda tx: learned.keep(tx, found.thresholds), is_upkeep=True)

    return (
        CalendarJob("profiles looked up", 3, 20, release_strangers),
        CalendarJob("retention", 3, 30, retention),
        CalendarJob("learn when customers are missed", 3, 40, learn),
        CalendarJob("integrity check", 4, 10, storage.check_integrity, weekday="sun"),
    )


def forget_until(mark: datetime | None, now: datetime) -> datetime | None:
    """The time by which things are old enough to be forgotten; None: not by this clock.

    It follows the wall clock, ahead in small steps only and back at once.
    """
    if not is_plausible(now):
        return None
    return now if mark is None else min(now, mark + FORGETTING_STEP)


async def run(table: Sequence[Loop], dated: Sequence[CalendarJob], zone: str, clock: Clock) -> None:
    """Run all of it until cancelled."""
    scheduler = AsyncIOScheduler(timezone=zone)
    for job in dated:
        at = {"hour": job.hour, "minute": job.minute, "day_of_week": job.weekday}
        scheduler.add_job(
            _guarded,
            CalendarTrigger(**at, timezone=zone),
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
            group.create_task(_mind_the_clock(scheduler, clock))
    finally:
        scheduler.shutdown(wait=False)


async def _mind_the_clock(scheduler: BaseScheduler, clock: Clock) -> None:
    while True:
        await asyncio.sleep(CLOCK_S)
        follow_the_clock(scheduler, clock.now())


def follow_the_clock(scheduler: BaseScheduler, now: datetime) -> None:
    """After a clock was set back, no job waits until it reads the old time again."""
    for job in scheduler.get_jobs():
        due = job.trigger.get_next_fire_time(None, now)
        if due is not None and job.next_run_time is not None and job.next_run_time > due:
            job.modify(next_run_time=due)


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
