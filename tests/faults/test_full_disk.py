"""The disk fills up: what is answered, what is recorded, and how the shop comes back."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from full_disk_shop import SHOWN_ONLY

TESTS = Path(__file__).parent.parent
TMPFS = "mount -t tmpfs -o size=24m tmpfs"
# A mount name space of its own: root makes one, others with a user name space around it.
UNSHARE = ("unshare", "-m") if os.geteuid() == 0 else ("unshare", "-Urm")

Stages = dict[str, dict[str, Any]]


@functools.cache
def can_mount() -> bool:
    """Some containers allow nobody to mount; there the ledger's own cap is the full disk."""
    try:
        tried = subprocess.run([*UNSHARE, "sh", "-c", f"{TMPFS} /mnt"], check=False, timeout=10)
    except FileNotFoundError:
        return False
    return tried.returncode == 0


def live_through(folder: Path, kind: str) -> Stages:
    """What the shop saw, by stage."""
    agent = [sys.executable, "-m", "full_disk_shop", str(folder), kind]
    if kind == "disk":
        agent = [*UNSHARE, "sh", "-c", f'{TMPFS} "$0" && exec "$@"', str(folder), *agent]
    lived = subprocess.run(
        agent,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": f"{TESTS}:{TESTS.parent}", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        timeout=100,
        check=True,
    )
    return {one["stage"]: one for one in map(orjson.loads, lived.stdout.splitlines())}


@pytest.fixture(scope="module", params=["disk", "cap"])
def stages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Stages:
    kind = request.param if can_mount() else "cap"
    return live_through(tmp_path_factory.mktemp(f"full-{kind}"), kind)


def test_at_first_everything_is_recorded_and_the_state_shows(stages: Stages) -> None:
    full = stages["full"]["statuses"]
    assert full["200"] > 300  # out of a reserve of 2 MB
    assert full["202"] == 1
    assert stages["before"]["storage"] == "ok"


def test_every_scan_that_was_answered_200_is_in_the_ledger(stages: Stages) -> None:
    answered = stages["full"]["statuses"]["200"] + len(stages["before"]["scans"])
    assert stages["full"]["events"] == answered + len(stages["started full"]["scans"])


def test_an_agent_starts_on_a_full_disk(stages: Stages) -> None:
    started = stages["started full"]
    assert (started["scans"], started["readyz"], started["ledger"]) == ([200], 200, "ok")


def test_then_customers_are_still_shown_with_their_offers(stages: Stages) -> None:
    shown = stages["read-only"]
    assert (shown["statuses"], shown["recorded"]) == ([202], [False])
    assert (shown["names"], shown["offers"]) == (["Mira Musterfrau"], 1)
    assert (shown["search"], shown["profile"]) == (1, 200)
    assert int(shown["retry_after"]) > 0
    assert shown["events"] == stages["full"]["events"]


def test_what_must_be_durable_is_refused_and_every_state_says_why(stages: Stages) -> None:
    shown = stages["read-only"]
    assert shown["sale"] == 503
    assert (shown["readyz"], shown["status"]) == (503, "down")
    assert (shown["ledger"], shown["storage"]) == ("down", "down")
    assert "wait in memory" in shown["reason"]


def test_with_a_line_it_makes_room_by_itself_and_catches_up(stages: Stages) -> None:
    """Nobody has deleted anything yet: what the platform has is let go of."""
    drained = stages["drained"]
    assert (drained["readyz"], drained["ledger"]) == (200, "ok")
    assert (drained["again"], drained["another"]) == (200, 200)
    shown_only = SHOWN_ONLY + stages["full"]["statuses"]["202"]
    assert drained["events"] == shown_only + 1  # `another`; `again` is no new one


def test_when_there_is_room_the_reserve_is_whole_again(stages: Stages) -> None:
    after = stages["after"]
    assert (after["readyz"], after["ledger"], after["storage"]) == (200, "ok", "ok")
    assert after["ballast"] >= 2 * 1024 * 1024
    assert after["events"] == stages["drained"]["events"]
