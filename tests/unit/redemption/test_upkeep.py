"""What follows from the platform's documents, and from time passing."""

import pytest
from builders import STORE, shop
from dying_shop import BASKET, KNOWN, RESERVE, TXN, VOUCHER, call, take_lot

RECALLED = ("vouchers", "v-1", VOUCHER[2] | {"recalled": True})


async def rows(running, sql):
    return await running.agent.storage.read(lambda view: list(view.ledger.execute(sql).fetchall()))


async def upkeep(running):
    """What the loop of `jobs` runs."""
    await running.agent.upkeep.take_news()
    return [
        kind for kind in await running.types() if kind.startswith(("store.voucher", "store.lot"))
    ]


@pytest.mark.asyncio
async def test_a_held_voucher_is_given_back_when_its_hold_ends(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        await call(running, "reserve", RESERVE | {"offers": ["v-1"]})
        await running.learn(RECALLED)
        assert "store.voucher.released" not in await upkeep(running)
        running.clock.advance(16 * 60)
        assert (await upkeep(running)).count("store.voucher.released") == 1
        assert (await upkeep(running)).count("store.voucher.released") == 1
        answer = await call(running, "reserve", RESERVE | {"offers": ["v-1"]}, txn="txn-2")
        assert [one["reason"] for one in answer.json()["refused"]] == ["not_owner"]


@pytest.mark.asyncio
async def test_a_void_basket_gives_its_voucher_back_at_once(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        await call(running, "reserve", RESERVE | {"offers": ["v-1"]})
        await running.learn(RECALLED)
        await call(running, "void", {"reason": "cancelled", "till": "till-0"})
        assert "store.voucher.released" in await upkeep(running)


@pytest.mark.asyncio
async def test_more_is_asked_for_once_and_nothing_is_written_meanwhile(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        assert await upkeep(running) == ["store.lot.wanted"]
        assert not (await running.agent.storage.read(running.agent.upkeep._due))[1]
        await take_lot(running)
        assert not (await running.agent.storage.read(running.agent.upkeep._due))[1]
        assert await upkeep(running) == ["store.lot.wanted"]


@pytest.mark.asyncio
async def test_old_holds_are_forgotten_and_young_ones_kept(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        await call(running, "reserve", RESERVE)
        running.clock.advance(23 * 3600)
        await call(running, "reserve", BASKET | {"revision": 1, "offers": []}, txn="txn-2")
        await upkeep(running)
        assert len(await rows(running, "SELECT 1 FROM reservations")) == 2
        running.clock.advance(2 * 3600)
        await upkeep(running)
        assert await rows(running, "SELECT txn_id FROM reservations") == [("txn-2",)]
        assert await rows(running, f"SELECT 1 FROM holds WHERE txn_id = '{TXN}'") == []


@pytest.mark.asyncio
async def test_a_voucher_of_a_lost_ledger_is_neither_redeemed_nor_given_back(tmp_path):
    stranded = RECALLED[2] | {"owner_store": STORE, "owner_epoch": "another ledger"}
    async with shop(tmp_path, [*KNOWN, ("vouchers", "v-1", stranded)]) as running:
        answer = await call(running, "reserve", RESERVE | {"offers": ["v-1"]})
        assert [one["reason"] for one in answer.json()["refused"]] == ["not_owner"]
        assert "store.voucher.released" not in await upkeep(running)
