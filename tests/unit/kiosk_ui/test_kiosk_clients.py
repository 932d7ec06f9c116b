"""The client book on the tablet, and contact on the customer page."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from unit.kiosk_ui.test_kiosk_notes import FRAGMENT, MIRA, tablet

pytestmark = pytest.mark.asyncio
WHO = {"customer_id": MIRA}


async def key_of(browser, channel):
    page = (await browser.get(f"/customers/{MIRA}")).text
    form = next(one for one in page.split("<form") if f'value="{channel}"' in one)
    return re.search(r'name="key" value="([^"]+)"', form)[1]


async def test_the_list_is_by_need_with_reasons_in_words():
    async with tablet() as (browser, _):
        text = (await browser.get("/mine")).text
        names = ("Mira Musterfrau", "Ayla Fiktiv", "Selin Exempel", "Jonas Beispiel")
        places = [text.index(f'dir="auto">{name}') for name in names]
        assert places == sorted(places)
        for words in (
            "A task is overdue · Close to the next tier",
            "Birthday today",
            "bought 92 days ago",
            "no contact yet",
            "May be reached: Phone, E-mail",
            "Please do not contact: was contacted often enough this month",
        ):
            assert words in text


async def test_somebody_without_clients_is_told_how_to_get_some():
    async with tablet("de") as (browser, advice):
        advice.mine.clear()
        assert "Sie betreuen noch niemanden." in (await browser.get("/mine")).text


async def test_a_contact_is_one_tap_and_the_same_tap_twice_is_one_contact():
    async with tablet() as (browser, advice):
        key = await key_of(browser, "phone")
        assert key == await key_of(browser, "phone")
        form = WHO | {"key": key, "channel": "phone"}
        answer = await browser.post("/touches", data=form, headers=FRAGMENT)
        assert "Last contact: Phone" in " ".join(answer.text.split())
        assert advice.cards[MIRA].last.by == "Bea Beispiel"
        assert key != await key_of(browser, "phone")
        answer = await browser.post(f"/touches/{key}/take-back", data=WHO)
        assert answer.headers["location"] == f"/customers/{MIRA}"
        assert advice.cards[MIRA].last is None


async def test_a_closed_channel_says_why_and_takes_no_tap():
    async with tablet() as (browser, _):
        text = (await browser.get(f"/customers/{MIRA}")).text
        assert "has not agreed to it" in text
        assert "I sent it" not in text
        key = await key_of(browser, "phone")
        form = WHO | {"key": key, "channel": "message"}
        assert (await browser.post("/touches", data=form)).status_code == 422


async def test_looking_after_somebody_is_one_tap():
    async with tablet() as (browser, advice):
        answer = await browser.post("/clients", data=WHO | {"let_go": "true"}, headers=FRAGMENT)
        assert "looked after by nobody yet" in answer.text
        answer = await browser.post("/clients", data=WHO, headers=FRAGMENT)
        assert "looked after by Bea Beispiel" in answer.text
        assert advice.cards[MIRA].advisor == "bea"


async def test_a_long_list_shows_the_most_urgent_and_says_how_many_follow():
    async with tablet() as (browser, advice):
        row = advice.mine["bea"][0]
        advice.mine["bea"] = tuple(replace(row, customer_id=f"c-{n}") for n in range(60))
        text = (await browser.get("/mine")).text
        assert text.count('class="person client wanting"') == 50
        assert "and 10 more" in text
