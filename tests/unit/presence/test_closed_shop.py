"""Outside opening hours nobody is noticed, by whatever tells of them; who was in may leave."""

from datetime import timedelta

import pytest
from builders import customer, grant, shop
from presence_builders import (
    FAR,
    INDOORS,
    RADIOS,
    arrivals,
    carry,
    fences,
    fix,
    noticed,
    pause,
    present,
    tag,
    traces,
    walk,
)

UTC_SHOP = {"id": "koeln-01", "zone": "UTC", "lanes": ["till-0"]}
CLOSES_SOON = {"hours": ["Mo-Su 00:00-10:02"]}  # the tests begin at 10:00
OPENS_SOON = {"hours": ["Mo-Su 10:05-20:00"]}


@pytest.mark.asyncio
async def test_whoever_was_near_before_closing_time_does_not_come_in_after_it(tmp_path):
    async with shop(
        tmp_path, [noticed(), tag(), fences()], presence=RADIOS | CLOSES_SOON, store=UTC_SHOP
    ) as running:
        await walk(running, FAR, 60)
        assert await traces(running) == 1  # the phone's last position is known
        await pause(running, 120)
        told = await walk(running, INDOORS, 420)
        await carry(running, "sat-women", 20)
        assert told[-1]["refused"][0]["reason"] == "closed"
        assert (await present(running), await arrivals(running)) == ([], [])
        assert await running.types() == []


@pytest.mark.asyncio
async def test_whoever_was_in_before_closing_time_is_still_seen_to_leave(tmp_path):
    async with shop(
        tmp_path, [noticed(), fences()], presence={"hours": ["Mo-Su 00:00-10:08"]}, store=UTC_SHOP
    ) as running:
        await walk(running, INDOORS, 420)
        assert len(await present(running)) == 1
        await walk(running, INDOORS, 120)
        await walk(running, FAR, 120)
        assert await present(running) == []
        left = [data for kind, _, data in await running.events() if kind == "store.zone.left"]
    assert "left" in {one["reason"] for one in left}


@pytest.mark.asyncio
async def test_who_was_in_before_closing_time_is_told_neither_as_staying_nor_in_another_zone(
    tmp_path,
):
    closes = RADIOS | {"hours": ["Mo-Su 00:00-10:04"]}
    async with shop(
        tmp_path, [noticed(), tag(), fences()], presence=closes, store=UTC_SHOP
    ) as running:
        await walk(running, INDOORS, 180)
        before = await running.types()
        assert "store.zone.entered" in before
        await walk(running, INDOORS, 420)  # five minutes are full after closing time
        await carry(running, "sat-women", 20)
        assert await present(running) == []
        assert await running.types() == before


@pytest.mark.asyncio
async def test_who_waits_at_the_curbside_does_not_come_in_after_closing_time(tmp_path):
    async with shop(
        tmp_path, [noticed(), fences()], presence={"hours": ["Mo-Su 00:00-10:02"]}, store=UTC_SHOP
    ) as running:
        await walk(running, (50.9365, 6.9490), 60)  # the parking
        assert "at_curbside" in [one["stage"] for one in await arrivals(running)]
        await pause(running, 60)
        await walk(running, INDOORS, 420)
        assert await present(running) == []
        entered = [data for kind, _, data in await running.events() if kind == "store.zone.entered"]
        assert {one["fence_id"] for one in entered} == {"parking"}


@pytest.mark.asyncio
async def test_what_a_phone_kept_from_before_opening_time_is_not_used_in_the_morning(tmp_path):
    async with shop(
        tmp_path, [noticed(), fences()], presence=OPENS_SOON, store=UTC_SHOP
    ) as running:
        running.clock.advance(360)
        before = running.clock.now() - timedelta(seconds=120)
        body = [fix(before + timedelta(seconds=20 * step)) for step in range(3)]
        answer = await running.post("/api/v1/locations", body, token="relay")
        assert {one["reason"] for one in answer.json()["refused"]} == {"closed"}
        assert await traces(running) == 0


@pytest.mark.asyncio
async def test_nobody_is_counted_while_the_shop_is_closed(tmp_path):
    people = [customer(f"c-{n}", consents=[grant()]) for n in range(3)]
    tags = [tag(f"c-{n}", n) for n in range(3)]
    closed = RADIOS | {"hours": ["Mo-Su 04:00-04:30"], "minimum_group": 2}
    async with shop(tmp_path, [*people, *tags, fences()], presence=closed) as running:
        await running.agent.presence.watch.sweep()
        for n in range(3):
            await walk(running, INDOORS, 30, subject=f"c-{n}")
            await carry(running, "sat-women", 5, minor=n)
        await pause(running, 3600)
        assert await running.types() == []
