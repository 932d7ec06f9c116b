"""What a sale costs the disk: each commit of the ledger is one fsync."""

import pytest
from builders import shop
from dying_shop import COMMIT, KNOWN, RESERVE, call, take_lot

from store_agent.storage.writer import Writer


@pytest.mark.asyncio
async def test_a_reserved_and_paid_basket_costs_two_commits_of_the_ledger(tmp_path, monkeypatch):
    commits, real = [], Writer._commit

    def counted(writer, group):
        commits.append(writer.health.name)
        return real(writer, group)

    async with shop(tmp_path, KNOWN) as running:
        await take_lot(running)
        monkeypatch.setattr(Writer, "_commit", counted)
        reserved = await call(running, "reserve", RESERVE)
        assert sorted(reserved.json()["granted"]) == ["o-lot", "v-1"]
        paid = await call(running, "commit", COMMIT)
        assert paid.json()["status"] == "committed"
        assert commits == ["ledger", "ledger"]  # the budget is three
