"""Two customers become one: whatever was decided or open under either id counts for both."""

import pytest
from builders import grant, shop, wallet_pass
from presence_builders import INDOORS, fences, noticed, present, traces, walk

from store_agent.domain.consent import ConsentDecision, ConsentState
from store_agent.domain.customer import PersonState
from store_agent.storage import changes

BOTH = [noticed("c-1"), noticed("c-2"), wallet_pass(), wallet_pass("c-2", "MEMBER-2"), fences()]


async def merge(running, old="c-1", new="c-2"):
    news = [changes.Change("customers", old, "merge", {"new_id": new})]
    now = running.clock.now()
    await running.agent.storage.write_cache(lambda tx: changes.apply(tx, news, "2", now))
    await running.agent.presence.watch.sweep()


async def withdraw(running, customer_id, purpose):
    decision = ConsentDecision(purpose, ConsentState.WITHDRAWN, running.clock.now())
    await running.agent.clienteling.on_consent(customer_id, decision, "d-1")


async def open_visits(running):
    sql = "SELECT customer_id FROM visits WHERE ended_at IS NULL"
    rows = await running.agent.storage.read(lambda view: view.ledger.execute(sql).fetchall())
    return [row[0] for row in rows]


@pytest.mark.asyncio
@pytest.mark.parametrize("subject", ["c-1", "c-2"])
async def test_a_withdrawal_under_the_old_id_that_the_platform_does_not_have_yet_stands(
    tmp_path, subject
):
    async with shop(tmp_path, BOTH) as running:
        await withdraw(running, "c-1", "location")
        await merge(running)
        (told, *_) = await walk(running, INDOORS, 60, subject=subject)
        assert told["refused"][0]["reason"] == "no_consent"
        assert await traces(running) == 0


@pytest.mark.asyncio
async def test_a_withdrawal_under_the_new_id_stands_for_who_asks_by_the_old_one(tmp_path):
    async with shop(tmp_path, BOTH) as running:
        await withdraw(running, "c-2", "clienteling")
        await merge(running)
        assert (await running.scan("MEMBER-1")).json()["customer"] is None


@pytest.mark.asyncio
async def test_a_state_that_was_set_under_the_old_id_acts_under_the_new_one(tmp_path):
    async with shop(tmp_path, BOTH) as running:
        await running.agent.clienteling.on_person_state("c-1", PersonState.DECEASED, on=True)
        await merge(running)
        assert (await running.scan("MEMBER-2")).json()["reason"] == "not_addressable"


@pytest.mark.asyncio
async def test_of_two_open_visits_one_goes_on(tmp_path):
    async with shop(tmp_path, BOTH) as running:
        await running.scan("MEMBER-1")
        await running.scan("MEMBER-2")
        await merge(running)
        assert await open_visits(running) == ["c-2"]
        assert len(await present(running)) == 1
        assert (await running.types()).count("store.visit.ended") == 1


@pytest.mark.asyncio
async def test_a_consent_given_under_the_old_id_before_a_later_withdrawal_does_not_count(tmp_path):
    people = [noticed("c-1", consents=[]), noticed("c-2", consents=[grant()]), fences()]
    async with shop(tmp_path, people) as running:
        agreed = ConsentDecision("location", ConsentState.GRANTED, running.clock.now())
        await running.agent.clienteling.on_consent("c-1", agreed, "d-1")
        running.clock.advance(60)
        await withdraw(running, "c-2", "location")
        await merge(running)
        (told, *_) = await walk(running, INDOORS, 60, subject="c-1")
        assert told["refused"][0]["reason"] == "no_consent"
