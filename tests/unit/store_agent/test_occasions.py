"""Offers that wait for an occasion: the nth visit, the weather, a basket."""

from __future__ import annotations

from datetime import timedelta

import pytest
from builders import STORE, customer, offer, shop, wallet_pass

RAIN = {
    "conditions": ["rain"],
    "as_of": "2026-11-21T08:00:00Z",
    "valid_until": "2026-11-21T23:00:00Z",
}
KNOWN = [customer(), wallet_pass()]


async def shown(running) -> list[str]:
    return [one["offer_id"] for one in (await running.scan()).json()["offers"]]


@pytest.mark.asyncio
async def test_an_offer_for_every_second_visit_is_shown_on_the_second(tmp_path):
    second = offer(triggers=[{"kind": "nth_visit", "nth": 2}])
    async with shop(tmp_path, [*KNOWN, second]) as running:
        assert await shown(running) == []
        assert await shown(running) == []  # the same visit
        running.clock.advance(3 * 3600)
        await running.agent.clienteling.end_idle_visits(timedelta(hours=2))
        assert await shown(running) == ["o-1"]


@pytest.mark.asyncio
async def test_an_offer_for_rain_waits_for_rain_here_and_now(tmp_path):
    rainy = offer(triggers=[{"kind": "weather", "weather": ["rain", "snow"]}])
    async with shop(tmp_path, [*KNOWN, rainy]) as running:
        assert await shown(running) == []
        await running.learn(("weather", "elsewhere", RAIN))
        assert await shown(running) == []
        await running.learn(("weather", STORE, RAIN))
        assert await shown(running) == ["o-1"]
        running.clock.advance(24 * 3600)
        assert await shown(running) == []


@pytest.mark.asyncio
async def test_an_offer_for_a_basket_is_not_shown_at_the_door(tmp_path):
    at_till = offer(triggers=[{"kind": "basket"}])
    async with shop(tmp_path, [*KNOWN, at_till]) as running:
        assert await shown(running) == []
        body = {
            "revision": 1,
            "currency": "EUR",
            "customer_ref": "c-1",
            "lines": [{"line_id": "1", "sku": "A", "qty": "1", "unit_price": 1000}],
        }
        found = (await running.post("/pos/v1/baskets/t/evaluate", body)).json()
        assert [one["offer_id"] for one in found["offers"]] == ["o-1"]
