"""What must not stay: after a withdrawal, a merge, a fence removed, evidence that came late."""

import asyncio
from datetime import UTC, datetime

import pytest
import structlog
from builders import customer, grant, shop, wallet_pass
from presence_builders import (
    FAR,
    INDOORS,
    NEED_ONLY,
    RADIOS,
    arrivals,
    carry,
    fences,
    noticed,
    pause,
    pickup,
    tag,
    traces,
    walk,
)

from geofences.model import Observation
from store_agent.demo import place
from store_agent.domain.catalog import Transmitter, TransmitterKind
from store_agent.domain.errors import Unavailable
from store_agent.presence.air import Air
from store_agent.presence.people import Standing
from store_agent.storage import changes

WITHDRAWN = grant("location", at="2026-11-22T00:00:00Z", state="withdrawn")
UNNAMED = grant(at="2026-11-22T00:00:00Z", state="withdrawn")
OVER_THERE = (50.9365, 6.9490)  # the parking


async def sweep(running):
    await running.agent.presence.watch.sweep()


async def open_visits(running):
    sql = "SELECT customer_id, lane, zone FROM visits WHERE ended_at IS NULL"
    return await running.agent.storage.read(lambda view: view.ledger.execute(sql).fetchall())


@pytest.mark.asyncio
async def test_a_withdrawal_ends_the_visit_of_a_tag_also_where_no_fence_is_drawn(tmp_path):
    async with shop(tmp_path, [noticed(), tag()], presence=RADIOS) as running:
        await sweep(running)
        await carry(running, "sat-women", 8)
        assert len(await open_visits(running)) == 1
        await running.learn(noticed(consents=[grant(), grant("location"), WITHDRAWN]), cursor="2")
        await sweep(running)
        assert await open_visits(running) == []
        assert (await running.types())[-1] == "store.visit.ended"


@pytest.mark.asyncio
async def test_the_visit_of_a_tag_ends_after_closing_time_also_where_no_fence_is_drawn(tmp_path):
    hours = RADIOS | {"hours": ["Mo-Su 00:00-10:10"]}
    store = {"id": "koeln-01", "zone": "UTC", "lanes": ["till-0"]}
    async with shop(tmp_path, [noticed(), tag()], presence=hours, store=store) as running:
        await sweep(running)
        await carry(running, "sat-women", 8)
        await pause(running, 2460)
        assert await open_visits(running) == []


@pytest.mark.asyncio
async def test_a_need_in_a_zone_that_nobody_drew_does_not_wait_for_ever(tmp_path):
    radios = {"radios": [{"name": "sat-cellar", "zone": "cellar", "kind": "satellite"}]}
    person = customer("c-1", consents=NEED_ONLY, open_orders=[pickup()])
    async with shop(tmp_path, [person, tag(), fences()], presence=radios) as running:
        await sweep(running)
        await carry(running, "sat-cellar", 8)
        assert len(await arrivals(running)) == 1
        await pause(running, 1200)
        assert await arrivals(running) == []


@pytest.mark.asyncio
async def test_a_withdrawal_wipes_an_arrival_of_whom_the_fences_know_nothing(tmp_path):
    radios = {"radios": [{"name": "sat-cellar", "zone": "cellar", "kind": "satellite"}]}
    person = customer("c-1", consents=NEED_ONLY, open_orders=[pickup()])
    async with shop(tmp_path, [person, tag(), fences()], presence=radios) as running:
        await sweep(running)
        await carry(running, "sat-cellar", 8)
        await running.learn(
            customer("c-1", consents=[*NEED_ONLY, WITHDRAWN], open_orders=[pickup()]), cursor="2"
        )
        await sweep(running)
        assert await traces(running) == 0


@pytest.mark.asyncio
async def test_who_is_there_for_long_stays_an_arrival_as_long_as_a_fence_knows_them(tmp_path):
    person = customer("c-1", consents=NEED_ONLY, open_orders=[pickup()])
    async with shop(tmp_path, [person, fences()]) as running:
        await walk(running, INDOORS, 1500, every_s=60)
        assert "at_store" in [one["stage"] for one in await arrivals(running)]


@pytest.mark.asyncio
async def test_who_may_no_longer_be_named_has_no_visit_by_a_tag(tmp_path):
    async with shop(tmp_path, [noticed(), tag(), fences()], presence=RADIOS) as running:
        await sweep(running)
        await carry(running, "sat-women", 8)
        assert len(await open_visits(running)) == 1
        await running.learn(noticed(consents=[grant(), grant("location"), UNNAMED]), cursor="2")
        await sweep(running)
        assert await open_visits(running) == []
        assert await traces(running) > 0  # still noticed


async def all_visits(running):
    sql = "SELECT customer_id, lane, zone, evidence FROM visits ORDER BY id"
    return await running.agent.storage.read(lambda view: view.ledger.execute(sql).fetchall())


@pytest.mark.asyncio
async def test_a_withdrawal_wipes_earlier_visits_of_which_only_a_tag_told(tmp_path):
    people = [noticed(), wallet_pass(), tag(), fences()]
    async with shop(tmp_path, people, presence=RADIOS) as running:
        await sweep(running)
        await carry(running, "sat-women", 8)
        await pause(running, 7200)
        assert await traces(running) == 0  # nobody knows of them any more
        assert await all_visits(running) == [("c-1", "", None, "beacon")]
        await running.learn(noticed(consents=[grant(), grant("location"), WITHDRAWN]), cursor="2")
        await pause(running, 3600)
        assert await all_visits(running) == []


