"""`store-agent run` as a real process, with a serial scanner whose cable the test holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SMALL_BALLAST = {"STORE_AGENT_STORAGE__BALLAST_MB": "1"}  # a disk holds many kept test folders
HOST = "kasse.store.test"
PIN = "135790"
TOKEN = "platform-token-for-tests"
CUSTOMERS = 200
CONFIG = """
data = "{data}"
[store]
id = "koeln-01"
name = "Modehaus Muster"
lanes = ["till-0"]
[http]
port = 0
lan_port = 0
names = ["{host}"]
[platform]
url = "{platform}"
token = "{token}"
reconnect_window_s = 1
[tablets]
pairing_code = "PAIRCODE"
[[readers.serial]]
lane = "door"
path = "{scanner}"
"""


@dataclass(slots=True)
class RunningShop:
    """A shop on loopback: `lan_url` is HTTPS under `ca`, by the name HOST."""

    lan_url: str
    ca: Path
    facts: dict[str, Any]
    scanner_fd: int

    def pull_trigger(self, data: str) -> None:
        """One scan, as the scanner sends it down the line."""
        os.write(self.scanner_fd, data.encode() + b"\r")


@contextmanager
def running_shop(folder: Path) -> Iterator[RunningShop]:
    """Platform and agent as processes of their own; both end with the block."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    platform_log, agent_log = folder / "platform.log", folder / "agent.log"
    try:
        with _process(["-m", "store_agent.demo.platform"], platform_log) as platform:
            facts = _platform_facts(platform, folder)
            config = folder / "shop.toml"
            config.write_text(
                CONFIG.format(
                    data=folder / "agent",
                    host=HOST,
                    platform=facts["url"],
                    token=TOKEN,
                    scanner=os.ttyname(theirs),
                )
            )
            pin = [sys.executable, "-m", "store_agent", "pin", "--config", str(config), "s-bea"]
            subprocess.run(pin, input=f"{PIN}\n".encode(), check=True, timeout=30)
            run = ["-m", "store_agent", "run", "--config", str(config)]
            with _process(run, agent_log) as agent:
                assert agent.stdout is not None
                line = agent.stdout.readline().decode()
                lan_url = next(word for word in line.split() if word.startswith("https://"))
                yield RunningShop(lan_url, folder / "agent" / "tls" / "ca.crt", facts, ours)
    finally:
        os.close(ours)
        os.close(theirs)


@contextmanager
def _process(arguments: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process with pipes in and out; ended with the block."""
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=os.environ | SMALL_BALLAST,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            process.wait(10)


def _platform_facts(platform: subprocess.Popen[bytes], folder: Path) -> dict[str, Any]:
    settings = {
        "data": str(folder / "platform"),
        "port": 0,
        "token": TOKEN,
        "seed": 1,
        "customers": CUSTOMERS,
    }
    assert platform.stdin is not None
    assert platform.stdout is not None
    platform.stdin.write(json.dumps(settings).encode() + b"\n")
    platform.stdin.flush()
    for line in platform.stdout:
        facts: dict[str, Any] = json.loads(line)
        if "url" in facts:
            return facts
    raise RuntimeError((folder / "platform.log").read_text())
