"""Two customers turn out to be one: what they did under the old id counts under the new one."""

import pytest
from builders import customer, offer, shop, wallet_pass
from dying_shop import BASKET, COMMIT, call

from store_agent.storage import changes
from store_agent.storage.changes import Change

ONCE = offer("o-once", benefit={"kind": "amount", "value": 500}, caps={"per_person": 1})
KNOWN = [customer("c-0", points=10), customer(points=20), wallet_pass(), ONCE]
PAID = COMMIT | {"customer_ref": "c-0", "applied": [{"offer_id": "o-once", "amount": 500}]}


async def evaluated(running, txn="txn-2", **more):
    answer = await call(running, "evaluate", BASKET | {"revision": 1} | more, txn)
    return answer.json()


@pytest.mark.asyncio
async def test_points_and_caps_follow_a_customer_into_another_id(tmp_path):
    async with shop(tmp_path, KNOWN) as running:
        paid = (await call(running, "commit", PAID)).json()
        earned = paid["points"]["earned"]
        assert earned > 0
        before = await evaluated(running)
        assert before["points"]["balance"] == 20
        merge = Change("customers", "c-0", "merge", {"old_id": "c-0", "new_id": "c-1"})
        now = running.clock.now()
        storage = running.agent.storage
        await storage.write_cache(lambda tx: changes.apply(tx, [merge], "2", now))
        after = await evaluated(running)
        assert after["points"]["balance"] == 20 + earned
        assert {one["reason"] for one in after["refused"]} == {"limit_person"}
        assert [one["offer_id"] for one in before["offers"]] != [
            one["offer_id"] for one in after["offers"]
        ]


@pytest.mark.asyncio
async def test_points_that_another_basket_holds_stay_held_after_a_merge(tmp_path):
    async with shop(tmp_path, [customer("c-0", points=50), customer(points=50)]) as running:
        hold = BASKET | {"customer_ref": "c-0", "revision": 1, "offers": ["points:40"]}
        held = await call(running, "reserve", hold)
        assert held.json()["granted"] == ["points:40"]
        merge = Change("customers", "c-0", "merge", {"old_id": "c-0", "new_id": "c-1"})
        now = running.clock.now()
        storage = running.agent.storage
        await storage.write_cache(lambda tx: changes.apply(tx, [merge], "2", now))
        assert (await evaluated(running))["points"]["balance"] == 10
