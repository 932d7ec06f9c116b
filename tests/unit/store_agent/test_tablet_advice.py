"""Advice through the agent's own doors: a signed-in tablet writes, and every page has it."""

from __future__ import annotations

from uuid import uuid4

import pytest
from builders import customer, shop, staff, wallet_pass

from kiosk_ui.model import Device

PEOPLE = (customer(advisor="s-bea"), wallet_pass(), staff())
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


async def sign_in(running):
    access = running.agent.access
    token = await access.pair("paircode", "Schuhe")
    device = await access.device(token)
    assert isinstance(device, Device)
    await access.set_pin("s-bea", "123456")
    session = await access.login(device, "s-bea", "123456")
    running.client.cookies.update({"device": token, "staff": session, "language": "en"})


@pytest.mark.asyncio
async def test_what_is_written_at_a_tablet_stands_on_its_pages(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        await sign_in(running)
        browser = running.client
        for path, form in (
            ("/notes", {"text": "Likes green"}),
            ("/tasks", {"text": "Ring her", "kind": "follow_up", "assignee": "s-bea"}),
            ("/touches", {"channel": "in_person"}),
        ):
            form |= {"key": str(uuid4()), "customer_id": "c-1"}
            answer = await browser.post(path, data=form, headers=SAME_ORIGIN)
            assert (answer.status_code, answer.headers["location"]) == (303, "/customers/c-1")
        page = (await browser.get("/customers/c-1")).text
        for words in ("Likes green", "Ring her", "looked after by Bea Beispiel", "Last contact:"):
            assert words in page
        assert "Ring her" in (await browser.get("/tasks")).text
        assert "Mira Musterfrau" in (await browser.get("/mine")).text
        kinds = [kind for kind, _, _ in await running.events()]
        assert kinds == ["store.note.recorded", "store.task.changed", "store.touch.recorded"]


@pytest.mark.asyncio
async def test_the_sentence_is_answered_through_the_door(tmp_path):
    right = {
        "id": "v-1",
        "customer_id": "c-1",
        "title": {"de": "10 € ab 50 €"},
        "benefit": {"kind": "amount", "value": 1000},
    }
    async with shop(tmp_path, (*PEOPLE, ("vouchers", "v-1", right))) as running:
        await sign_in(running)
        visit_id = (await running.scan()).json()["visit_id"]
        form = {"customer_id": "c-1", "topic": "right:v-1", "outcome": "not_interested"}
        url = f"/visits/{visit_id}/answer"
        answer = await running.client.post(url, data=form, headers=SAME_ORIGIN)
        assert answer.status_code == 303
        page = (await running.client.get("/customers/c-1")).text
        assert "It will not be suggested for half a year." in page
