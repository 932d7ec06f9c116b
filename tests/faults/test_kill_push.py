"""The box dies at a named point of its sync; the next start ends with each event once, in order."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from builders import STORE
from dying_push import POINTS, SCANS, Fate, clean_up, drained, new_shop, syncing

from sync.reference_platform import PlatformStore
from sync.reference_platform.intake import read_events

TESTS = Path(__file__).parent.parent


def acknowledged_before_death(folder: Path, point: str) -> list[str]:
    died = subprocess.run(
        [sys.executable, "-m", "dying_push", str(folder), point],
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": f"{TESTS}:{TESTS.parent}", "PATH": "/usr/bin"},
        timeout=60,
        check=False,
    )
    assert died.returncode == -9
    return died.stdout.decode().split()


def at_the_platform(folder: Path) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    with closing(PlatformStore(folder / "platform.db")) as store:
        events, after = read_events(store, STORE, "")
        while events:
            found += orjson.loads(orjson.dumps(events))
            events, after = read_events(store, STORE, after)
    return found


@pytest.mark.timeout(90)
@pytest.mark.asyncio
@pytest.mark.parametrize("point", POINTS)
async def test_each_acknowledged_event_reaches_the_platform_once_and_in_order(
    tmp_path: Path, point: str
) -> None:
    told = await asyncio.to_thread(acknowledged_before_death, tmp_path, point)
    assert len(told) == SCANS
    if "snapshot" not in point:
        # From "taken" on the platform has events that the box may not remember to have sent.
        assert bool(at_the_platform(tmp_path)) == (point != "send asked")
    async with new_shop(tmp_path) as running:
        assert running.agent.storage.recovered == []
        async with syncing(tmp_path, running, Fate("")) as worker:
            await drained(running, worker)
        for _ in range(3):
            await clean_up(running)
        assert (await running.scan()).json()["customer"]["id"] == "c-1"  # the copy is whole
        check = await running.agent.storage.write(
            lambda tx: tx.execute("PRAGMA integrity_check").fetchall()
        )
        assert check == [("ok",)]
    events = at_the_platform(tmp_path)
    scans = [event for event in events if event["type"] == "store.scan.recorded"]
    assert len(scans) == SCANS
    assert len({(event["source"], event["id"]) for event in events}) == len(events)
    assert len({event["source"] for event in events}) == 1
    order = [event["sequence"] for event in scans]
    assert order == sorted(order)
