"""The traffic as the demo runs it: a process of its own on a real terminal and a real socket."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from store_agent.demo.showcase import showcase

FAST = 2000.0  # times real time: dozens of customers a second
PASSES = [{"customer_id": f"c-{n}", "data": f"MUSTER-{n:04}", "kind": "static"} for n in range(20)]

SCANS, SIGHTINGS, LOCATIONS = "/api/v1/scans", "/api/v1/sightings", "/api/v1/locations"
SHOWN = showcase(7, 400, datetime(2026, 11, 21, 10, 0, tzinfo=UTC)).as_json()
WALKERS = {key: SHOWN[key] for key in ("carriers", "phones", "pickups")}
TOKENS = {"relay_token": "r", "satellite_token": "s"}


class Agent(ThreadingHTTPServer):
    """Takes scans, sales, sightings and locations and remembers them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Doors)
        self.scans: list[dict[str, Any]] = []
        self.sales: list[dict[str, Any]] = []
        self.noticed: dict[str, list[dict[str, Any]]] = {SIGHTINGS: [], LOCATIONS: []}
        self.busy = threading.Event()
        self.lively = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def note(self, path: str, body: Any) -> None:
        if path in self.noticed:
            self.noticed[path].extend(body)
            if all(self.noticed.values()):
                self.lively.set()
            return
        if path.endswith("/commit"):
            self.sales.append(body)
        elif path == SCANS:
            self.scans.append(body)
        if len(self.scans) > 20 and self.sales:
            self.busy.set()


class Doors(BaseHTTPRequestHandler):
    server: Agent

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if not body:
            return  # the traffic was told to stop in the middle of a request
        self.server.note(self.path, json.loads(body))
        answer = b'{"customer": null}'
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def agent() -> Iterator[Agent]:
    server = Agent()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def traffic(settings: dict[str, Any], *fds: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "store_agent.demo.traffic"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=fds
    ) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps(settings).encode() + b"\n")
        process.stdin.flush()
        try:
            yield process
        finally:
            process.kill()


def settings(url: str, **more: Any) -> dict[str, Any]:
    return {
        "url": url,
        "till_token": "t",
        "tills": [{"id": "till-0", "token": "t"}],
        "passes": PASSES,
        "rotating": [],
        "seed": 7,
        "speed": FAST,
        **more,
    }


@contextmanager
def terminal() -> Iterator[tuple[int, int]]:
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    try:
        yield ours, theirs
    finally:
        os.close(ours)
        os.close(theirs)


def test_customers_come_through_both_doors_until_the_parent_is_gone(tmp_path: Path) -> None:
    with (
        agent() as shop,
        terminal() as (ours, theirs),
        traffic(settings(shop.url, serial_fd=ours, data=str(tmp_path)), ours) as process,
    ):
        heard = b""
        while heard.count(b"\r") < 5:
            heard += os.read(theirs, 4096)
        assert shop.busy.wait(30)
        assert b"MUSTER-" in heard
        assert process.stdin is not None
        process.stdin.close()  # what the system does when whoever started it dies
        assert process.wait(3) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""
    lanes = {scan["lane"] for scan in shop.scans}
    assert lanes == {"door", "till-0", "till-1", "till-2", "till-3"}
    assert shop.sales[0]["receipt"]["seq"] == 1
    assert (tmp_path / "till-0.seq").exists()


def test_tags_and_phones_walk_beside_the_customers_from_the_first_minute(tmp_path: Path) -> None:
    walking = {"speed": 1.0, "data": str(tmp_path), **WALKERS, **TOKENS}
    with agent() as shop, traffic({**settings(shop.url), **walking}) as process:
        assert shop.lively.wait(30)
        process.terminate()
        assert process.wait(3) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""
    radios = {one["radio"] for one in shop.noticed[SIGHTINGS]}
    assert len(radios) == 6
    assert {one["subject"] for one in shop.noticed[LOCATIONS]} & set(WALKERS["pickups"])


def test_it_waits_for_an_agent_that_is_away_and_stops_when_asked() -> None:
    with agent() as gone:
        url = gone.url
    with traffic(settings(url, **WALKERS, **TOKENS)) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(4)
        process.terminate()
        assert process.wait(3) == 0


def test_settings_that_make_no_sense_end_it_with_a_sentence() -> None:
    with traffic({"url": "http://127.0.0.1:1"}) as process:
        assert process.wait(20) == 1
        assert process.stderr is not None
        error = process.stderr.read()
    assert b"settings on stdin are unusable" in error
    assert b"Traceback" not in error
