"""Plays the walkers against a running agent: satellites that listen, phones that report.

Patient with an agent that is away: what cannot be sent now is dropped, as nobody needs to know
where somebody was a minute ago.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import httpx

from store_agent.clock import Clock
from store_agent.demo.dice import dice
from store_agent.demo.outings import Outing
from store_agent.demo.place import Point
from store_agent.demo.player import is_set_within
from store_agent.demo.radios import SATELLITES, strength
from store_agent.demo.transmitters import ShownCarrier, fixed_carriers, on_air
from store_agent.demo.walks import PhoneFix, fixes
from store_agent.presence.noticing import NO_CONSENT, UNKNOWN_SUBJECT

TICK_S = 1.0  # tags advertise about once a second
POST_EVERY_TICKS = 2  # a satellite sends what it heard in two seconds
MAX_PACE = 4.0  # faster, cars would jump and zones be left before a radio is sure of them
MAX_LAG_S = 5.0  # behind by more (a suspended laptop): go on from now
TIMEOUT_S = 5.0
MAX_SIGHTINGS = 250  # in one post: 64 KiB hold some 300
NOT_WANTED = frozenset({NO_CONSENT, UNKNOWN_SUBJECT})
_ZONE_OF = {one.zone: one.at for one in SATELLITES}

Document = dict[str, Any]
log = logging.getLogger(__name__)


class PresencePlayer:
    """Everybody who walks. One `play` per object."""

    def __init__(
        self, satellites: httpx.AsyncClient, relay: httpx.AsyncClient, seed: int, clock: Clock
    ) -> None:
        """Both clients know the agent's address and bear the token of what they are."""
        self._relay = relay
        self._crowd = _Crowd(seed)
        self._clock = clock
        self._satellites = satellites
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._refusals: set[int] = set()

    async def play(self, coming: Iterable[Outing], speed: float, stop: asyncio.Event) -> None:
        """Until `stop` is set; then leave at once, whatever is under way."""
        try:
            await self._follow(iter(coming), min(speed, MAX_PACE), stop)
        finally:
            for task in self._sending.values():
                task.cancel()
            await asyncio.gather(*self._sending.values(), return_exceptions=True)

    async def _follow(self, coming: Iterator[Outing], pace: float, stop: asyncio.Event) -> None:
        waiting = next(coming, None)
        start_s, tick = self._clock.monotonic(), 0
        while True:
            wait_s = start_s + tick * TICK_S - self._clock.monotonic()
            if wait_s < -MAX_LAG_S:
                start_s -= wait_s
            if await is_set_within(stop, wait_s):
                return
            shop_s = tick * TICK_S * pace
            while waiting is not None and waiting.route.start_s <= shop_s:
                self._crowd.join(waiting, shop_s)
                waiting = next(coming, None)
            self._report(self._crowd.move(shop_s, self._clock.now()))
            if tick % POST_EVERY_TICKS == 0:
                self._post_sightings()
            tick += 1

    def _report(self, locations: list[Document]) -> None:
        if locations:
            self._send("relay", partial(self._post_locations, locations))

    def _post_sightings(self) -> None:
        for radio, sightings in self._crowd.take_heard().items():
            self._send(radio, partial(self._post_heard, sightings))

    def _send(self, who: str, post: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """One request at a time of each sender; while the last one hangs, the news are dropped."""
        last = self._sending.get(who)
        if last is None or last.done():
            self._sending[who] = asyncio.create_task(post())

    async def _post_heard(self, sightings: Sequence[Document]) -> None:
        await self._post(self._satellites, "/api/v1/sightings", sightings)

    async def _post_locations(self, locations: Sequence[Document]) -> None:
        answer = await self._post(self._relay, "/api/v1/locations", locations)
        for refused in answer.get("refused", ()):
            if refused["reason"] in NOT_WANTED:
                self._crowd.silence(locations[refused["index"]]["subject"])

    async def _post(
        self, client: httpx.AsyncClient, path: str, body: Sequence[Document]
    ) -> Document:
        """One try; {} when it did not arrive."""
        try:
            response = await client.post(path, json=list(body), timeout=TIMEOUT_S)
        except httpx.RequestError:
            return {}
        if response.is_success:
            return dict(response.json())
        if response.is_client_error and response.status_code not in self._refusals:
            self._refusals.add(response.status_code)
            log.warning("the agent refused %s with status %s", path, response.status_code)
        return {}


class _Crowd:
    """Everybody who is under way, and what of them is heard."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._air = dice(seed, "air")
        self._fixed = [(one, _ZONE_OF[zone]) for zone, one in fixed_carriers().items()]
        self._tags: list[Outing] = []
        self._phones: list[_Phone] = []
        self._heard: dict[str, list[Document]] = defaultdict(list)
        self._silenced: set[str] = set()

    def join(self, outing: Outing, shop_s: float) -> None:
        """Somebody sets out, or set out before the demo began."""
        if outing.carrier is not None:
            self._tags.append(outing)
        else:
            told = fixes(dice(self._seed, "phone", outing.number), outing.route)
            self._phones.append(_Phone(outing, told, shop_s))

    def silence(self, customer_id: str) -> None:
        """The phone of somebody who is not to be noticed stops, as a good app's does."""
        self._silenced.add(customer_id)

    def move(self, shop_s: float, now: datetime) -> list[Document]:
        """Everybody goes on and tags advertise once; returns the positions that phones report."""
        for carrier, place in self._fixed:
            self._advertise(carrier, place, now)
        self._tags = [one for one in self._tags if one.route.end_s > shop_s]
        for outing in self._tags:
            if outing.carrier is not None:
                self._advertise(outing.carrier, outing.route.at(shop_s), now)
        self._phones = [
            one for one in self._phones if one.is_on and one.customer_id not in self._silenced
        ]
        return [
            _location(phone.customer_id, fix, now)
            for phone in self._phones
            if (fix := phone.due(shop_s)) is not None
        ]

    def take_heard(self) -> dict[str, list[Document]]:
        """What each satellite heard since the last call, in order of time."""
        heard, self._heard = self._heard, defaultdict(list)
        return {
            radio: sorted(sightings, key=lambda one: str(one["seen_at"]))[-MAX_SIGHTINGS:]
            for radio, sightings in heard.items()
        }

    def _advertise(self, carrier: ShownCarrier, place: Point, now: datetime) -> None:
        """One advert, a moment ago, as every satellite in reach heard it."""
        seen_at = now - timedelta(seconds=self._air.random() * TICK_S)
        packet = on_air(carrier, seen_at.timestamp())
        for satellite in SATELLITES:
            rssi_dbm = strength(satellite, place, carrier.power_1m_dbm, self._air)
            if rssi_dbm is not None:
                self._heard[satellite.name].append(
                    {
                        "radio": satellite.name,
                        "address": packet.address,
                        "rssi_dbm": rssi_dbm,
                        "advert": packet.advert.hex(),
                        "seen_at": seen_at.isoformat(timespec="milliseconds"),
                    }
                )


class _Phone:
    """A phone on its way: tells each fix when its time has come."""

    def __init__(self, outing: Outing, told: Iterator[PhoneFix], shop_s: float) -> None:
        """What it told before `shop_s` is past."""
        self.customer_id = outing.customer_id
        self._told = told
        self._next = next((fix for fix in told if fix.at_s >= shop_s), None)

    @property
    def is_on(self) -> bool:
        """Whether there is more to come."""
        return self._next is not None

    def due(self, shop_s: float) -> PhoneFix | None:
        """The fix of this moment, if it is time for one."""
        fix = self._next
        if fix is None or fix.at_s > shop_s:
            return None
        self._next = next(self._told, None)
        return fix


def _location(customer_id: str, fix: PhoneFix, now: datetime) -> Document:
    return {
        "subject": customer_id,
        "lat": fix.lat,
        "lon": fix.lon,
        "accuracy_m": fix.accuracy_m,
        "accuracy_kind": "android",
        "fixed_at": now.isoformat(timespec="milliseconds"),
        "source": "app",
    }
