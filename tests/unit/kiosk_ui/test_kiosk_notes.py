"""Notes on the tablet: a sheet that loses nothing, a warning before saving, a way back."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest

from kiosk_ui.advice.area import advice_areas
from kiosk_ui.advice.fake import sample_advice
from kiosk_ui.fake_app import DEVICE_TOKEN, SESSION_TOKEN, build_fake_kiosk
from kiosk_ui.fake_cast import MIRA

NOW = datetime(2026, 11, 21, 13, 23, 8, tzinfo=UTC)
FRAGMENT = {"HX-Request": "true"}
NAMES = {MIRA: "Mira Musterfrau"}

pytestmark = pytest.mark.asyncio


@asynccontextmanager
async def tablet(language="en"):
    made = []

    def areas(hub):
        made.append(sample_advice(hub, lambda: NOW, NAMES))
        return advice_areas(made[0])

    kiosk = build_fake_kiosk(lambda: NOW, time.monotonic, areas)
    cookies = {
        "__Host-device": DEVICE_TOKEN,
        "__Host-staff": SESSION_TOKEN,
        "__Host-language": language,
    }
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(kiosk.app),
        base_url="https://box.example.com",
        cookies=cookies,
    ) as browser:
        yield browser, made[0]


def filled(text, **fields):
    return {"key": str(uuid4()), "customer_id": MIRA, "text": text} | fields


async def test_the_customer_page_shows_notes_with_author_and_age():
    async with tablet() as (browser, _):
        text = (await browser.get(f"/customers/{MIRA}")).text
        assert text.index("Dunkelgrün") < text.index("in Ruhe anzuprobieren")
        assert "Emil Entwurf" in text
        assert f'href="/notes/new?customer_id={MIRA}"' in text


async def test_a_note_is_written_on_a_sheet_of_its_own():
    async with tablet() as (browser, advice):
        sheet = await browser.get(f"/notes/new?customer_id={MIRA}")
        assert "Note on Mira Musterfrau" in sheet.text
        form = filled("Kommt wieder")
        for _ in range(2):
            answer = await browser.post("/notes", data=form)
            assert (answer.status_code, answer.headers["location"]) == (303, f"/customers/{MIRA}")
        assert [row.text for row in await advice.notes(MIRA)].count("Kommt wieder") == 1
        answer = await browser.post("/notes", data=filled("Und noch eins"), headers=FRAGMENT)
        assert (answer.status_code, answer.headers["hx-redirect"]) == (204, f"/customers/{MIRA}")


async def test_a_warning_comes_before_saving_and_keeps_what_was_typed():
    async with tablet() as (browser, advice):
        form = filled("War lange krank & ist wieder da")
        answer = await browser.post("/notes", data=form, headers=FRAGMENT)
        assert answer.status_code == 200
        assert "Not saved yet." in answer.text
        assert "health" in answer.text
        assert "War lange krank &amp; ist wieder da</textarea>" in answer.text
        assert form["key"] in answer.text
        assert len(await advice.notes(MIRA)) == 2
        again = await browser.post("/notes", data=form | {"warned": "health"})
        assert again.status_code == 303
        assert len(await advice.notes(MIRA)) == 3


async def test_a_card_number_is_refused_even_after_the_warning():
    async with tablet() as (browser, advice):
        answer = await browser.post("/notes", data=filled("4111", warned="payment_card"))
        assert answer.status_code == 422
        assert "payment card" in answer.text
        assert "Save all the same" not in answer.text
        assert len(await advice.notes(MIRA)) == 2


async def test_a_note_is_removed_in_one_tap_and_comes_back_in_one():
    async with tablet() as (browser, _):
        who = {"customer_id": MIRA}
        answer = await browser.post("/notes/note-1/remove", data=who, headers=FRAGMENT)
        assert "Note removed." in answer.text
        assert "anzuprobieren" not in answer.text
        answer = await browser.post("/notes/note-1/restore", data=who, headers=FRAGMENT)
        assert "anzuprobieren" in answer.text
        assert (await browser.post("/notes/none/remove", data=who)).status_code == 404


async def test_nobody_who_may_not_be_named_has_a_sheet():
    async with tablet() as (browser, _):
        assert (await browser.get("/notes/new?customer_id=nobody")).status_code == 404


async def test_it_speaks_german():
    async with tablet("de") as (browser, _):
        answer = await browser.post("/notes", data=filled("krank"), headers=FRAGMENT)
        assert "Noch nicht gespeichert." in answer.text
        assert "Gesundheit" in answer.text
