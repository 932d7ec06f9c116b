"""The box dies at a named point between reserve, commit and answer; the till then asks again."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from builders import Shop, shop
from dying_shop import COMMIT, KNOWN, LOT_SIZE, POINTS, RESERVE, call

TESTS = Path(__file__).parent.parent


def told_before_death(folder: Path, point: str) -> dict[str, dict[str, Any]]:
    """What the till was answered, by verb."""
    died = subprocess.run(
        [sys.executable, "-m", "dying_shop", str(folder), point],
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": f"{TESTS}:{TESTS.parent}", "PATH": "/usr/bin"},
        timeout=60,
        check=False,
    )
    assert died.returncode == -9
    told = [orjson.loads(line) for line in died.stdout.splitlines()]
    assert all(one["status"] == 200 for one in told)
    return {one["verb"]: one["answer"] for one in told}


async def rows(running: Shop, sql: str) -> list[tuple[Any, ...]]:
    return await running.agent.storage.read(lambda view: list(view.ledger.execute(sql).fetchall()))


async def redeemed(running: Shop) -> list[tuple[Any, ...]]:
    sql = "SELECT id, offer_id FROM redemptions WHERE state = 'redeemed' ORDER BY id"
    return await rows(running, sql)


async def left_of_the_lot(running: Shop) -> int:
    return (await rows(running, "SELECT remaining FROM lots"))[0][0]


@pytest.mark.timeout(90)
@pytest.mark.asyncio
@pytest.mark.parametrize("point", POINTS)
async def test_what_a_till_was_told_is_true_and_asking_again_changes_nothing(
    tmp_path: Path, point: str
) -> None:
    told = await asyncio.to_thread(told_before_death, tmp_path, point)
    verb, _, moment = point.partition(" ")
    assert ("reserve" in told, "commit" in told) == (
        verb == "commit" or moment == "told",
        point == "commit told",
    )
    async with shop(tmp_path, KNOWN) as running:
        # Never half of it: all rights of the sale, or none.
        is_kept = verb == "commit" and moment in {"kept", "told"}
        before = await redeemed(running)
        assert len(before) == (2 if is_kept else 0)
        assert await left_of_the_lot(running) == LOT_SIZE - (1 if is_kept else 0)
        is_held = moment in {"kept", "told"} if verb == "reserve" else not is_kept
        assert len(await rows(running, "SELECT 1 FROM holds")) == (2 if is_held else 0)
        if "commit" in told:
            assert {one["redemption_id"] for one in told["commit"]["redemptions"]} == {
                id_ for id_, _ in before
            }
        if told and not is_kept:  # what was promised to this basket is not given to another
            other = await call(running, "reserve", RESERVE, txn="txn-2")
            assert "v-1" not in other.json()["granted"]

        answers = [await call(running, "commit", COMMIT) for _ in range(3)]
        assert len({answer.content for answer in answers}) == 1
        again = answers[0].json()
        if "commit" in told:
            assert again == told["commit"]
        held_before = verb == "commit" or is_held
        assert again["status"] == ("committed" if held_before else "committed_late")
        assert len(await redeemed(running)) == 2
        assert await left_of_the_lot(running) == LOT_SIZE - 1
        assert (await running.types()).count("store.redemption.recorded") == 2
        assert (await running.types()).count("store.sale.recorded") == 1
