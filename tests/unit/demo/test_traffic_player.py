"""The player: patient with an agent that is away, and gone at once when told."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from pos_adapters.simulated import SimulatedTill
from store_agent.clock import ManualClock
from store_agent.demo import player
from store_agent.demo.plan import Checkout, Code, Door, DoorScan, Step, Ware
from store_agent.demo.scanner import TerminalScanner
from store_agent.demo.showcase import ShownRotation
from store_agent.demo.traffic import read_settings
from store_agent.domain.catalog import Rotation, TotpField
from store_agent.identity.rotating import code_at

KEY = "3132333435363738393031323334353637383930"
PATTERN = "MUSTER-{totp_timestamp_seconds}-{totp_value_0}"
SHOWN = ShownRotation("c-1", PATTERN, KEY, 30_000, 8)
WARES = (Ware("M1001-CRE", "Strickjacke", 11990),)


class Agent:
    """Answers scans and commits; unreachable for the first `away` requests."""

    def __init__(self, away: int = 0, scan_status: int = 200) -> None:
        self.away = away
        self.scan_status = scan_status
        self.scans: list[dict[str, Any]] = []
        self.sales: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            self.away -= 1
            raise httpx.ConnectError("refused")
        body = json.loads(request.content)
        if request.url.path == "/api/v1/scans":
            self.scans.append(body)
            return httpx.Response(self.scan_status, json={"customer": {"id": "c-1"}})
        if request.url.path.endswith("/evaluate"):
            none = {"revision": body["revision"], "offers": [], "messages": []}
            return httpx.Response(200, json=none)
        self.sales.append(body)
        return httpx.Response(200, json={"status": "committed"})


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No real waits between tries."""
    monkeypatch.setattr(player, "SCAN_RETRY_WAITS_S", (0.0, 0.0, 0.0))
    monkeypatch.setattr(player, "SALE_RETRY_WAIT_S", 0.0)


def arrival(code: Code, door: Door = Door.HTTP) -> DoorScan:
    return DoorScan(0.0, "door", door, code)


def checkout(code: Code | None) -> Checkout:
    return Checkout(0.0, "till-0", code, WARES, "card")


async def until(condition: Callable[[], bool]) -> None:
    for _ in itertools.count():
        if condition():
            return
        await asyncio.sleep(0.001)


async def play(
    agent: Agent, steps: Iterable[Step], done: Callable[[], bool], scanner: Any = None
) -> None:
    """Play `steps` and then nothing until `done`."""
    client = partial(httpx.AsyncClient, transport=httpx.MockTransport(agent))
    clock = ManualClock()
    stop = asyncio.Event()

    async def stop_when_done() -> None:
        await until(done)
        stop.set()

    async def no_wait(seconds: float) -> None:
        await asyncio.sleep(0)

    till = SimulatedTill(
        "http://agent",
        "t",
        "till-0",
        clock.now,
        zone=ZoneInfo("Europe/Berlin"),
        client=client,
        sleep=no_wait,
    )
    async with client(base_url="http://agent") as http, till:
        acting = player.Player(http, {"till-0": till}, scanner, clock)
        never = DoorScan(1e9, "door", Door.HTTP, Code("too late"))
        plan = itertools.chain(steps, [never])
        async with asyncio.timeout(4):
            await asyncio.gather(acting.play(plan, 1.0, stop), stop_when_done())


@pytest.mark.asyncio
async def test_a_scan_is_tried_again_under_the_same_id() -> None:
    agent = Agent(away=2)
    await play(agent, [arrival(Code("MUSTER-1"))], lambda: bool(agent.scans))
    assert [(scan["lane"], scan["data"]) for scan in agent.scans] == [("door", "MUSTER-1")]
    assert agent.scans[0]["scan_id"]


@pytest.mark.asyncio
async def test_an_agent_that_is_away_for_long_stops_nobody() -> None:
    agent = Agent(away=100)
    await play(agent, [arrival(Code("MUSTER-1")), checkout(None)], lambda: bool(agent.sales))
    assert agent.scans == []
    assert len(agent.sales) == 1


@pytest.mark.asyncio
async def test_who_shows_the_pass_at_the_till_is_named_in_the_sale() -> None:
    agent = Agent()
    await play(agent, [checkout(Code("MUSTER-1"))], lambda: bool(agent.sales))
    assert agent.scans[0]["lane"] == "till-0"
    assert agent.sales[0]["customer_ref"] == "c-1"
    assert agent.sales[0]["totals"] == {"gross": 11990}


@pytest.mark.asyncio
async def test_a_refused_scan_sells_without_a_name() -> None:
    agent = Agent(scan_status=422)
    await play(agent, [checkout(Code("MUSTER-1"))], lambda: bool(agent.sales))
    assert len(agent.scans) == 1
    assert agent.sales[0]["customer_ref"] is None


@pytest.mark.asyncio
@pytest.mark.parametrize("age_s", [0.0, 900.0])
async def test_rotating_codes_are_made_when_they_are_shown(age_s: float) -> None:
    agent = Agent()
    code = Code(rotation=SHOWN, age_s=age_s)
    await play(agent, [arrival(code)], lambda: bool(agent.scans))
    rotation = Rotation(PATTERN, 30_000, (TotpField(KEY, 8),))
    shown_at = ManualClock().now() - timedelta(seconds=age_s)
    assert agent.scans[0]["data"] == code_at(rotation, shown_at)


@pytest.mark.asyncio
async def test_a_serial_scan_goes_over_the_line_with_a_carriage_return() -> None:
    near, far = os.pipe()
    try:
        os.set_blocking(near, False)
        heard = bytearray()

        def read() -> bool:
            try:
                heard.extend(os.read(near, 100))
            except BlockingIOError:
                return False
            return True

        agent = Agent()
        scanner = TerminalScanner(far)
        await play(agent, [arrival(Code("MÜSTER-1"), Door.SERIAL)], read, scanner)
        assert bytes(heard) == "MÜSTER-1\r".encode()
        assert agent.scans == []
    finally:
        os.close(near)
        os.close(far)


def test_a_line_that_is_full_or_gone_loses_the_scan_without_harm() -> None:
    near, far = os.pipe()
    scanner = TerminalScanner(far)
    assert scanner.scan("MUSTER-1")
    while scanner.scan("X" * 3000):
        pass
    os.close(near)
    os.close(far)
    assert not scanner.scan("MUSTER-1")


@pytest.mark.asyncio
async def test_it_stops_at_once_even_when_it_is_far_behind() -> None:
    agent = Agent()
    endless = itertools.repeat(arrival(Code("MUSTER-1")))
    await play(agent, endless, lambda: len(agent.scans) > 50)


def settings(**changes: Any) -> bytes:
    usual = {
        "url": "http://127.0.0.1:1",
        "till_token": "t",
        "tills": [{"id": "till-0", "token": "t"}],
        "passes": [{"customer_id": "c-1", "data": "MUSTER-1", "kind": "static"}],
        "rotating": [],
        "seed": 7,
        "speed": 2,
    }
    return json.dumps({**usual, **changes}).encode()


def test_settings_come_as_one_json_line() -> None:
    read = read_settings(settings())
    assert read.speed == 2.0
    assert read.lanes == ("door", "till-0", "till-1", "till-2", "till-3")
    assert read.tills[0].id == "till-0"


@pytest.mark.parametrize("wrong", [{"speed": 0}, {"lanes": []}, {"passes": 7}, {"url": None}])
def test_unusable_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"speed|lane|valid"):
        read_settings(settings(**wrong))
