"""A tablet in a customer's hands: one page, nothing else, until somebody's PIN."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from builders import shop
from hypothesis import given
from hypothesis import strategies as st
from unit.store_agent.test_doors import url
from unit.welcoming.lent_tablet import PEOPLE, PIN, tablet

from store_agent.api.doors import DOORS
from store_agent.config import Audience
from store_agent.domain.turned import IDLE, LONGEST, Grant, TurnedPage

AT = datetime(2026, 11, 21, 10, tzinfo=UTC)
REACHABLE = {
    ("GET", "/turned"),
    ("GET", "/turned/still"),
    ("POST", "/turned/stay"),
    ("POST", "/turned/language"),
    ("POST", "/turned/consents"),
    ("POST", "/turned/preferences"),
    ("POST", "/turned/survey"),
    ("POST", "/turned/corrections"),
    ("POST", "/turned/requests"),
    ("POST", "/turned/done"),
    ("GET", "/turned/back"),
    ("POST", "/turned/back"),
    ("GET", "/static/{digest}/{name:path}"),
    ("GET", "/sw.js"),
    ("GET", "/manifest.webmanifest"),
    ("GET", "/offline"),
}


@pytest.mark.asyncio
async def test_no_other_door_opens_for_a_turned_tablet_whatever_its_cookies(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        one = await tablet(running)
        before = dict(one.cookies)  # the session that Bea had
        await one.turn()
        for cookies in (before, dict(one.cookies), before | {"staff": "forged"}):
            for door in DOORS:
                if (door.method, door.path) in REACHABLE:
                    continue
                one.cookies = dict(cookies)
                page = await one.send(door.method, url(door))
                script = await one.send(door.method, url(door), **{"HX-Request": "true"})
                assert page.status_code in {303, 403}, door
                assert page.headers.get("location", "/turned") == "/turned", door
                assert script.headers["hx-redirect"] == "/turned", door
                for name in ("Otto", "Musterfrau", "Bea"):
                    assert name not in page.text + script.text


def test_the_table_lets_a_turned_tablet_nowhere_else():
    open_doors = {(d.method, d.path) for d in DOORS if Audience.TURNED in d.audiences}
    assert open_doors == REACHABLE


@pytest.mark.asyncio
async def test_an_unknown_address_leads_to_the_page_too(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        one = await tablet(running)
        await one.turn()
        assert (await one.get("/customers")).headers["location"] == "/turned"
        assert (await one.get("/turned/c-2")).headers["location"] == "/turned"


@pytest.mark.asyncio
async def test_the_page_names_this_customer_and_nobody_else(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        one = await tablet(running)
        await one.turn()
        text = (await one.get("/turned")).text
        assert "Mira Musterfrau" in text
        assert "Otto" not in text
        assert "Bea" not in text


@pytest.mark.asyncio
async def test_the_session_of_who_turned_it_is_over(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        one = await tablet(running)
        session = one.cookies["staff"]
        await one.turn()
        await running.agent.storage.write(lambda tx: tx.execute("DELETE FROM turned_tablets"))
        one.cookies["staff"] = session  # even if the lock itself were lost
        assert (await one.get("/")).headers["location"] == "/login"


@pytest.mark.asyncio
async def test_only_a_pin_turns_it_back(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        one = await tablet(running)
        await one.turn()
        wrong = await one.post("/turned/back", staff_id="s-bea", pin="1111")
        assert wrong.status_code == 401
        assert (await one.get("/")).headers["location"] == "/turned"
        right = await one.post("/turned/back", staff_id="s-bea", pin=PIN)
        assert right.headers["location"] == "/customers/c-1"
        assert (await one.get("/")).status_code == 200
        assert (await one.get("/turned")).headers["location"] == "/"


@pytest.mark.asyncio
async def test_it_stays_turned_over_a_restart(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        one = await tablet(running)
        await one.turn()
        cookies, clock = one.cookies, running.clock
    async with shop(tmp_path, PEOPLE, clock) as running:
        one = type(one)(running, cookies)
        assert (await one.get("/")).headers["location"] == "/turned"
        assert "Mira Musterfrau" in (await one.get("/turned")).text


@pytest.mark.asyncio
async def test_idle_it_says_goodbye_and_stays_locked(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        one = await tablet(running)
        await one.turn()
        assert "noch da" not in (await one.get("/turned/still")).text
        running.clock.advance(95)
        assert "noch da" in (await one.get("/turned/still")).text
        await one.post("/turned/stay")
        running.clock.advance(100)
        assert "Mira" in (await one.get("/turned")).text
        running.clock.advance(30)
        assert (await one.get("/turned/still")).headers["hx-redirect"] == "/turned"
        text = (await one.get("/turned")).text
        assert "Vielen Dank" in text
        assert "Mira" not in text
        await one.post("/turned/stay")  # too late
        assert "Mira" not in (await one.get("/turned")).text
        assert (await one.get("/")).headers["location"] == "/turned"


@pytest.mark.asyncio
async def test_done_shows_nothing_of_the_customer_any_more(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        one = await tablet(running)
        await one.turn()
        await one.post("/turned/done")
        assert "Mira" not in (await one.get("/turned")).text
        assert (await one.get("/")).headers["location"] == "/turned"


@pytest.mark.asyncio
async def test_a_tablet_is_not_turned_to_somebody_who_may_not_be_named(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        one = await tablet(running)
        answer = await one.post("/turned", customer_id="nobody", kind="consent")
        assert answer.status_code == 404
        assert (await one.get("/")).status_code == 200


@pytest.mark.asyncio
async def test_who_turned_it_for_whom_is_in_the_access_log(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        one = await tablet(running)
        await one.turn()
        rows = await running.agent.storage.read(
            lambda view: view.ledger.execute(
                "SELECT staff_id, customer_id FROM access_log WHERE action = 'turned'"
            ).fetchall()
        )
        assert [tuple(row) for row in rows] == [("s-bea", "c-1")]


@pytest.mark.asyncio
async def test_tapping_for_ever_does_not_keep_it_open_beyond_half_an_hour(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        one = await tablet(running)
        await one.turn()
        for _ in range(17):
            running.clock.advance(100)
            await one.post("/turned/stay")
        assert "Mira" in (await one.get("/turned")).text
        running.clock.advance(100)
        assert "Mira" not in (await one.get("/turned")).text


taps = st.lists(st.floats(min_value=-3600, max_value=3600), max_size=8)


@given(taps, st.floats(min_value=-7200, max_value=7200))
def test_a_grant_never_outlives_its_end_whatever_the_clock_does(steps, after):
    grant = Grant("d", "c", TurnedPage.CONSENT, "de", "s", AT, AT)
    now = AT
    for step in steps:
        now += timedelta(seconds=step)
        if grant.is_open(now):  # as `Turning.stay` does
            grant = Grant("d", "c", TurnedPage.CONSENT, "de", "s", AT, now)
    now += timedelta(seconds=after)
    if grant.is_open(now):
        assert now < AT + LONGEST
        assert now - grant.last_at < IDLE
    assert grant.expires_at <= AT + LONGEST
    assert not grant.is_open(grant.expires_at)
