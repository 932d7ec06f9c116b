"""The lines page: managers see what waits and what is refused, and decide."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
import pytest

from kiosk_ui.fake_app import DEVICE_TOKEN, SESSION_TOKEN, build_fake_kiosk
from kiosk_ui.fake_lines import FakeLines, sample_lines
from kiosk_ui.lines import LineRow, LineState, LinesView, lines_area

NOW = datetime(2026, 11, 21, 13, 23, 8, tzinfo=UTC)
FRAGMENT = {"HX-Request": "true"}

pytestmark = pytest.mark.asyncio


@asynccontextmanager
async def tablet(view=None, *, staff="max", language="en"):
    lines = FakeLines(sample_lines(NOW) if view is None else view)
    kiosk = build_fake_kiosk(lambda: NOW, time.monotonic, lambda _: (lines_area(lines),))
    kiosk.access.sessions[SESSION_TOKEN] = ("tablet-1", staff)
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
        yield browser, lines


async def test_a_manager_sees_each_line_in_words():
    async with tablet() as (browser, _):
        text = (await browser.get("/lines")).text
        for words in ("Connected", "Not reachable", "1,204", "3 events refused", "crm", "hook"):
            assert words in text
        assert "compare `secrets`" in text


async def test_it_speaks_german():
    async with tablet(language="de") as (browser, _):
        text = (await browser.get("/lines")).text
        for words in ("Verbunden", "Nicht erreichbar", "1.204", "3 Ereignisse abgelehnt"):
            assert words in text


async def test_it_is_for_managers_only():
    async with tablet(staff="bea") as (browser, lines):
        assert (await browser.get("/lines")).status_code == 403
        assert (await browser.get("/lines/refused-events.jsonl")).status_code == 403
        assert (await browser.post("/lines/crm/retry")).status_code == 403
        assert (await browser.post("/lines/crm/events/e-1/retry")).status_code == 403
        assert 'href="/lines"' not in (await browser.get("/")).text
        assert lines.view == sample_lines(NOW)
        assert lines.taken_by == []


async def test_one_event_is_sent_again_and_the_list_comes_back():
    async with tablet() as (browser, lines):
        answer = await browser.post("/lines/crm/events/e-2/retry", headers=FRAGMENT)
        assert answer.status_code == 200
        assert answer.text.startswith('<div class="lines" id="lines"')
        assert [one.id for one in lines.view.refused] == ["e-1", "e-3"]
        gone = await browser.post("/lines/crm/events/e-2/retry", headers=FRAGMENT)
        assert gone.status_code == 404


async def test_all_of_a_line_are_sent_again_but_for_what_may_have_arrived():
    async with tablet() as (browser, lines):
        answer = await browser.post("/lines/crm/retry")
        assert (answer.status_code, answer.headers["location"]) == (303, "/lines")
        assert [one.code for one in lines.view.refused] == ["delivery_unknown"]
        assert "1 event refused" in (await browser.get("/lines")).text
        assert (await browser.post("/lines/nobody/retry")).status_code == 404


async def test_the_file_is_a_download_that_nothing_keeps():
    async with tablet() as (browser, lines):
        answer = await browser.get("/lines/refused-events.jsonl")
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.text.count("\n") == 3
        assert lines.taken_by == ["max"]


async def test_a_shop_without_receivers_says_so():
    async with tablet(LinesView()) as (browser, _):
        assert "What happens here stays here" in (await browser.get("/lines")).text


async def test_names_and_reasons_from_outside_are_text():
    bad = "<script>alert(1)</script>"
    line = LineRow(bad, LineState.OFFLINE, NOW, reason=bad, hint=bad)
    async with tablet(LinesView((line,))) as (browser, _):
        assert bad not in (await browser.get("/lines")).text
