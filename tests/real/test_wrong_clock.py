"""A box without a real-time clock: it boots in 1970 or 2050, and its clock is set while it runs.

The real agent under libfaketime, which moves the wall clock and leaves the monotonic one alone,
with the real platform on loopback. Nothing is lost, doubled or out of order, and the platform's
time puts every event in its true place.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
TOKEN = "platform-token-for-tests"
TILL = "till-token"
SCANS = 12  # in each stretch
TOLERANCE_S = 5.0
CONFIG = """
data = "{data}"
[store]
id = "koeln-01"
lanes = ["till-0"]
[http]
port = 0
lan_port = 0
[platform]
url = "{platform}"
token = "{token}"
reconnect_window_s = 1
[storage]
ballast_mb = 1
allow_unencrypted = true
[[tokens]]
audience = "till"
name = "till-0"
sha256 = "{till}"
"""


@dataclass(slots=True)
class Box:
    """One shop's box: a clock that says what it is told, and an agent on it."""

    folder: Path
    platform: dict[str, Any]
    agent: subprocess.Popen[bytes] | None = None
    url: str = ""
    answered: dict[str, float] = field(default_factory=dict)  # by scan id: when it really was

    @property
    def clock_file(self) -> Path:
        return self.folder / "clock"

    def set_clock(self, offset_days: float) -> None:
        """The wall clock is so far from the truth from now on."""
        fresh = self.clock_file.with_suffix(".new")
        fresh.write_text(f"{offset_days * 86400:+.0f}\n")
        fresh.replace(self.clock_file)

    def start(self) -> None:
        assert LIBRARY is not None
        faked = {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self.clock_file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # its mending of old libcs makes threads spin
            "FAKETIME_DONT_RESET": "1",
        }
        run = ["-m", "store_agent", "run", "--config", str(self.folder / "shop.toml")]
        with (self.folder / "agent.log").open("ab") as log:
            self.agent = subprocess.Popen(
                [sys.executable, *run],
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **faked},
            )
        assert self.agent.stdout is not None
        line = self.agent.stdout.readline().decode()
        assert line, (self.folder / "agent.log").read_text()
        self.url = next(word for word in line.split() if word.startswith("http://"))

    def stop(self, *, kill: bool) -> None:
        assert self.agent is not None
        self.agent.kill() if kill else self.agent.terminate()
        self.agent.wait(10)
        if self.agent.stdout is not None:
            self.agent.stdout.close()

    def scan(self, count: int = SCANS) -> None:
        headers = {"Authorization": f"Bearer {TILL}"}
        with httpx.Client(base_url=self.url, headers=headers) as client:
            for _ in range(count):
                scan_id = f"scan-{len(self.answered)}"
                body = {"lane": "till-0", "data": f"PASS-{scan_id}", "scan_id": scan_id}
                at = time.time()
                assert client.post("/api/v1/scans", json=body).status_code == 200
                self.answered[scan_id] = at

    def line(self, *, up: bool) -> None:
        self._ask("POST", "/v1/demo/line", json={"up": up})

    def events(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after = ""
        while True:
            path = "/v1/stores/koeln-01/events"
            page = self._ask("GET", path, params={"after": after, "limit": 500}).json()
            if not page["events"]:
                return found
            found += page["events"]
            after = page["next"]

    def _ask(self, method: str, path: str, **rest: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = httpx.request(method, f"{self.platform['url']}{path}", headers=headers, **rest)
        return answer.raise_for_status()


@contextmanager
def a_box(folder: Path) -> Iterator[Box]:
    settings = {
        "data": str(folder / "platform"),
        "port": 0,
        "token": TOKEN,
        "seed": 1,
        "customers": 60,
    }
    with subprocess.Popen(
        [sys.executable, "-m", "store_agent.demo.platform"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as platform:
        assert platform.stdin is not None
        assert platform.stdout is not None
        platform.stdin.write(json.dumps(settings).encode() + b"\n")
        platform.stdin.flush()
        facts = next(f for f in map(json.loads, platform.stdout) if "url" in f)
        box = Box(folder, facts)
        (folder / "shop.toml").write_text(
            CONFIG.format(
                data=folder / "agent",
                platform=facts["url"],
                token=TOKEN,
                till=hashlib.sha256(TILL.encode()).hexdigest(),
            )
        )
        try:
            yield box
        finally:
            if box.agent is not None and box.agent.poll() is None:
                box.stop(kill=True)
            platform.terminate()


def scans_of(box: Box) -> list[dict[str, Any]]:
    return [one for one in box.events() if one["type"] == "store.scan.recorded"]


def wait_for(box: Box, count: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 40
    while len(found := scans_of(box)) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} came"
        time.sleep(0.3)
    return found


YEAR = 365.25
TO_1970 = -(time.time() / 86400)
TO_2050 = (2050 - 1970) * YEAR + TO_1970


@pytest.mark.timeout(150)
@pytest.mark.parametrize("first", [TO_1970, TO_2050], ids=["boots in 1970", "boots in 2050"])
def test_whatever_the_clock_says_each_event_comes_once_in_order_and_in_its_true_time(
    tmp_path: Path, first: float
) -> None:
    with a_box(tmp_path) as box:
        box.line(up=False)
        box.set_clock(first)
        box.start()
        box.scan()
        for jump in (0.0, TO_2050, TO_1970, 1.0):  # NTP, a fault, another one, a day ahead
            box.set_clock(jump)
            box.scan()
        box.stop(kill=True)
        box.set_clock(TO_2050 if first == TO_1970 else TO_1970)
        box.start()
        box.scan()
        box.line(up=True)
        before = wait_for(box, len(box.answered))
        box.set_clock(-3.0)
        box.scan()
        found = wait_for(box, len(box.answered))
        box.stop(kill=False)
    assert len(found) == len(box.answered)
    assert len({one["id"] for one in found}) == len(found)
    order = [one["sequence"] for one in found]
    assert order == sorted(order)
    assert found[: len(before)] == before
    _in_their_true_time(found, list(box.answered.values()))


def _in_their_true_time(found: list[dict[str, Any]], real: list[float]) -> None:
    told = [datetime.fromisoformat(one["time"]).timestamp() for one in found]
    assert max(abs(a - b) for a, b in zip(told, real, strict=True)) < TOLERANCE_S
