"""Tags in the shop: zones, consent, silence of radios, and how it joins with scans and phones."""

import pytest
from builders import customer, grant, shop, wallet_pass
from presence_builders import (
    FAR,
    INDOORS,
    NEED_ONLY,
    RADIOS,
    arrivals,
    carry,
    fences,
    fix,
    noticed,
    pause,
    pickup,
    present,
    tag,
    traces,
    walk,
)


async def known(running):
    """The shop has looked at its beacons and fences."""
    await running.agent.presence.watch.sweep()


@pytest.mark.asyncio
async def test_a_tag_starts_a_visit_at_once_in_its_zone(tmp_path):
    async with shop(tmp_path, [noticed(), tag(), fences()], presence=RADIOS) as running:
        await known(running)
        await carry(running, "sat-women", 8)
        (visit,) = await present(running)
        assert (visit["zone"], visit["evidence"], visit["confidence"]) == (
            "women",
            "beacon",
            "high",
        )
        types = await running.types()
    assert types.count("store.visit.started") == 1
    assert types.count("store.zone.entered") == 2  # the shop and the zone


@pytest.mark.asyncio
async def test_it_moves_with_the_tag_and_bounces_for_nobody(tmp_path):
    async with shop(tmp_path, [noticed(), tag(), fences()], presence=RADIOS) as running:
        await known(running)
        await carry(running, "sat-women", 20)
        await carry(running, "sat-men", 40)
        (visit,) = await present(running)
        assert visit["zone"] == "men"
        entered = [d["fence_id"] for kind, _, d in await running.events() if "entered" in kind]
    assert entered == ["building", "women", "men"]


@pytest.mark.asyncio
async def test_the_tag_of_somebody_who_did_not_agree_leaves_no_trace(tmp_path):
    people = [customer("c-1", consents=[grant()]), tag(), fences()]
    async with shop(tmp_path, people, presence=RADIOS) as running:
        await known(running)
        await carry(running, "sat-women", 10)
        assert await present(running) == []
        assert await traces(running) == 0
        assert await running.types() == []


@pytest.mark.asyncio
async def test_a_need_without_a_name_is_all_that_is_shown_of_some(tmp_path):
    person = customer("c-1", consents=NEED_ONLY, open_orders=[pickup()])
    async with shop(tmp_path, [person, tag(), fences()], presence=RADIOS) as running:
        await known(running)
        await carry(running, "sat-women", 10)
        assert await present(running) == []
        (arrival,) = await arrivals(running)
        assert (arrival["customer"], arrival["stage"]) == (None, "at_store")


@pytest.mark.asyncio
async def test_silence_of_a_living_radio_is_an_exit_from_the_zone(tmp_path):
    people = [noticed(), noticed("c-2"), tag(), tag("c-2", 2), fences()]
    async with shop(tmp_path, people, presence=RADIOS) as running:
        await known(running)
        await carry(running, "sat-women", 20)
        for _ in range(6):  # another tag proves that the radio is awake
            await carry(running, "sat-women", 10, minor=2)
            await running.agent.presence.watch.sweep()
        zones = {v["customer"]["id"]: v["zone"] for v in await present(running)}
        assert zones == {"c-1": None, "c-2": "women"}


@pytest.mark.asyncio
async def test_a_radio_that_is_silent_itself_makes_nobody_leave(tmp_path):
    async with shop(tmp_path, [noticed(), tag(), fences()], presence=RADIOS) as running:
        await known(running)
        await carry(running, "sat-women", 20)
        running.agent.presence.air.alive("sat-women", is_alive=False)
        await pause(running, 900)
        (visit,) = await present(running)
        assert visit["zone"] == "women"
        left = [kind for kind in await running.types() if kind == "store.zone.left"]
    assert left == []


@pytest.mark.asyncio
async def test_a_restart_restores_the_room_without_a_new_event(tmp_path):
    async with shop(tmp_path, [noticed(), tag(), fences()], presence=RADIOS) as running:
        await known(running)
        await carry(running, "sat-women", 20)
        before = await running.types()
    async with shop(tmp_path, [], running.clock, presence=RADIOS) as running:
        await running.agent.presence.watch._restore()
        await carry(running, "sat-women", 20)
        assert await running.types() == before
        (visit,) = await present(running)
        assert visit["zone"] == "women"


@pytest.mark.asyncio
async def test_phone_tag_and_scan_are_one_visit(tmp_path):
    people = [noticed(), wallet_pass(), tag(), fences()]
    async with shop(tmp_path, people, presence=RADIOS) as running:
        await known(running)
        await walk(running, INDOORS, 420)
        await carry(running, "sat-women", 10)
        scanned = (await running.scan()).json()
        (visit,) = await present(running)
        assert visit["visit_id"] == scanned["visit_id"]
        assert (visit["evidence"], visit["zone"], visit["lane"]) == ("scan", "women", "till-0")
        assert (await running.types()).count("store.visit.started") == 1


@pytest.mark.asyncio
async def test_a_phone_that_leaves_ends_the_visit_a_scan_began(tmp_path):
    async with shop(tmp_path, [noticed(), wallet_pass(), fences()]) as running:
        await known(running)
        await running.scan()
        await running.agent.presence.watch.hear()
        await walk(running, INDOORS, 60)
        await walk(running, FAR, 240)
        assert await present(running) == []


@pytest.mark.asyncio
async def test_an_unknown_radio_is_refused_by_name(tmp_path):
    body = [
        {
            "radio": "sat-nowhere",
            "address": "C2:00:00:00:00:01",
            "rssi_dbm": -60,
            "advert": "",
            "seen_at": "2026-11-21T10:00:00Z",
        }
    ]
    async with shop(tmp_path, presence=RADIOS) as running:
        answer = await running.post("/api/v1/sightings", body, token="satellite")
    assert (answer.status_code, answer.json()["field"]) == (422, "0.radio")


@pytest.mark.asyncio
async def test_the_hourly_number_counts_people_without_consent_and_never_a_few(tmp_path):
    few = {"minimum_group": 3}
    people = [customer(f"c-{n}", consents=[]) for n in range(4)] + [fences()]
    async with shop(tmp_path, people, presence=few) as running:
        await known(running)
        for n in range(4):
            body = [fix(running.clock.now(), subject=f"c-{n}")]
            await running.post("/api/v1/locations", body, token="relay")
        assert await running.types() == []
        running.clock.advance(3600)
        await running.agent.presence.watch.sweep()
        ((kind, subject, data),) = await running.events()
    assert (kind, subject, data["people"]) == ("store.footfall.counted", None, 4)
