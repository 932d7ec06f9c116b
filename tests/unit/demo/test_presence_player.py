"""The walkers against an agent that answers, refuses, hangs or is away."""

from __future__ import annotations

import asyncio
import itertools
import json
import math
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import httpx
import pytest

from geofences.locations import read_location
from geofences.rules import JUMP_MPS
from geofences.sightings import read_sighting
from store_agent.clock import ManualClock
from store_agent.demo import presence_player
from store_agent.demo.outings import Company, Errand, Outing, outings
from store_agent.demo.presence_player import PresencePlayer
from store_agent.demo.radios import SATELLITES
from store_agent.demo.showcase import showcase
from store_agent.demo.traffic import read_settings
from store_agent.demo.transmitters import ShownCarrier
from store_agent.demo.walks import Route, Waypoint

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SHOWN = showcase(7, 400, NOW)
COMPANY = Company(SHOWN.carriers, SHOWN.phones, SHOWN.pickups)
TAG = ShownCarrier(
    "c-1", "k-1", "ibeacon", uuid="DE300000-0000-4000-8000-00000000BEAC", major=1, minor=7
)
WOMEN = SATELLITES[1].at
NAMES = {one.name for one in SATELLITES}


class Agent:
    """Takes sightings and locations; may be away, hang, or refuse people."""

    def __init__(self, *, away: bool = False, hangs: bool = False, status: int = 200) -> None:
        self.away = away
        self.hangs = hangs
        self.status = status
        self.reasons: dict[str, str] = {}
        self.requests: list[tuple[str, str, int]] = []
        self.sightings: list[dict[str, Any]] = []
        self.locations: list[dict[str, Any]] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        path, token = request.url.path, request.headers["authorization"]
        self.requests.append((path, token, len(request.content)))
        if self.hangs:
            await asyncio.Event().wait()
        if self.away:
            raise httpx.ConnectError("refused")
        body = json.loads(request.content)
        (self.sightings if path.endswith("/sightings") else self.locations).extend(body)
        refused = [
            {"index": number, "reason": self.reasons[one["subject"]]}
            for number, one in enumerate(body)
            if one.get("subject") in self.reasons
        ]
        return httpx.Response(self.status, json={"accepted": len(body), "refused": refused})

    def subjects(self) -> list[str]:
        return [one["subject"] for one in self.locations]


@asynccontextmanager
async def client(agent: Agent, token: str) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {token}"}
    transport = httpx.MockTransport(agent)
    async with httpx.AsyncClient(
        base_url="http://agent", headers=headers, transport=transport
    ) as one:
        yield one


async def play(
    agent: Agent,
    coming: Iterable[Outing],
    done: Callable[[], bool],
    speed: float = 1.0,
) -> float:
    """Play until `done`; returns how many seconds that took by the player's clock."""
    clock, stop = ManualClock(NOW), asyncio.Event()

    async def stop_when_done() -> None:
        while not done():
            await asyncio.sleep(0)
        stop.set()

    async def no_wait(event: asyncio.Event, seconds: float) -> bool:
        clock.advance(max(0.0, seconds))
        for _ in range(10):  # requests are answered meanwhile
            await asyncio.sleep(0)
        return event.is_set()

    async with client(agent, "sat") as satellites, client(agent, "relay") as relay:
        player = PresencePlayer(satellites, relay, 7, clock)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(presence_player, "is_set_within", no_wait)
            async with asyncio.timeout(4):
                await asyncio.gather(player.play(coming, speed, stop), stop_when_done())
    return clock.seconds


def standing(at: tuple[float, float], *, until_s: float = 1e6) -> Route:
    return Route((Waypoint(0.0, at), Waypoint(until_s, at)))


def tag(at: tuple[float, float] = WOMEN, **more: Any) -> Outing:
    return Outing(1, Errand.SHOP, "c-1", standing(at, **more), TAG)


def phone(customer_id: str, number: int = 2) -> Outing:
    return Outing(number, Errand.VISIT, customer_id, standing((0.0, 0.0)))


def mean(numbers: Sequence[int]) -> float:
    return sum(numbers) / len(numbers)


@pytest.mark.asyncio
async def test_every_satellite_sends_what_it_hears_under_its_own_name() -> None:
    agent = Agent()
    await play(agent, outings(7, COMPANY), lambda: len(agent.requests) > 60)
    assert {one["radio"] for one in agent.sightings} == NAMES
    assert {(path, token) for path, token, _ in agent.requests} == {
        ("/api/v1/sightings", "Bearer sat"),
        ("/api/v1/locations", "Bearer relay"),
    }


@pytest.mark.asyncio
async def test_a_real_day_is_a_few_requests_a_second() -> None:
    agent = Agent()
    took_s = await play(agent, outings(7, COMPANY), lambda: len(agent.requests) > 400)
    assert 2 < len(agent.requests) / took_s < 5
    assert 40 < len(agent.sightings) / took_s < 200


