"""The sample shop as a real process on loopback, to be cut, killed and started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

SMALL_BALLAST = {"STORE_AGENT_STORAGE__BALLAST_MB": "1"}  # a disk holds many kept test folders
READY_S = 45.0
STOP_S = 10.0


@dataclass(slots=True)
class DemoProcess:
    """One `store-agent demo` on a directory of its own."""

    folder: Path
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=10))

    def start(self) -> None:
        """Start it and wait until demo.json says that it is ready."""
        command = [sys.executable, "-m", "store_agent", "demo", "--no-traffic", "--port", "0"]
        with (self.folder / "demo.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--data", str(self.folder), *self.options],
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=os.environ | SMALL_BALLAST,
            )
        path = self.folder / "demo.json"
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            if path.exists():
                self.facts = json.loads(path.read_text())
                return
            time.sleep(0.05)
        self.kill()
        raise RuntimeError(f"the demo did not start:\n{(self.folder / 'demo.log').read_text()}")

    def kill(self) -> None:
        """kill -9, as a power cut of the process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(STOP_S)
            (self.folder / "demo.json").unlink(missing_ok=True)

    def interrupt(self) -> float:
        """Ctrl-C; returns after how many seconds it had ended."""
        assert self.process is not None
        began = time.monotonic()
        os.kill(self.process.pid, signal.SIGINT)
        self.process.wait(STOP_S)
        return time.monotonic() - began

    def request(self, method: str, path: str, *, token: str, **rest: Any) -> httpx.Response:
        """A request to the agent as one of demo.json's machines."""
        headers = {"Authorization": f"Bearer {self.facts[token]}"} | rest.pop("headers", {})
        return self.client.request(method, self.facts["url"] + path, headers=headers, **rest)

    def platform(self, method: str, path: str, **rest: Any) -> httpx.Response:
        """A request to the platform."""
        headers = {"Authorization": f"Bearer {self.facts['platform_token']}"}
        return self.client.request(
            method, self.facts["platform_url"] + path, headers=headers, **rest
        )

    def line(self, *, up: bool) -> None:
        """Cut or restore the line to the platform."""
        self.platform("POST", "/v1/demo/line", json={"up": up}).raise_for_status()

    def platform_events(self) -> Iterator[dict[str, Any]]:
        """Every event the platform holds, in its order."""
        after = ""
        while True:
            path = f"/v1/stores/{self.facts['store_id']}/events"
            page = self.platform("GET", path, params={"after": after, "limit": 500}).json()
            yield from page["events"]
            if not page["events"]:
                return
            after = page["next"]

    def scan(self, data: str, **fields: Any) -> httpx.Response:
        """One scan as a till."""
        body = {"lane": "till-0", "data": data} | fields
        return self.request("POST", "/api/v1/scans", token="till_token", json=body)

    def sell(self, txn_id: str, total: int = 1000) -> httpx.Response:
        """One finished basket."""
        body = {
            "currency": "EUR",
            "lines": [{"line_id": "1", "sku": "x", "qty": "1", "unit_price": total}],
            "receipt": {"number": txn_id, "business_date": "2026-11-21", "till": "till-0"},
            "totals": {"gross": total},
            "tenders": [{"kind": "cash", "amount": total}],
        }
        return self.request(
            "POST",
            f"/pos/v1/baskets/{txn_id}/commit",
            token="till_token",
            json=body,
            headers={"Idempotency-Key": f"k-{txn_id}"},
        )


@contextmanager
def demo(folder: Path, *options: str) -> Iterator[DemoProcess]:
    """A running sample shop; killed at the end, whatever happened."""
    shop = DemoProcess(folder, options)
    try:
        shop.start()
        yield shop
    finally:
        shop.kill()
        shop.client.close()


def wait_until(check: Any, seconds: float = 30.0) -> None:
    """Poll until `check()` is true; AssertionError with its name otherwise."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"{check} stayed false for {seconds} s"
        time.sleep(0.1)
