"""The verbs beyond a plain scan: rotating codes, sales, consent, other people, idle visits."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from builders import customer, offer, shop, wallet_pass

from store_agent.domain.answer import Outcome
from store_agent.domain.catalog import Rotation, TotpField
from store_agent.domain.consent import CLIENTELING, ConsentDecision, ConsentState
from store_agent.domain.customer import PersonState
from store_agent.domain.errors import NotFound, Unavailable
from store_agent.identity.rotating import code_at
from store_agent.storage import changes

KEY = "3132333435363738393031323334353637383930"
ROTATION = {
    "pattern": "ROT-{totp_value_0}",
    "period_ms": 30000,
    "fields": [{"key": KEY, "value_length": 8}],
}
COMMIT = "/pos/v1/baskets/t-1/commit"


def rotating_pass():
    return "passes", "p-rot", {"id": "p-rot", "customer_id": "c-1", "rotation": ROTATION}


def code(at) -> str:
    return code_at(Rotation(ROTATION["pattern"], 30000, (TotpField(KEY, 8),)), at)


def basket(total: int = 12900, **fields) -> dict:
    return {
        "currency": "EUR",
        "lines": [{"line_id": "1", "sku": "coat", "qty": "1", "unit_price": total}],
        "receipt": {"number": "r-1", "business_date": "2026-11-21", "till": "till-0"},
        "totals": {"gross": total},
        "tenders": [{"kind": "card", "amount": total}],
    } | fields


@pytest.mark.asyncio
async def test_a_rotating_code_counts_once_across_lanes(tmp_path):
    async with shop(tmp_path, [customer(), rotating_pass()]) as running:
        shown = code(running.clock.now())
        both = await asyncio.gather(running.scan(shown), running.scan(shown, lane="till-1"))
        answers = sorted(a.json()["reason"] or "" for a in both)
        assert answers == ["", "replayed"]
        assert (await running.types()).count("store.scan.recorded") == 2


@pytest.mark.asyncio
async def test_a_screenshot_of_a_rotating_code_names_nobody_later(tmp_path):
    async with shop(tmp_path, [customer(), rotating_pass()]) as running:
        shown = code(running.clock.now())
        running.clock.advance(600)
        answer = (await running.scan(shown)).json()
        assert answer["customer"] is None
        assert answer["reason"] in {"wrong_code", "outside_window"}


@pytest.mark.asyncio
async def test_rotating_codes_are_refused_while_the_clock_is_certainly_wrong(tmp_path):
    async with shop(tmp_path, [customer(), rotating_pass()]) as running:
        running.clock.wall = running.clock.wall.replace(year=1970)
        assert (await running.scan(code(running.clock.now()))).json()["reason"] == "clock_untrusted"


@pytest.mark.asyncio
async def test_a_sale_is_recorded_once_however_often_the_till_retries(tmp_path):
    async with shop(tmp_path) as running:
        answers = await asyncio.gather(
            *(running.post(COMMIT, basket(), **{"Idempotency-Key": '"k-1"'}) for _ in range(7))
        )
        assert {a.status_code for a in answers} == {200}
        assert len({a.content for a in answers}) == 1
        ((kind, _, data),) = await running.events()
    assert (kind, data["total"], data["till"]) == ("store.sale.recorded", 12900, "till-0")


@pytest.mark.asyncio
async def test_another_sale_under_the_same_key_is_a_conflict(tmp_path):
    async with shop(tmp_path) as running:
        await running.post(COMMIT, basket(), **{"Idempotency-Key": "k-1"})
        answer = await running.post(COMMIT, basket(1), **{"Idempotency-Key": "k-1"})
        assert answer.status_code == 409
        assert len(await running.events()) == 1


@pytest.mark.asyncio
async def test_one_basket_sent_under_two_keys_is_one_sale(tmp_path):
    async with shop(tmp_path) as running:
        for key in ("k-1", "k-2"):
            answer = await running.post(COMMIT, basket(), **{"Idempotency-Key": key})
            assert answer.status_code == 200
        assert len(await running.events()) == 1


@pytest.mark.asyncio
async def test_a_sale_without_a_key_names_the_header(tmp_path):
    async with shop(tmp_path) as running:
        answer = await running.post(COMMIT, basket())
        assert (answer.status_code, answer.json()["field"]) == (422, "Idempotency-Key")


@pytest.mark.asyncio
async def test_a_withdrawal_counts_at_once_and_beats_the_feed_until_confirmed(tmp_path):
    async with shop(tmp_path) as running:
        await running.scan()
        withdrawn = ConsentDecision(CLIENTELING, ConsentState.WITHDRAWN, running.clock.now())
        await running.agent.clienteling.on_consent("c-1", withdrawn, "d-1")
        assert (await running.scan()).json()["reason"] == "no_consent"
        assert (await running.get("/api/v1/presence")).json() == {"visits": [], "arrivals": []}
        late_grant = {
            "purpose": CLIENTELING,
            "state": "granted",
            "decided_at": (running.clock.now() + timedelta(hours=1)).isoformat(),
        }
        await running.learn(customer(consents=[late_grant]), cursor="2")
        assert (await running.scan()).json()["reason"] == "no_consent"


@pytest.mark.asyncio
async def test_a_confirmed_withdrawal_leaves_the_word_to_the_feed(tmp_path):
    async with shop(tmp_path) as running:
        withdrawn = ConsentDecision(CLIENTELING, ConsentState.WITHDRAWN, running.clock.now())
        await running.agent.clienteling.on_consent("c-1", withdrawn, "d-1")
        sql = "SELECT id FROM outbox"
        ((event_id,),) = await running.agent.storage.read(
            lambda view: view.ledger.execute(sql).fetchall()
        )
        from store_agent.app.feed import SyncCache
        from sync.feed import Change, ChangeOp

        async def no_positions(_documents):
            raise AssertionError("there are none in this page")

        cache = SyncCache(
            running.agent.storage,
            running.clock,
            lambda _: None,
            no_positions,
            running.agent.upkeep.take_news,
        )
        _, key, doc = customer()
        await cache.apply([Change("customers", key, ChangeOp.UPSERT, doc, event_id)], "2")
        assert (await running.scan()).json()["customer"]["id"] == "c-1"


@pytest.mark.asyncio
async def test_a_state_set_in_the_shop_acts_at_once(tmp_path):
    async with shop(tmp_path, [customer(), wallet_pass(), offer()]) as running:
        assert (await running.scan()).json()["offers"]
        await running.agent.clienteling.on_person_state("c-1", PersonState.UNDER_16, on=True)
        assert (await running.scan()).json()["offers"] == []
        assert (await running.types())[-2:] == ["store.person.changed", "store.scan.recorded"]


@pytest.mark.asyncio
async def test_somebody_elses_pass_is_nameless_until_the_visit_ends(tmp_path):
    async with shop(tmp_path) as running:
        visit_id = (await running.scan()).json()["visit_id"]
        await running.agent.clienteling.on_other_person(visit_id, other=True)
        assert (await running.scan()).json()["reason"] == "not_this_person"
        assert (await running.get("/api/v1/presence")).json() == {"visits": [], "arrivals": []}
        await running.agent.clienteling.on_other_person(visit_id, other=False)
        assert (await running.scan()).json()["visit_id"] == visit_id


@pytest.mark.asyncio
async def test_a_visit_that_does_not_exist_cannot_be_changed(tmp_path):
    async with shop(tmp_path) as running:
        with pytest.raises(NotFound):
            await running.agent.clienteling.on_other_person("v-0", other=True)
        with pytest.raises(NotFound):
            await running.agent.clienteling.on_answer("v-0", "birthday", Outcome.SAID)
        assert await running.types() == []


@pytest.mark.asyncio
async def test_a_visit_ends_after_a_while_without_evidence_and_a_new_one_starts(tmp_path):
    idle = timedelta(minutes=90)
    async with shop(tmp_path) as running:
        first = (await running.scan()).json()["visit_id"]
        running.clock.advance(80 * 60)
        assert await running.agent.clienteling.end_idle_visits(idle) == 0
        running.clock.advance(11 * 60)
        assert await running.agent.clienteling.end_idle_visits(idle) == 1
        assert (await running.scan()).json()["visit_id"] != first
        assert (await running.types()).count("store.visit.ended") == 1


@pytest.mark.asyncio
async def test_the_control_group_is_exposed_as_withheld_and_sees_nothing(tmp_path):
    withheld = offer(control_share=1.0, control_salt="s")
    async with shop(tmp_path, [customer(), wallet_pass(), withheld]) as running:
        assert (await running.scan()).json()["offers"] == []
        data = next(d for kind, _, d in await running.events() if kind == "store.offer.exposed")
    assert data["exposures"] == [{"offer_id": "o-1", "voucher_id": None, "verdict": "withheld"}]


@pytest.mark.asyncio
async def test_a_closed_agent_acknowledges_nothing(tmp_path):
    async with shop(tmp_path) as running:
        await running.agent.storage.close()
        with pytest.raises(Unavailable):
            await running.agent.storage.write(lambda tx: None)
        assert (await running.scan()).status_code == 503


def test_a_merged_customer_is_recognised_by_the_old_pass(tmp_path):
    async def run() -> None:
        async with shop(tmp_path) as running:
            await running.learn(customer("c-2", display_name="Mira Neumuster"), cursor="2")
            merge = changes.Change("customers", "c-1", "merge", {"old_id": "c-1", "new_id": "c-2"})
            now = running.clock.now()
            await running.agent.storage.write_cache(lambda tx: changes.apply(tx, [merge], "3", now))
            assert (await running.scan()).json()["customer"]["id"] == "c-2"

    asyncio.run(run())
