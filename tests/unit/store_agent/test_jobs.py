"""What runs when, on a box whose clock jumps."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from builders import customer, shop, wallet_pass

from store_agent import briefing, jobs
from store_agent.domain.greeting import Relationship
from store_agent.storage import View, answers, learned

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def a_trigger() -> jobs.CalendarTrigger:
    return jobs.CalendarTrigger(hour=3, minute=30, timezone=BERLIN)


def missed_runs(trigger: jobs.CalendarTrigger, due: datetime, now: datetime) -> int:
    """As APScheduler counts them when it wakes at `now`."""
    count, following = 0, due
    while following <= now:
        count += 1
        following = trigger.get_next_fire_time(following, now)
    return count


@pytest.mark.parametrize("year", [1970, 2016, 2025])
def test_a_clock_that_is_set_years_ahead_means_one_run(year: int) -> None:
    due = a_trigger().get_next_fire_time(None, datetime(year, 1, 1, tzinfo=UTC))
    assert missed_runs(a_trigger(), due, NOW) == 1


@pytest.mark.parametrize("day", [(3, 28), (10, 24)])
def test_the_days_of_summer_time_have_one_run_each(day: tuple[int, int]) -> None:
    at, runs = datetime(2026, *day, tzinfo=BERLIN), []
    for _ in range(4):
        at = a_trigger().get_next_fire_time(at, at)
        runs.append((at.day, at.hour, at.minute))
        at += timedelta(minutes=1)
    assert [hour for _, hour, _ in runs] == [3, 3, 3, 3]
    assert len({number for number, _, _ in runs}) == 4


@pytest.mark.asyncio
async def test_no_job_waits_until_a_clock_that_was_set_back_reads_the_old_time_again() -> None:
    async def nothing() -> None:
        return None

    scheduler = AsyncIOScheduler(timezone=BERLIN)
    scheduler.add_job(nothing, a_trigger(), id="nightly")
    scheduler.start(paused=True)
    (job,) = scheduler.get_jobs()
    job.modify(next_run_time=datetime(2050, 1, 1, 3, 30, tzinfo=BERLIN))
    jobs.follow_the_clock(scheduler, NOW)
    (job,) = scheduler.get_jobs()
    assert job.next_run_time == datetime(2026, 11, 22, 3, 30, tzinfo=BERLIN)
    jobs.follow_the_clock(scheduler, NOW + timedelta(minutes=1))
    assert scheduler.get_jobs()[0].next_run_time == job.next_run_time
    scheduler.shutdown(wait=False)
    await asyncio.sleep(0)


def test_what_is_forgotten_follows_the_clock_ahead_in_small_steps_only() -> None:
    step = jobs.FORGETTING_STEP
    assert jobs.forget_until(NOW, NOW + timedelta(days=1)) == NOW + timedelta(days=1)
    assert jobs.forget_until(NOW, NOW + timedelta(days=3650)) == NOW + step
    assert jobs.forget_until(NOW, NOW - timedelta(days=9)) == NOW - timedelta(days=9)
    assert jobs.forget_until(NOW, datetime(1970, 1, 1, tzinfo=UTC)) is None
    assert jobs.forget_until(NOW, datetime(2050, 1, 1, tzinfo=UTC)) is None


@pytest.mark.asyncio
async def test_retention_keeps_what_is_young_whatever_the_clock_says(tmp_path) -> None:
    async def nothing() -> None:
        return None

    async with shop(tmp_path) as running:
        storage, clock = running.agent.storage, running.clock
        (_, retention, *_) = jobs.calendar(storage, clock, running.agent.settings.store, nothing)

        async def kept() -> int:
            sql = "SELECT count(*) FROM answers"
            return (await storage.read(lambda view: view.ledger.execute(sql).fetchall()))[0][0]

        await retention.work()
        right = clock.wall
        await storage.write(lambda tx: answers.remember(tx, "scan", "s", b"", b"{}", right))
        for wrong in (right + timedelta(days=3650), datetime(1970, 1, 1, tzinfo=UTC)):
            clock.wall = wrong
            await retention.work()
            assert await kept() == 1
        for _ in range(33):
            right += timedelta(days=1)
            clock.wall = right
            await retention.work()
        assert await kept() == 0


@pytest.mark.asyncio
async def test_both_files_are_read_whole_once_a_week(tmp_path) -> None:
    async def nothing() -> None:
        return None

    async with shop(tmp_path) as running:
        store = running.agent.settings.store
        check = jobs.calendar(running.agent.storage, running.clock, store, nothing)[-1]
        assert (check.name, check.weekday) == ("integrity check", "sun")
        await check.work()
        assert (await running.get("/readyz", token="monitor")).status_code == 200


@pytest.mark.asyncio
async def test_a_shop_learns_at_night_after_how_many_days_somebody_is_missed(tmp_path) -> None:
    async def nothing() -> None:
        return None

    absent = customer(last_visit_at=None, last_purchase_at="2026-10-27T10:00:00Z")
    async with shop(tmp_path, [absent, wallet_pass()]) as running:
        storage, store = running.agent.storage, running.agent.settings.store
        night = jobs.calendar(storage, running.clock, store, nothing)[2]
        assert night.name == "learn when customers are missed"

        async def tone() -> Relationship:
            zone, now = ZoneInfo(store.zone), running.clock.now()

            def read(view: View) -> Relationship:
                person = briefing.customer(view, "c-1")
                assert person is not None
                return briefing.brief(view, person, now, zone, "de").relationship

            return await storage.read(read)

        await night.work()
        assert await tone() is Relationship.REGULAR  # 25 days, and nothing is learned yet
        await running.learn(*weekly_buyers(9), cursor="2")
        await night.work()
        assert await storage.read(lambda view: learned.lapsing_days(view.ledger)) == 7
        assert await tone() is Relationship.LONG_ABSENCE


def weekly_buyers(people: int) -> list[tuple[str, str, dict[str, Any]]]:
    """Some who bought every week, nine times."""
    made = [customer(f"w-{person}") for person in range(people)]
    for person in range(people):
        for week in range(9):
            doc = {
                "id": f"b-{person}-{week}",
                "customer_id": f"w-{person}",
                "at": (NOW - timedelta(days=7 * week + 1)).isoformat(),
                "channel": "store",
                "place": "Köln",
                "total_minor": 1000,
                "lines": [],
            }
            made.append(("purchases", doc["id"], doc))
    return made
