"""Customers, tills and radios of the demo: a process of its own, through the public doors only.

`python -m store_agent.demo.traffic` reads `TrafficSettings` as one JSON line from stdin, which is
a pipe, and ends when stdin does: it never outlives whoever started it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
from pydantic import TypeAdapter, ValidationError

from pos_adapters.simulated import SequenceFile, SimulatedTill
from store_agent.clock import SystemClock
from store_agent.demo.outings import Company, outings
from store_agent.demo.place import LANES, ZONE_NAME
from store_agent.demo.plan import Stage, plan
from store_agent.demo.player import Player
from store_agent.demo.presence_player import PresencePlayer
from store_agent.demo.scanner import TerminalScanner
from store_agent.demo.showcase import ShownPass, ShownRotation
from store_agent.demo.transmitters import ShownCarrier

MAX_SETTINGS_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class TillAccess:
    """One simulated till and its token."""

    id: str
    token: str


@dataclass(frozen=True, slots=True)
class TrafficSettings:
    """What the traffic needs to know. `speed` 1 is real time, 10 is ten times as busy."""

    url: str
    till_token: str  # may scan on every lane
    tills: tuple[TillAccess, ...]
    passes: tuple[ShownPass, ...]
    rotating: tuple[ShownRotation, ...]
    seed: int
    speed: float = 1.0
    lanes: tuple[str, ...] = LANES  # where customers show a code on arrival
    serial_fd: int | None = None  # inherited; our end of the terminal that plays the scanner
    # Walkers with tags and phones; without both tokens nobody is noticed by radio or position.
    relay_token: str | None = None
    satellite_token: str | None = None
    carriers: tuple[ShownCarrier, ...] = ()
    phones: tuple[str, ...] = ()
    pickups: tuple[str, ...] = ()
    data: Path | None = None  # where tills keep their receipt counters, else in memory


def read_settings(line: bytes) -> TrafficSettings:
    """The settings of such a line; ValueError when they are unusable."""
    settings = TypeAdapter(TrafficSettings).validate_json(line)
    if settings.speed <= 0 or not settings.lanes:
        raise ValueError("traffic needs a speed above zero and at least one lane")
    return settings


async def run(settings: TrafficSettings, stop: asyncio.Event) -> None:
    """Play the shop until `stop` is set."""
    clock = SystemClock()
    stage = Stage(
        settings.passes,
        settings.rotating,
        settings.lanes,
        tuple(till.id for till in settings.tills),
        has_serial=settings.serial_fd is not None,
    )
    async with contextlib.AsyncExitStack() as stack:
        client = await stack.enter_async_context(_client(settings, settings.till_token))
        tills = {
            till.till_id: await stack.enter_async_context(till) for till in _tills(settings, clock)
        }
        scanner = None if settings.serial_fd is None else TerminalScanner(settings.serial_fd)
        player = Player(client, tills, scanner, clock)
        async with asyncio.TaskGroup() as group:
            group.create_task(player.play(plan(settings.seed, stage), settings.speed, stop))
            group.create_task(_play_presence(settings, clock, stop))


async def _play_presence(
    settings: TrafficSettings, clock: SystemClock, stop: asyncio.Event
) -> None:
    if settings.satellite_token is None or settings.relay_token is None:
        return
    company = Company(settings.carriers, settings.phones, settings.pickups)
    async with (
        _client(settings, settings.satellite_token) as satellites,
        _client(settings, settings.relay_token) as relay,
    ):
        player = PresencePlayer(satellites, relay, settings.seed, clock)
        await player.play(outings(settings.seed, company), settings.speed, stop)


def _tills(settings: TrafficSettings, clock: SystemClock) -> Iterator[SimulatedTill]:
    for till in settings.tills:
        counter = SequenceFile(settings.data / f"{till.id}.seq") if settings.data else None
        yield SimulatedTill(
            settings.url,
            till.token,
            till.id,
            clock.now,
            zone=ZoneInfo(ZONE_NAME),
            next_seq=counter,
        )


def _client(settings: TrafficSettings, token: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=settings.url, headers=headers)


async def _main() -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    stdin = asyncio.StreamReader(limit=MAX_SETTINGS_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin)
    try:
        settings = read_settings(await stdin.readline())
    except (ValidationError, ValueError) as error:
        raise SystemExit(f"the settings on stdin are unusable: {error}") from error
    parent = loop.create_task(_stop_at_end(stdin, stop))
    await run(settings, stop)
    parent.cancel()


async def _stop_at_end(stdin: asyncio.StreamReader, stop: asyncio.Event) -> None:
    """Whoever started us holds the other end; when it dies, the system closes it."""
    while await stdin.read(1024):
        pass
    stop.set()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="traffic: %(message)s")
    logging.getLogger("httpx").setLevel(logging.ERROR)
    asyncio.run(_main())
