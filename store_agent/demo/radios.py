"""The satellites of the sample shop, one in the middle of each zone, and how loud they hear. Pure.

Log-distance model: a radio loses `10 n log10(d)` dB on the way, bodies and walls add chance.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from store_agent.demo.place import Point, zone_corners

PATH_LOSS_EXPONENT = 2.5  # a shop floor: 2 in the open, 3 to 4 through walls
NOISE_DB = 4.0  # standard deviation
LOSS_SHARE = 0.15  # of the adverts, to collisions on the air
FAINTEST_DBM = -95.0  # a cheap receiver hears nothing below
NEAREST_M = 1.0


@dataclass(frozen=True, slots=True)
class Satellite:
    """One radio; its position in metres east and north of the shop's middle."""

    name: str
    zone: str
    at: Point


def _middle(corners: tuple[Point, ...]) -> Point:
    east, north = zip(*corners, strict=True)
    return (min(east) + max(east)) / 2, (min(north) + max(north)) / 2


SATELLITES = tuple(
    Satellite(f"sat-{zone}", zone, _middle(corners)) for zone, corners in zone_corners().items()
)


def radio_settings() -> list[dict[str, str]]:
    """The section `presence.radios` of the agent's settings."""
    return [{"name": one.name, "zone": one.zone, "kind": "satellite"} for one in SATELLITES]


def strength(satellite: Satellite, at: Point, power_1m_dbm: int, rng: random.Random) -> int | None:
    """What the satellite measures of one advert sent from `at`, in dBm; None = not heard."""
    if rng.random() < LOSS_SHARE:
        return None
    distance_m = max(NEAREST_M, math.dist(satellite.at, at))
    lost_db = 10 * PATH_LOSS_EXPONENT * math.log10(distance_m)
    rssi_dbm = power_1m_dbm - lost_db + rng.gauss(0.0, NOISE_DB)
    return round(rssi_dbm) if rssi_dbm >= FAINTEST_DBM else None
