"""The simulated till on the real hook: prices, holds, sells, voids, takes back, catches up."""

from __future__ import annotations

from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

import httpx
import pytest
from builders import STORE, TOKENS, customer, offer, shop, wallet_pass

from pos_adapters.simulated import BasketLine, SimulatedTill

COAT = [BasketLine("M1", 2, 6000, category="coats")]
VOUCHER = {
    "id": "v-1",
    "customer_id": "c-1",
    "title": {"de": "10 € ab 50 €"},
    "benefit": {"kind": "amount", "value": 1000},
    "min_basket_minor": 5000,
    "owner_store": STORE,
}
KNOWN = [customer(points=300), wallet_pass(), offer(), ("vouchers", "v-1", VOUCHER)]


@asynccontextmanager
async def till_in(running):
    transport = httpx.ASGITransport(running.agent.web, raise_app_exceptions=False)
    till = SimulatedTill(
        "http://127.0.0.1",
        TOKENS["till"],
        "till-0",
        running.clock.now,
        zone=ZoneInfo("Europe/Berlin"),
        client=lambda **options: httpx.AsyncClient(transport=transport, **options),
    )
    async with till:
        yield till


@pytest.mark.asyncio
async def test_it_sells_with_the_voucher_and_the_offer_it_held(tmp_path):
    async with shop(tmp_path, KNOWN) as running, till_in(running) as till:
        ref = await till.identify("MEMBER-1", "t-1")
        priced = await till.price(COAT, ref, txn_id="t-1")
        assert dict(priced.applied) == {"v-1": 1000, "o-1": 2200}
        sale = till.ring_up(COAT, ref, priced=priced)
        assert sale.gross == 12000 - 3200
        told = await till.commit(sale)
        assert told["status"] == "committed"
        assert {one["state"] for one in told["redemptions"]} == {"redeemed"}
        again = await till.price(COAT, ref, txn_id="t-1", revision=2)
        assert again.applied == ()  # the basket is closed: nothing can be held for it


@pytest.mark.asyncio
async def test_a_parked_basket_keeps_its_hold_while_the_till_renews_it(tmp_path):
    async with shop(tmp_path, KNOWN) as running, till_in(running) as till:
        ref = await till.identify("MEMBER-1", "t-1")
        await till.price(COAT, ref, txn_id="t-1")
        for revision in range(2, 6):
            running.clock.advance(600)
            assert (await till.price(COAT, ref, txn_id="t-1", revision=revision)).off_minor == 3200
        other = await till.identify("MEMBER-1", "t-2")
        assert "v-1" not in dict((await till.price(COAT, other, txn_id="t-2")).applied)


@pytest.mark.asyncio
async def test_a_cancelled_basket_lets_go_and_a_returned_one_gives_back(tmp_path):
    async with shop(tmp_path, KNOWN) as running, till_in(running) as till:
        ref = await till.identify("MEMBER-1", "t-1")
        await till.price(COAT, ref, txn_id="t-1")
        assert (await till.void("t-1"))["was"] == "open"
        ref = await till.identify("MEMBER-1", "t-2")
        sale = till.ring_up(COAT, ref, priced=await till.price(COAT, ref, txn_id="t-2"))
        await till.commit(sale)
        told = await till.take_back(sale, 0, 2)
        assert told["voucher_effects"] == [
            {"voucher_id": "v-1", "action": "restore", "amount": 1000}
        ]
        assert told["clawback"] == 88


@pytest.mark.asyncio
async def test_what_was_sold_without_the_agent_is_uploaded_once(tmp_path):
    async with shop(tmp_path, KNOWN) as running, till_in(running) as till:
        sales = [till.ring_up(COAT) for _ in range(3)]
        for _ in range(2):
            told = await till.upload(sales)
            assert [one["status"] for one in told] == ["done"] * 3
        assert (await running.types()).count("store.sale.recorded") == 3


@pytest.mark.asyncio
async def test_without_the_agent_the_till_sells_at_full_price(tmp_path):
    async with shop(tmp_path, KNOWN) as running, till_in(running) as till:
        await running.agent.storage.close()
        priced = await till.price(COAT, "c-1")
        assert till.ring_up(COAT, "c-1", priced=priced).gross == 12000
