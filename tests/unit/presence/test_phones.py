"""Positions of phones: what they lead to, and for whom they lead to nothing."""

import pytest
from builders import customer, grant, shop
from presence_builders import (
    FAR,
    INDOORS,
    NEED_ONLY,
    arrivals,
    fences,
    fix,
    noticed,
    pause,
    pickup,
    present,
    traces,
    walk,
)


@pytest.mark.asyncio
async def test_a_phone_in_the_shop_is_an_arrival_first_and_a_visit_after_the_dwell(tmp_path):
    async with shop(tmp_path, [noticed(), fences()]) as running:
        await walk(running, FAR, 60)
        await walk(running, INDOORS, 180)  # whoever still moves is held: they may walk past
        assert await present(running) == []
        assert "at_store" in [one["stage"] for one in await arrivals(running)]
        await walk(running, INDOORS, 360)
        (visit,) = await present(running)
        assert (visit["evidence"], visit["lane"]) == ("fence", "")
        assert "at_store" not in [one["stage"] for one in await arrivals(running)]


@pytest.mark.asyncio
async def test_the_visit_ends_when_the_phone_has_left(tmp_path):
    async with shop(tmp_path, [noticed(), fences()]) as running:
        await walk(running, INDOORS, 420)
        await walk(running, FAR, 120)
        assert await present(running) == []
        types = await running.types()
    assert types.count("store.visit.started") == types.count("store.visit.ended") == 1
    assert "store.zone.dwelled" in types


@pytest.mark.asyncio
async def test_without_consent_nothing_about_the_person_is_stored_or_sent(tmp_path):
    people = [customer("c-1"), customer("c-2", consents=[]), fences()]
    async with shop(tmp_path, people) as running:
        for subject in ("c-1", "c-2"):
            told = await walk(running, INDOORS, 420, subject=subject)
            assert told[-1] == {"accepted": 0, "refused": [{"index": 0, "reason": "no_consent"}]}
        assert await traces(running) == 0
        assert await running.types() == []


@pytest.mark.asyncio
@pytest.mark.parametrize("state", ["under_16", "deceased", "colleague"])
async def test_people_who_cannot_agree_are_never_noticed(tmp_path, state):
    async with shop(tmp_path, [noticed(states=[state]), fences()]) as running:
        await walk(running, INDOORS, 60)
        assert await traces(running) == 0


@pytest.mark.asyncio
async def test_an_unknown_subject_is_told_and_leaves_no_trace(tmp_path):
    async with shop(tmp_path, [fences()]) as running:
        (told, *_) = await walk(running, INDOORS, 30, subject="c-unknown")
        assert told["refused"][0]["reason"] == "unknown_subject"
        assert await traces(running) == 0


@pytest.mark.asyncio
async def test_a_withdrawn_consent_wipes_at_once_and_ends_the_visit(tmp_path):
    async with shop(tmp_path, [noticed(), fences()]) as running:
        await walk(running, INDOORS, 420)
        withdrawn = grant("location", at="2026-11-22T00:00:00Z", state="withdrawn")
        await running.learn(noticed(consents=[grant(), grant("location"), withdrawn]), cursor="2")
        told = await walk(running, INDOORS, 15)
        assert told[-1]["refused"][0]["reason"] == "no_consent"
        assert await traces(running) == 0
        assert await present(running) == []
        left = [data for kind, _, data in await running.events() if kind == "store.zone.left"]
    assert {one["reason"] for one in left} == {"consent"}


@pytest.mark.asyncio
async def test_a_deleted_customer_leaves_no_trace(tmp_path):
    async with shop(tmp_path, [noticed(), fences()]) as running:
        await walk(running, INDOORS, 420)
        storage = running.agent.storage
        await storage.write_cache(lambda tx: tx.execute("DELETE FROM customers") and None)
        await running.agent.presence.watch.sweep()
        assert await traces(running) == 0
        assert await present(running) == []


@pytest.mark.asyncio
async def test_who_may_not_be_named_is_a_need_without_a_name(tmp_path):
    person = customer(consents=NEED_ONLY, open_orders=[pickup()])
    async with shop(tmp_path, [person, fences()]) as running:
        await walk(running, (50.9365, 6.9490), 60)  # the parking
        stages = [(one["stage"], one["customer"]) for one in await arrivals(running)]
        assert ("at_curbside", None) in stages
        assert await present(running) == []


@pytest.mark.asyncio
async def test_outside_opening_hours_nothing_is_noticed(tmp_path):
    hours = {"hours": ["Mo-Su 04:00-04:30"]}
    async with shop(tmp_path, [noticed(), fences()], presence=hours) as running:
        told = await walk(running, INDOORS, 60)
        assert told[-1]["refused"][0]["reason"] == "closed"
        assert await traces(running) == 0


@pytest.mark.asyncio
async def test_everybody_has_left_half_an_hour_after_closing(tmp_path):
    hours = {"hours": ["Mo-Su 00:00-10:10"]}
    zone = {"id": "koeln-01", "zone": "UTC", "lanes": ["till-0"]}
    async with shop(tmp_path, [noticed(), fences()], presence=hours, store=zone) as running:
        await walk(running, INDOORS, 420)
        assert len(await present(running)) == 1
        await pause(running, 2400)
        assert await present(running) == []
        assert await traces(running) == 0


@pytest.mark.asyncio
async def test_who_is_not_heard_of_any_more_is_gone_after_the_expiry(tmp_path):
    async with shop(tmp_path, [noticed(), fences()]) as running:
        await walk(running, INDOORS, 420)
        await pause(running, 3700)
        assert await present(running) == []
        left = [data for kind, _, data in await running.events() if kind == "store.zone.left"]
    assert "timeout" in {one["reason"] for one in left}


@pytest.mark.asyncio
async def test_a_restart_in_between_changes_nothing(tmp_path):
    async with shop(tmp_path, [noticed(), fences()]) as running:
        await walk(running, INDOORS, 420)
        before = await running.types()
    async with shop(tmp_path, [], running.clock) as running:
        await running.agent.presence.watch.sweep()
        assert await running.types() == before
        assert len(await present(running)) == 1


@pytest.mark.asyncio
async def test_bad_positions_name_the_field_and_change_nothing(tmp_path):
    async with shop(tmp_path, [noticed(), fences()]) as running:
        now = running.clock.now()
        good = fix(now)
        for field, value in [
            ("lat", "50.9"),
            ("lat", 91),
            ("lon", True),
            ("fixed_at", "yesterday"),
            ("subject", ""),
            ("accuracy_kind", "best"),
        ]:
            body = [good, good | {field: value}]
            answer = await running.post("/api/v1/locations", body, token="relay")
            assert (answer.status_code, answer.json()["field"]) == (422, f"1.{field}")
        assert await traces(running) == 0


@pytest.mark.asyncio
async def test_who_was_on_the_way_and_never_came_is_forgotten(tmp_path):
    async with shop(tmp_path, [noticed(open_orders=[pickup()]), fences()]) as running:
        for lat in (50.9540, 50.9500, 50.9450):
            await walk(running, (lat, 6.9490), 30, every_s=30)
        assert [one["stage"] for one in await arrivals(running)] == ["approaching"]
        await pause(running, 1200)
        assert await arrivals(running) == []
        await pause(running, 2400)
        assert await traces(running) == 0
