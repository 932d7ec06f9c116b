"""Adverts through the real bleak over a private D-Bus, to a tracked room; a fake BlueZ sends.

The baseline is a bleak callback that only counts, at the same rate in the same run.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from geofences.beacons.adverts import parse
from geofences.beacons.identify import Identifier
from geofences.beacons.model import Beacon, BeaconKind, Sighting
from geofences.beacons.rooms import Rooms
from geofences.scanner.radio import Radio, RadioSettings
from tests.bench.places import ROOT
from tests.bench.report import Result, at_most, information
from tests.fake_bluez import private_bus

RATES = (5_000, 6_000)
SECONDS = 5.0
DEVICES = 200
UUID = "00000000-0000-0000-0000-000000000000"
BUDGET_PER_S, BUDGET_US = 5_000.0, 20.0
DIRECT = 50_000


async def measure() -> list[Result]:
    """CPU microseconds per advert, and the share that arrived."""
    rate = RATES[0]
    counted, plain_us = await _counting(rate)
    ours = [await _tracking(one) for one in RATES]
    lost = [sent - got for sent, got, _ in ours]
    tracked_us = ours[0][2]
    best = max(
        (one for one, missing in zip(RATES, lost, strict=True) if missing <= one * 0.001), default=0
    )
    return [
        information("adverts cpu", "us", tracked_us, plain_us, f"{counted} counted; sender paced"),
        Result(
            "adverts per second",
            "1/s",
            float(best),
            None,
            None,
            BUDGET_PER_S,
            best >= BUDGET_PER_S,
            f">= {BUDGET_PER_S:g} 1/s",
            f"highest paced rate without loss; one core would take {1e6 / tracked_us:,.0f}",
        ),
        at_most("adverts parse and track", "us", _direct_us(), BUDGET_US, "without D-Bus"),
    ]


def _pipeline() -> tuple[Callable[[Sighting], None], list[int]]:
    beacons = [
        Beacon(f"t-{n}", BeaconKind.IBEACON, f"c-{n}", None, UUID, n >> 16, n & 0xFFFF)
        for n in range(DEVICES)
    ]
    identifier, rooms, count = Identifier(beacons), Rooms({"sat": "a"}), [0]

    def hear(sighting: Sighting) -> None:
        count[0] += 1
        rooms.pulse(sighting.radio, sighting.at)
        found = identifier.identify(sighting.address, parse(sighting.advert), sighting.at)
        if found is not None and found.confirmed and found.beacon.subject is not None:
            rooms.on_sighting(
                found.beacon.subject, "sat", sighting.rssi_dbm, sighting.at, found.power_1m_dbm
            )

    return hear, count


async def _tracking(rate: int) -> tuple[int, int, float]:
    """Sent, arrived, CPU microseconds per advert."""
    hear, count = _pipeline()
    async with private_bus():
        radio = Radio("sat", RadioSettings(), lambda: datetime.now(UTC), time.monotonic)
        task = asyncio.ensure_future(radio.run(hear))
        sent, cpu_s = await _send(rate)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return sent, count[0], 1e6 * cpu_s / max(1, count[0])


async def _counting(rate: int) -> tuple[int, float]:
    from bleak import BleakScanner
    from bleak.exc import BleakError

    count = [0]

    def callback(_device: object, _said: object) -> None:
        count[0] += 1

    async with private_bus():
        scanner: BleakScanner | None = None

        async def scan() -> None:
            nonlocal scanner
            await asyncio.sleep(1.0)
            scanner = BleakScanner(callback, bluez={"adapter": "hci0"})
            await scanner.start()

        task = asyncio.ensure_future(scan())
        _, cpu_s = await _send(rate)
        await task
        if scanner is not None:
            with contextlib.suppress(BleakError):  # the sender has gone
                await scanner.stop()
    return count[0], 1e6 * cpu_s / max(1, count[0])


async def _send(rate: int) -> tuple[int, float]:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.advertiser",
        str(rate),
        str(SECONDS),
        str(DEVICES),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    before = time.process_time()
    out, _ = await child.communicate()
    return int(out), time.process_time() - before


def _direct_us() -> float:
    """Parse, identify and track without any bus: best of three."""
    best = float("inf")
    for _ in range(3):
        hear, _count = _pipeline()
        said = [
            Sighting(
                "sat",
                "C2:00:00:00:00:01",
                -50 - n % 20,
                bytes.fromhex("1aff4c000215")
                + bytes(16)
                + (n % DEVICES).to_bytes(4, "big")
                + b"\xc5",
                n / 5000,
            )
            for n in range(DIRECT)
        ]
        began = time.process_time()
        for one in said:
            hear(one)
        best = min(best, 1e6 * (time.process_time() - began) / DIRECT)
    return best
