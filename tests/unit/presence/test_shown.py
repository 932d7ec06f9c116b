"""What screens and machines are told of who is where: aged, claimed, withdrawn, mistaken."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from builders import customer, grant, shop, wallet_pass
from presence_builders import (
    INDOORS,
    RADIOS,
    arrivals,
    carry,
    fences,
    noticed,
    pause,
    pickup,
    present,
    tag,
    walk,
)

from kiosk_ui.model import Role, Viewer
from store_agent.domain.greeting import Confidence, Evidence, Visit

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE, CLAIM = timedelta(minutes=1), timedelta(minutes=20)
VIEWER = Viewer("d-1", "Tablet", "s-bea", "Bea Beispiel", Role.ASSOCIATE, "de")
WITHDRAWN = grant("location", at="2026-11-22T00:00:00Z", state="withdrawn")
GONE = [grant(), grant("location"), WITHDRAWN]
PARKING = (50.9365, 6.9490)


def visit(**fields):
    return Visit("v-1", "c-1", NOON, NOON, "", **fields)


@pytest.mark.parametrize(
    ("worth", "minutes", "now"),
    [
        ("high", 15, "high"),
        ("high", 16, "medium"),
        ("high", 46, "low"),
        ("medium", 16, "low"),
        ("low", 60, "low"),
    ],
)
def test_evidence_ages_to_probably_and_then_to_perhaps(worth, minutes, now):
    seen = visit(confidence=Confidence(worth), evidence=Evidence.BEACON)
    assert seen.confidence_at(NOON + minutes * MINUTE) == now


@pytest.mark.parametrize(("minutes", "holds"), [(0, True), (19, True), (20, False), (-30, False)])
def test_a_claim_lets_go_by_itself_also_one_of_a_clock_that_was_ahead(minutes, holds):
    claimed = visit(claimed_by="s-bea", claimed_at=NOON)
    until = claimed.claimed_until(NOON + minutes * MINUTE, CLAIM)
    assert until == (NOON + CLAIM if holds else None)


@pytest.mark.asyncio
async def test_the_answer_of_presence_says_how_sure_it_is_now(tmp_path):
    people = [noticed(), wallet_pass(), fences()]
    async with shop(tmp_path, people) as running:
        await running.scan()
        assert [one["confidence"] for one in await present(running)] == ["high"]
        await pause(running, 1200)
        assert [one["confidence"] for one in await present(running)] == ["medium"]


@pytest.mark.asyncio
async def test_a_withdrawal_is_respected_before_anything_is_wiped(tmp_path):
    people = [noticed(open_orders=[pickup()]), wallet_pass(), tag(), fences()]
    async with shop(tmp_path, people, presence=RADIOS) as running:
        await walk(running, PARKING, 60)
        assert await arrivals(running) != []
        assert (await running.agent.tablet.floor(VIEWER)).coming != ()
        await carry(running, "sat-women", 8)
        assert [one["zone"] for one in await present(running)] == ["women"]
        await running.learn(noticed(consents=GONE, open_orders=[pickup()]), cursor="2")
        running.agent.tablet.profiles_changed()
        floor = await running.agent.tablet.floor(VIEWER)
        assert (floor.rows, floor.coming) == ((), ())
        assert (await present(running), await arrivals(running)) == ([], [])
        assert (await running.agent.tablet.refresh("c-1", VIEWER)).visit_id is None


@pytest.mark.asyncio
async def test_who_showed_a_pass_is_somewhere_in_the_shop_after_a_withdrawal(tmp_path):
    people = [noticed(), wallet_pass(), tag(), fences()]
    async with shop(tmp_path, people, presence=RADIOS) as running:
        await running.agent.presence.watch.sweep()
        await running.scan()
        await carry(running, "sat-women", 8)
        await running.learn(noticed(consents=GONE), cursor="2")
        running.agent.tablet.profiles_changed()
        assert [one["zone"] for one in await present(running)] == [None]
        for _ in range(2):  # worked out, and kept
            (row,) = (await running.agent.tablet.floor(VIEWER)).rows
            assert (row.zone_id, row.zone) == ("", "")


@pytest.mark.asyncio
async def test_whoever_carries_the_pass_of_another_person_arrives_without_its_name(tmp_path):
    people = [noticed(), wallet_pass(), fences()]
    async with shop(tmp_path, people) as running:
        await walk(running, PARKING, 60)
        visit_id = (await running.scan()).json()["visit_id"]
        assert {one["customer"]["id"] for one in await arrivals(running)} == {"c-1"}
        await running.agent.clienteling.on_other_person(visit_id, other=True)
        assert [one["customer"] for one in await arrivals(running)] == [None]


@pytest.mark.asyncio
async def test_of_two_who_tap_at_once_the_first_is_with_the_customer(tmp_path):
    other = replace(VIEWER, device_id="d-2", staff_id="s-emil")
    async with shop(tmp_path, [noticed(), wallet_pass(), fences()]) as running:
        visit_id = (await running.scan()).json()["visit_id"]
        tablet = running.agent.tablet
        await asyncio.gather(tablet.claim(visit_id, VIEWER), tablet.claim(visit_id, other))
        assert [one["claimed_by"] for one in await present(running)] == ["s-bea"]
        await tablet.claim(visit_id, other, "s-bea")  # who has seen it may take over
        assert [one["claimed_by"] for one in await present(running)] == ["s-emil"]
        running.clock.advance(20 * 60)
        await tablet.claim(visit_id, VIEWER)
        assert [one["claimed_by"] for one in await present(running)] == ["s-bea"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("presence", "minutes"),
    [({}, 60), ({"hours": ["Mo-Su 00:00-10:10"]}, None)],  # 10:00 is when the tests begin
)
async def test_the_answer_of_presence_says_when_a_visit_ends_without_news(
    tmp_path, presence, minutes
):
    store = {"id": "koeln-01", "zone": "UTC", "lanes": ["till-0"]}
    people = [noticed(), fences()]
    async with shop(tmp_path, people, presence=presence, store=store) as running:
        await walk(running, INDOORS, 420)
        await pause(running, 10)  # the last fix waits for older ones
        (told,) = await present(running)
        ends = datetime.fromisoformat(told["expires_at"])
        last = datetime.fromisoformat(told["last_seen_at"])
        assert ends == (last + minutes * MINUTE if minutes else last.replace(minute=40, second=0))
        running.clock.advance((ends - running.clock.now()).total_seconds() - 1)
        await running.agent.presence.watch.sweep()
        assert len(await present(running)) == 1
        running.clock.advance(2)
        await running.agent.presence.watch.sweep()
        assert await present(running) == []


@pytest.mark.asyncio
async def test_a_shown_pass_alone_is_worth_the_configured_time(tmp_path):
    async with shop(tmp_path, [customer(), wallet_pass()]) as running:
        await running.scan()
        (told,) = await present(running)
        since = datetime.fromisoformat(told["since"])
        assert datetime.fromisoformat(told["expires_at"]) == since + 90 * MINUTE
