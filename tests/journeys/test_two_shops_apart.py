"""Two real agents and a platform, cut off from each other: nothing is spent twice."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.bench.escrow import OFFER, Outcome, Scale, run

SMALL = Scale(budget=40, vouchers=60, online_s=2.0, cut_s=3.0)


@pytest.mark.asyncio
async def test_a_budget_and_single_vouchers_survive_a_cut_line(tmp_path):
    outcome = await run(tmp_path / "escrow", SMALL)
    assert outcome.faults(SMALL) == []
    assert outcome.conflicts + outcome.refused > 0  # both shops really asked for the same
    vouchers = {one: times for one, times in outcome.accepted.items() if one != OFFER}
    assert set(vouchers.values()) == {1}


def test_a_double_spend_would_be_seen():
    fine = {"free": 10, "open": 30, "settled": 0, "written_off": 0}
    both = Counter({"v-1": 2})
    twice = Outcome(both, platform=both, ledgers=both, budget=fine)
    assert twice.faults(SMALL) == ["redeemed twice: ['v-1']"]
    over = Outcome(Counter({OFFER: 41}), platform=Counter({OFFER: 40}), budget=fine)
    assert len(over.faults(SMALL)) == 3
