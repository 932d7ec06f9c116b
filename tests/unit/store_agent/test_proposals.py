"""Proposals at the till hook's doors: shown with the basket, answered once, never for another."""

from __future__ import annotations

import asyncio

import pytest
from builders import STORE, customer, offer, shop, wallet_pass

VOUCHER = {
    "id": "v-1",
    "customer_id": "c-1",
    "title": {"de": "10 € ab 50 €", "en": "€10 off from €50"},
    "benefit": {"kind": "amount", "value": 1000},
    "owner_store": STORE,
}
KNOWN = [customer(), wallet_pass(), ("vouchers", "v-1", VOUCHER), offer()]
BASKET = {
    "revision": 1,
    "currency": "EUR",
    "customer_ref": "c-1",
    "lines": [{"line_id": "1", "sku": "A", "qty": "1", "unit_price": 6000}],
}
PAID = {
    "currency": "EUR",
    "customer_ref": "c-1",
    "lines": BASKET["lines"],
    "receipt": {"number": "R1", "business_date": "2026-11-21", "till": "till-0", "seq": 1},
    "totals": {"gross": 6000},
    "applied": [],
    "tenders": [{"kind": "card", "amount": 6000}],
}
AT = "/pos/v1/baskets/txn-1"


async def evaluated(running, **headers):
    told = await running.post(f"{AT}/evaluate", BASKET, token="till", **headers)
    assert told.status_code == 200, told.text
    return told.json()


def proposed(running):
    board, now = running.agent.board, running.clock.now()
    (basket,) = board.tills(now)
    return board.propose(basket.till, "v-1", "10 € ab 50 €", "c-1", "s-bea", now)


async def answered(running, proposal_id, body, token="till"):
    return await running.post(f"/pos/v1/proposals/{proposal_id}", body, token=token)


@pytest.mark.asyncio
async def test_a_proposal_comes_with_the_next_evaluation_until_it_is_answered(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        assert (await evaluated(running))["messages"] == []
        made = proposed(running)
        (told,) = (await evaluated(running, **{"Accept-Language": "en"}))["messages"]
        assert (told["kind"], told["proposal_id"], told["offer_id"]) == ("proposal", made.id, "v-1")
        assert told["text"] == "From the shop floor: apply “10 € ab 50 €”?"
        assert (await answered(running, made.id, {"accepted": False})).json() == {
            "proposal_id": made.id,
            "offer_id": "v-1",
            "status": "declined",
        }
        assert (await evaluated(running))["messages"] == []


@pytest.mark.asyncio
async def test_answering_twice_gives_the_same_answer(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        await evaluated(running)
        made = proposed(running)
        first = await answered(running, made.id, {"accepted": True, "total": 5000})
        again = await answered(running, made.id, {"accepted": False})
        assert first.json() == again.json()
        assert first.json()["status"] == "accepted"


@pytest.mark.asyncio
async def test_unknown_late_and_foreign_answers_are_404(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        await evaluated(running)
        made = proposed(running)
        yes = {"accepted": True}
        assert (await answered(running, "nothing", yes)).status_code == 404
        assert (await answered(running, made.id, yes, token="admin")).status_code == 404
        running.clock.advance(300)
        late = await answered(running, made.id, yes)
        assert late.status_code == 404
        assert late.headers["content-type"] == "application/problem+json"


@pytest.mark.asyncio
async def test_an_answer_has_to_be_a_yes_or_a_no(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        await evaluated(running)
        told = await answered(running, proposed(running).id, {"accepted": "perhaps"})
        assert told.status_code == 422


@pytest.mark.asyncio
@pytest.mark.parametrize(("verb", "body"), [("commit", PAID), ("void", {"reason": "cancelled"})])
async def test_a_finished_sale_takes_its_basket_off_the_board(tmp_path, verb, body):
    async with shop(tmp_path, KNOWN) as running:
        await evaluated(running)
        made = proposed(running)
        key = {"Idempotency-Key": '"k-1"'}
        done = await running.post(f"{AT}/{verb}", body, token="till", **key)
        assert done.status_code == 200, done.text
        assert running.agent.board.tills(running.clock.now()) == ()
        assert (await answered(running, made.id, {"accepted": True})).status_code == 404


@pytest.mark.asyncio
async def test_a_till_can_wait_for_a_proposal(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        await evaluated(running)
        asked = asyncio.create_task(running.get("/pos/v1/proposals?wait=2", token="till"))
        await asyncio.sleep(0.05)
        assert not asked.done()
        made = proposed(running)
        (told,) = (await asked).json()["proposals"]
        assert told["proposal_id"] == made.id
