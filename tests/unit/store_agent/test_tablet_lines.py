"""The lines page over the real ledger: what it shows, what its buttons do, who took the file."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import orjson
import pytest
from builders import Shop, shop

from kiosk_ui.lines import LineState
from kiosk_ui.model import Role, Viewer
from store_agent.commands import outbox as command
from store_agent.storage import access_log
from store_agent.tablet import lines
from store_agent.tablet.lines import TabletLines
from sync import outbox
from sync.outbox import OutboxEvent

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
MANAGER = Viewer("tablet-1", "Tablet", "s-max", "Max Muster", Role.MANAGER, "de")
PERSON = "c-erika"
PLATFORM = {"url": "https://platform.example", "token": "token-of-the-shop"}
HOOK = {
    "name": "hook",
    "kind": "webhook",
    "url": "https://hooks.example/shop",
    "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
}

pytestmark = pytest.mark.asyncio


@asynccontextmanager
async def a_shop(folder, events: int = 5, refused: int = 3):
    def fill(tx) -> None:
        outbox.enrol(tx, {"platform": True, "hook": True})
        for n in range(1, events + 1):
            outbox.put(tx, OutboxEvent(f"e{n}", "store.scan.recorded", AT, b"{}", PERSON))
        for row in outbox.page(tx, "hook", outbox.Lane.ORDINARY, 1000)[:refused]:
            outbox.quarantine(tx, row, "hook", "http_400", "no", AT)

    async with shop(folder, platform=PLATFORM, transports=[HOOK]) as s:
        await s.agent.storage.write(fill)
        yield s, TabletLines(s.agent.storage, s.agent.sync, s.clock)


async def log_of(s: Shop, customer_id: str) -> list[access_log.Access]:
    return await s.agent.storage.read(lambda view: access_log.of_customer(view.ledger, customer_id))


async def test_it_shows_each_line_with_the_ledgers_own_numbers(tmp_path):
    async with a_shop(tmp_path) as (_, page):
        view = await page.look()
        platform, hook = view.lines
        assert (platform.name, platform.state, platform.waiting) == (
            "platform",
            LineState.STARTING,
            5,
        )
        assert (hook.refused, view.refused_in_all) == (3, 3)
        assert [one.id for one in view.refused] == ["e1", "e2", "e3"]
        assert PERSON not in repr(view)


async def test_one_is_sent_again(tmp_path):
    async with a_shop(tmp_path) as (_, page):
        await page.retry("hook", "e2", MANAGER)
        view = await page.look()
        assert [one.id for one in view.refused] == ["e1", "e3"]
        assert view.lines[1].refused == 2
        for line, event in (("hook", "e2"), ("platform", "e1"), ("nobody", "e1")):
            with pytest.raises(LookupError):
                await page.retry(line, event, MANAGER)


async def test_all_are_sent_again_page_by_page(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "PAGE", 2)
    async with a_shop(tmp_path, events=9, refused=7) as (_, page):
        await page.retry_all("hook", MANAGER)
        assert (await page.look()).refused_in_all == 0
        with pytest.raises(LookupError):
            await page.retry_all("nobody", MANAGER)


async def test_what_may_have_arrived_is_sent_again_by_name_only(tmp_path):
    async with a_shop(tmp_path, refused=2) as (s, page):
        await s.agent.storage.write(
            lambda tx: tx.execute(
                "UPDATE outbox_quarantine SET code = 'delivery_unknown' WHERE id = 'e1'"
            )
        )
        await page.retry_all("hook", MANAGER)
        assert [one.id for one in (await page.look()).refused] == ["e1"]
        assert await asyncio.to_thread(command.retry, s.agent.settings, [], None) == 0
        assert await asyncio.to_thread(command.retry, s.agent.settings, ["e1"], "hook") == 1
        assert (await page.look()).refused == ()


async def test_the_file_has_everything_and_the_customer_learns_who_took_it(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "PAGE", 2)
    async with a_shop(tmp_path) as (s, page):
        text = b"".join([piece async for piece in page.export(MANAGER)])
        taken = [orjson.loads(line) for line in text.splitlines()]
        assert [(one["id"], one["subject"]) for one in taken] == [
            ("e1", PERSON),
            ("e2", PERSON),
            ("e3", PERSON),
        ]
        logged = await log_of(s, PERSON)
        assert {(one.staff_id, one.action) for one in logged} == {("s-max", "refused events")}


async def test_a_shop_that_stands_alone_has_no_lines(tmp_path):
    async with shop(tmp_path) as s:
        page = TabletLines(s.agent.storage, s.agent.sync, s.clock)
        assert (await page.look()).lines == ()
        with pytest.raises(LookupError):
            await page.retry_all("platform", MANAGER)


async def test_the_page_stands_behind_the_guard(tmp_path):
    async with a_shop(tmp_path) as (s, _):
        for path in ("/lines", "/lines/refused-events.jsonl"):
            assert (await s.client.get(path)).status_code in {303, 401}
        for path in ("/lines/hook/retry", "/lines/hook/events/e1/retry"):
            assert (await s.client.post(path)).status_code in {303, 401, 403}
