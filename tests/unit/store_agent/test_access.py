"""Pairing a tablet, signing in, and being locked out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from builders import Shop, customer, shop, staff, wallet_pass

from kiosk_ui.errors import LoginReason, LoginRefused, PairingRefused
from kiosk_ui.model import Device
from store_agent.storage import devices

PEOPLE = (customer(), wallet_pass(), staff(), staff("s-max", "Max Muster", "manager"))


async def paired(running: Shop) -> Device:
    token = await running.agent.access.pair("paircode", "Schuhe")
    device = await running.agent.access.device(token)
    assert device is not None
    return device


@pytest.mark.asyncio
async def test_a_tablet_with_the_code_is_known_by_its_cookie(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        device = await paired(running)
        assert device.name == "Schuhe"
        assert await running.agent.access.device("forged") is None


@pytest.mark.asyncio
async def test_a_revoked_tablet_is_a_stranger(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        token = await running.agent.access.pair("PAIRCODE", "Schuhe")
        device = await running.agent.access.device(token)
        now = running.clock.now()
        await running.agent.storage.write(lambda tx: devices.revoke(tx, device.id, now))
        assert await running.agent.access.device(token) is None


@pytest.mark.asyncio
async def test_guessing_the_pairing_code_ends_after_five_attempts(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        for _ in range(5):
            with pytest.raises(PairingRefused, match="wrong"):
                await running.agent.access.pair("GUESS", "x")
        with pytest.raises(PairingRefused, match="many"):
            await running.agent.access.pair("PAIRCODE", "x")
        running.clock.advance(301)
        await paired(running)


@pytest.mark.asyncio
async def test_the_right_pin_opens_a_session_bound_to_the_tablet(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        access, device = running.agent.access, await paired(running)
        await access.set_pin("s-max", "123456")
        token = await access.login(device, "s-max", "123456")
        viewer = await access.viewer(device, token, "en")
        assert (viewer.staff_name, viewer.role, viewer.language) == ("Max Muster", "manager", "en")
        other = Device("another", "Damen")
        assert await access.viewer(other, token, "en") is None


@pytest.mark.asyncio
async def test_a_session_ends_at_night_when_locked_and_with_the_next_login(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        access, device = running.agent.access, await paired(running)
        await access.set_pin("s-bea", "123456")
        first = await access.login(device, "s-bea", "123456")
        second = await access.login(device, "s-bea", "123456")
        assert await access.viewer(device, first, "de") is None
        await access.lock(device, second)
        assert await access.viewer(device, second, "de") is None
        third = await access.login(device, "s-bea", "123456")
        running.clock.advance(timedelta(hours=22).total_seconds())
        assert await access.viewer(device, third, "de") is None


@pytest.mark.asyncio
async def test_five_wrong_pins_lock_the_person_for_a_while(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        access, device = running.agent.access, await paired(running)
        await access.set_pin("s-bea", "123456")
        reasons = []
        for _ in range(6):
            with pytest.raises(LoginRefused) as caught:
                await access.login(device, "s-bea", "000000")
            reasons.append(caught.value.reason)
        assert reasons == [LoginReason.WRONG_PIN] * 4 + [LoginReason.LOCKED] * 2
        with pytest.raises(LoginRefused):
            await access.login(device, "s-bea", "123456")
        running.clock.advance(301)
        assert await access.login(device, "s-bea", "123456")


@pytest.mark.asyncio
async def test_without_a_pin_nobody_gets_in(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        with pytest.raises(LoginRefused) as caught:
            await running.agent.access.login(await paired(running), "s-bea", "")
        assert caught.value.reason is LoginReason.NO_PIN


@pytest.mark.asyncio
async def test_neither_pin_nor_token_stands_in_the_ledger(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        access = running.agent.access
        token = await access.pair("PAIRCODE", "Schuhe")
        device = await access.device(token)
        await access.set_pin("s-bea", "123456")
        session = await access.login(device, "s-bea", "123456")
        tables = ("devices", "sessions", "staff_pins")
        rows = await running.agent.storage.read(
            lambda view: str([view.ledger.execute(f"SELECT * FROM {t}").fetchall() for t in tables])
        )
        assert "123456" not in rows
        assert token not in rows
        assert session not in rows


@pytest.mark.asyncio
async def test_the_tablet_walks_in_through_its_own_pages(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        await running.agent.access.set_pin("s-bea", "123456")
        client, own = running.client, {"Origin": "http://127.0.0.1"}
        form = {"code": "paircode", "name": "Schuhe"}
        answer = await client.post("/pair", data=form, headers=own)
        assert answer.headers["location"] == "/login"
        assert (await client.get("/", headers={"Accept": "text/html"})).headers[
            "location"
        ] == "/login"
        form = {"staff_id": "s-bea", "pin": "123456"}
        await client.post("/login", data=form, headers=own)
        await running.scan()
        page = await client.get("/")
        assert page.status_code == 200
        assert "Mira Musterfrau" in page.text
        card = await client.get("/customers/c-1")
        assert "Gold" in card.text
        await client.post("/lock", headers=own)
        locked = await client.get("/", headers={"Accept": "text/html"})
        assert locked.headers["location"] == "/login"


@pytest.mark.asyncio
async def test_every_look_at_a_card_is_in_the_access_log_before_it_is_shown(tmp_path):
    async with shop(tmp_path, PEOPLE) as running:
        await running.get("/api/v1/customers/c-1")
        sql = "SELECT customer_id, action FROM access_log"
        rows = await running.agent.storage.read(lambda v: v.ledger.execute(sql).fetchall())
        assert rows == [("c-1", "profile")]
        await running.agent.storage.close()
        assert (await running.get("/api/v1/customers/c-1")).status_code == 503
