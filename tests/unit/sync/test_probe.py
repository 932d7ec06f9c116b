"""A harmless question to a receiver: is it there, does it know us, what time is it there?"""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from sync.transports import csv_file, segment, table
from sync.transports.http import HttpLine
from sync.transports.probe import Reach, ask

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
EPOCH_DATE = {"date": "Sat, 21 Nov 2026 10:07:00 GMT"}

pytestmark = pytest.mark.asyncio


async def asked(handler):
    line = HttpLine("https://receiver.example", None, lambda: NOW, httpx.MockTransport(handler))
    return await ask(line, lambda: NOW, "GET", "/")


async def test_who_answers_is_there_and_tells_the_time():
    found = await asked(lambda _: httpx.Response(405, headers=EPOCH_DATE))
    assert found.reach is Reach.THERE
    assert found.seen == "answers (405)"
    assert found.clock_offset_s == 420.0


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_secret_is_told_with_its_remedy(status):
    found = await asked(lambda _: httpx.Response(status))
    assert found.reach is Reach.REFUSED
    assert found.remedy
    assert found.clock_offset_s is None


async def test_a_dead_line_is_told():
    def fail(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    found = await asked(fail)
    assert found.reach is Reach.NOWHERE
    assert found.remedy


async def test_a_folder_is_looked_at(tmp_path):
    folder = tmp_path / "stick"
    settings = csv_file.Settings(folder=folder)
    missing = await table.probe("csv", settings, lambda: NOW)
    assert missing.reach is Reach.NOWHERE
    assert missing.remedy
    folder.mkdir()
    there = await table.probe("csv", settings, lambda: NOW)
    assert there.reach is Reach.THERE
    assert "MiB free" in there.seen
    assert list(folder.iterdir()) == []


async def test_a_kind_without_a_question_is_not_asked(monkeypatch):
    monkeypatch.delattr(csv_file, "probe")
    found = await table.probe("csv", csv_file.Settings(folder="/nowhere"), lambda: NOW)
    assert found.reach is Reach.THERE
    assert "not asked" in found.seen


@pytest.mark.parametrize(
    ("url", "warns"), [("https://api.segment.io", True), ("https://plane.example", False)]
)
async def test_a_host_that_says_yes_to_everybody_is_not_trusted(monkeypatch, url, warns):
    monkeypatch.setattr(
        "sync.transports.segment.HttpLine",
        lambda url, token, now, meaning: HttpLine(
            url, token, now, httpx.MockTransport(lambda _: httpx.Response(200)), meaning=meaning
        ),
    )
    settings = segment.Settings(url=url, write_key="k")
    found = await table.probe("segment", settings, lambda: NOW)
    assert found.reach is Reach.THERE
    assert bool(found.remedy) is warns