@pytest.mark.asyncio
async def test_what_it_sends_is_what_the_doors_take() -> None:
    agent = Agent()
    await play(agent, outings(7, COMPANY), lambda: len(agent.requests) > 60)
    for one in agent.sightings:
        assert -95 <= read_sighting(one).rssi_dbm < -30
    for one in agent.locations:
        fix = read_location(one, NOW)
        assert fix.source == "app"
    assert max(size for _, _, size in agent.requests) < 64 * 1024


@pytest.mark.asyncio
async def test_a_tag_is_loudest_where_it_is_and_speaks_once_a_second() -> None:
    agent = Agent()
    took_s = await play(agent, [tag()], lambda: len(agent.sightings) > 1500)
    own = [one for one in agent.sightings if one["address"] == _address_of(agent)]
    loudness = {
        name: mean([one["rssi_dbm"] for one in own if one["radio"] == name])
        for name in {one["radio"] for one in own}
    }
    assert max(loudness, key=loudness.__getitem__) == "sat-women"
    heard_there = sum(one["radio"] == "sat-women" for one in own)
    assert 0.7 < heard_there / took_s < 1.0  # some adverts are lost on the air


def _address_of(agent: Agent) -> str:
    """The tag's: its advert has major 1 and minor 7."""
    return next(one["address"] for one in agent.sightings if one["advert"].endswith("00010007c5"))


@pytest.mark.asyncio
async def test_an_empty_shop_is_not_silent_the_beacons_in_it_keep_the_radios_awake() -> None:
    agent = Agent()
    await play(agent, [], lambda: len(agent.requests) > 30)
    assert {one["radio"] for one in agent.sightings} == NAMES
    assert agent.locations == []


@pytest.mark.asyncio
async def test_who_has_left_is_heard_no_more() -> None:
    agent = Agent()
    await play(agent, [tag(until_s=20.0)], lambda: len(agent.requests) > 200)
    last = max(one["seen_at"] for one in agent.sightings if one["address"] == _address_of(agent))
    assert last < max(one["seen_at"] for one in agent.sightings)


@pytest.mark.asyncio
@pytest.mark.parametrize("reason", ["no_consent", "unknown_subject"])
async def test_the_phone_of_somebody_refused_stops(reason: str) -> None:
    agent = Agent()
    agent.reasons = {"c-9": reason}
    both = [phone("c-9", 2), phone("c-1", 3), phone("c-9", 4)]
    await play(agent, both, lambda: agent.subjects().count("c-1") > 20)
    assert 1 <= agent.subjects().count("c-9") <= 2 * presence_player.POST_EVERY_TICKS


@pytest.mark.asyncio
async def test_a_fix_that_was_not_usable_stops_nobody() -> None:
    agent = Agent()
    agent.reasons = {"c-9": "duplicate"}
    await play(agent, [phone("c-9")], lambda: len(agent.locations) > 20)


@pytest.mark.asyncio
async def test_an_agent_that_is_away_costs_one_try_at_a_time_and_is_found_again() -> None:
    agent = Agent(away=True)
    await play(agent, outings(7, COMPANY), lambda: len(agent.requests) > 50)
    agent.away = False
    await play(agent, outings(7, COMPANY), lambda: bool(agent.sightings and agent.locations))


@pytest.mark.asyncio
async def test_nothing_queues_up_in_front_of_an_agent_that_hangs() -> None:
    agent, turns = Agent(hangs=True), itertools.count()
    await play(agent, outings(7, COMPANY), lambda: next(turns) > 400)
    assert 0 < len(agent.requests) <= len(SATELLITES) + 1


@pytest.mark.asyncio
async def test_a_refusal_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    agent = Agent(status=422)
    await play(agent, [tag()], lambda: len(agent.requests) > 50)
    assert [record.getMessage() for record in caplog.records] == [
        "the agent refused /api/v1/sightings with status 422"
    ]


@pytest.mark.asyncio
async def test_however_fast_the_demo_runs_nobody_runs_faster_than_the_rules_believe() -> None:
    agent = Agent()
    drivers = [one for one in itertools.islice(outings(7, COMPANY), 20) if not one.carrier]
    driver = next(one for one in drivers if one.errand is Errand.COLLECT)
    await play(agent, [driver], lambda: len(agent.locations) > 12, speed=2000.0)
    fixes = [read_location(one, NOW) for one in agent.locations]
    for one, after in pairwise(fixes):
        gone_m = math.hypot((after.lat - one.lat) * 111_250, (after.lon - one.lon) * 70_260)
        assert gone_m / (after.fixed_at - one.fixed_at).total_seconds() < JUMP_MPS


def test_the_settings_name_the_walkers() -> None:
    line = {
        "url": "http://127.0.0.1:1",
        "till_token": "t",
        "tills": [{"id": "till-0", "token": "t"}],
        "seed": 7,
        "relay_token": "r",
        "satellite_token": "s",
        **SHOWN.as_json(),
    }
    settings = read_settings(json.dumps(line).encode())
    assert settings.carriers == SHOWN.carriers
    assert settings.phones == SHOWN.phones
    assert settings.pickups == SHOWN.pickups