@pytest.mark.asyncio
async def test_a_visit_with_a_shown_pass_keeps_nothing_that_a_withdrawn_tag_told(tmp_path):
    people = [noticed(), wallet_pass(), tag(), fences()]
    async with shop(tmp_path, people, presence=RADIOS) as running:
        await sweep(running)
        await running.scan()
        await carry(running, "sat-women", 8)
        assert await all_visits(running) == [("c-1", "till-0", "women", "beacon")]
        await running.learn(noticed(consents=[grant(), grant("location"), WITHDRAWN]), cursor="2")
        await sweep(running)
        assert await all_visits(running) == [("c-1", "till-0", None, "scan")]


@pytest.mark.asyncio
async def test_a_fence_that_is_removed_takes_its_arrivals_along(tmp_path):
    person = customer("c-1", consents=NEED_ONLY, open_orders=[pickup()])
    async with shop(tmp_path, [person, fences()]) as running:
        await walk(running, OVER_THERE, 60)
        assert "at_curbside" in [one["stage"] for one in await arrivals(running)]
        rest = place.fences_document()
        rest["features"] = [one for one in rest["features"] if one["id"] == "building"]
        await running.agent.presence.noticing.draw_fences(rest)
        assert await arrivals(running) == []


@pytest.mark.asyncio
async def test_evidence_that_is_older_than_the_exit_begins_no_visit(tmp_path):
    async with shop(tmp_path, [noticed(), fences()]) as running:
        await walk(running, INDOORS, 420)
        inside = running.clock.now()
        await walk(running, FAR, 120)
        late = Observation("c-1", "women", inside, running.clock.now(), "beacon")
        await running.agent.presence.noticing.on_observations([late])
        assert await open_visits(running) == []


@pytest.mark.asyncio
async def test_a_merged_customer_has_one_visit(tmp_path):
    people = [noticed("c-1"), noticed("c-2"), wallet_pass(), fences()]
    async with shop(tmp_path, people) as running:
        assert (await running.scan()).json()["customer"]["id"] == "c-1"
        merge = [changes.Change("customers", "c-1", "merge", {"new_id": "c-2"})]
        now = running.clock.now()
        await running.agent.storage.write_cache(lambda tx: changes.apply(tx, merge, "2", now))
        await sweep(running)
        assert [row[0] for row in await open_visits(running)] == ["c-2"]
        assert (await running.scan()).json()["customer"]["id"] == "c-2"
        assert len(await open_visits(running)) == 1


@pytest.mark.asyncio
async def test_whoever_did_not_agree_moves_no_counter_line_of_the_log_or_file(tmp_path, caplog):
    people = [customer("c-kein-ja", consents=[grant()]), tag("c-kein-ja"), fences()]
    async with shop(tmp_path, people, presence=RADIOS) as running:
        await sweep(running)
        with structlog.testing.capture_logs() as logs:
            before = counters((await running.get("/metrics", token="monitor")).text)
            await carry(running, "sat-women", 20)
            await walk(running, INDOORS, 420, subject="c-kein-ja")
            await walk(running, INDOORS, 60, subject="c-niemand")
            after = counters((await running.get("/metrics", token="monitor")).text)
        assert after == before
        assert "c-kein-ja" not in f"{logs} {caplog.text}"
        assert "c-niemand" not in f"{logs} {caplog.text}"
        tables = await running.agent.storage.read(lambda view: dump(view.ledger))
        assert "c-kein-ja" not in tables
        assert "c-niemand" not in tables
        assert await running.types() == []


def counters(text):
    return [line for line in text.splitlines() if line.startswith("store_agent")]


def dump(connection):
    sql = "SELECT name FROM sqlite_master WHERE type = 'table'"
    names = [row[0] for row in connection.execute(sql).fetchall()]
    return "".join(str(connection.execute(f"SELECT * FROM {n}").fetchall()) for n in names)


@pytest.mark.asyncio
async def test_presence_goes_on_when_the_disk_is_full_at_the_start(tmp_path, monkeypatch):
    async with shop(tmp_path, [noticed(), fences()]) as running:
        watch = running.agent.presence.watch
        tried = []

        async def full():
            tried.append(1)
            raise Unavailable("the disk is full")

        monkeypatch.setattr(watch, "sweep", full)
        task = asyncio.create_task(watch.run())
        await asyncio.sleep(0.1)
        assert not task.done()
        assert len(tried) == 2  # where everybody was, and the first round
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def test_an_answer_about_consent_that_was_overtaken_by_a_change_is_not_believed():
    at = datetime(2026, 11, 22, 10, tzinfo=UTC)
    air = Air({"r": "z"}, lambda: 0.0, lambda: at)
    phone = Transmitter("t", TransmitterKind.NODE, "c-1", node="phone:c-1")
    air.learn([phone])
    air.reads("phone:c-1", "r", 1.0, at.timestamp())
    assert air.unasked() == {"c-1"}
    air.forget_standings()  # a withdrawal, while the answer is on its way
    air.answer({"c-1": Standing("c-1", noticed=True)})
    for second in range(20):
        air.reads("phone:c-1", "r", 1.0, at.timestamp() + second)
    assert air.evidence() == []
    assert air.unasked() == {"c-1"}
