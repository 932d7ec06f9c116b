"""The outbox of a running agent: what /readyz says of it, and that it is looked after."""

import pytest
from builders import shop

from sync.outbox import DropReason, EventClass


async def outbox_row(running) -> dict:
    answer = await running.get("/readyz")
    return next(row for row in answer.json()["components"] if row["name"] == "outbox")


@pytest.mark.asyncio
async def test_readyz_says_which_events_are_not_kept_and_why(tmp_path):
    async with shop(tmp_path) as running:
        assert (await outbox_row(running))["state"] == "ok"
        running.agent.outbox.closed = {EventClass.PRESENCE: DropReason.ROOM}
        row = await outbox_row(running)
        assert row["state"] == "degraded"
        assert row["reason"] == (
            "events of the class presence are not kept: the disk is nearly full"
        )


@pytest.mark.asyncio
async def test_a_loss_of_the_running_agent_becomes_an_event_of_its_own(tmp_path):
    async with shop(tmp_path, outbox={"records": {"max_events": 4}}) as running:
        for _ in range(4):
            assert (await running.scan()).status_code == 200
        waiting = len(await running.events())
        await running.agent.outbox.round()
        types = await running.types()
        assert types[-1] == "store.events.dropped"
        assert len(types) == 3 + 1, "three records are within nine tenths of four"
        _, _, told = (await running.events())[-1]
        assert told["count"] == waiting - 3
        assert told["class"] == "record"
