"""How people move through and around the sample shop. Pure, seeded.

A route is a polyline in metres east and north of the shop's middle; times are seconds of shop time.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from store_agent.demo.place import Point, degrees, zone_corners

STROLL_MPS, WALK_MPS, CYCLE_MPS = 0.8, 1.3, 4.5
DRIVE_MPS, CRAWL_MPS = (8.5, 11.0), 3.5  # in the streets around, and between parked cars
FIX_EVERY_S = (13.0, 17.0)  # an app that is on its way
FINE_ACCURACY_M, COARSE_ACCURACY_M = (8.0, 25.0), (12.0, 30.0)  # under the sky, under a roof
# A radius that holds 68 % of the fixes is so many standard deviations of one coordinate.
SIGMAS_IN_ACCURACY = 1.51

SHOP_STAY_S = (600.0, 2400.0)
BROWSE_STAY_S = (480.0, 1500.0)
HAND_OVER_S = (120.0, 240.0)
TRIES_ON_SHARE = 0.4
STANDS_S = (8.0, 40.0)  # in front of one rack
INNER_SHARE = 0.7  # of a zone's half width and depth: nobody stands in the wall
DRIVE_FROM_M, LAST_STRETCH_M = 1500.0, 60.0

_STREET: Point = (-55.0, -24.0)  # outside, in front of the door
_DOOR: Point = (-31.0, -15.0)
_DEPARTMENTS = ("women", "men", "shoes")
_PARKING_EAST, _PARKING_NORTH = (44.0, 70.0), (-14.0, 12.0)
_PAVEMENT_NORTH_M = -52.0  # across the street
_BLOCK_M = 260.0


@dataclass(frozen=True, slots=True)
class Waypoint:
    """Where somebody is at a moment."""

    at_s: float
    place: Point


@dataclass(frozen=True, slots=True)
class Route:
    """A way from the first waypoint to the last; between two of them in a straight line."""

    waypoints: tuple[Waypoint, ...]

    @property
    def start_s(self) -> float:
        """When it begins."""
        return self.waypoints[0].at_s

    @property
    def end_s(self) -> float:
        """When it is over."""
        return self.waypoints[-1].at_s

    def at(self, at_s: float) -> Point:
        """The position then; before and after, that of the nearer end."""
        number = bisect_right(self.waypoints, at_s, key=lambda one: one.at_s)
        before = self.waypoints[max(0, number - 1)]
        after = self.waypoints[min(number, len(self.waypoints) - 1)]
        span_s = after.at_s - before.at_s
        share = (at_s - before.at_s) / span_s if span_s > 0 and at_s > before.at_s else 0.0
        east, north = before.place
        return east + share * (after.place[0] - east), north + share * (after.place[1] - north)


@dataclass(frozen=True, slots=True)
class PhoneFix:
    """One position as a phone reports it: a little wrong, and it knows by how much."""

    at_s: float
    lat: float
    lon: float
    accuracy_m: float


@dataclass(frozen=True, slots=True)
class _Box:
    """The outer edges of a zone, in metres."""

    west: float
    south: float
    east: float
    north: float

    @classmethod
    def around(cls, corners: tuple[Point, ...]) -> _Box:
        east, north = zip(*corners, strict=True)
        return cls(min(east), min(north), max(east), max(north))

    def holds(self, place: Point) -> bool:
        return self.west <= place[0] <= self.east and self.south <= place[1] <= self.north


_BOXES = {zone: _Box.around(corners) for zone, corners in zone_corners().items()}


class _Way:
    """A route while it is being walked."""

    def __init__(self, start_s: float, place: Point) -> None:
        self.now_s = start_s
        self.place = place
        self._waypoints = [Waypoint(start_s, place)]

    def go(self, place: Point, speed_mps: float) -> None:
        self.now_s += math.dist(self.place, place) / speed_mps
        self.place = place
        self._waypoints.append(Waypoint(self.now_s, place))

    def stand(self, seconds: float) -> None:
        self.now_s += max(0.0, seconds)
        self._waypoints.append(Waypoint(self.now_s, self.place))

    def route(self) -> Route:
        return Route(tuple(self._waypoints))


def shopping(rng: random.Random, start_s: float) -> Route:
    """In by the door, through two to five zones, perhaps a fitting room, the tills, and out."""
    way = _Way(start_s, _STREET)
    way.go(_DOOR, WALK_MPS)
    stops = _stops(rng)
    stay_s = rng.uniform(*SHOP_STAY_S)
    total = sum(weight for _, weight in stops)
    for zone, weight in stops:
        _browse(rng, way, zone, stay_s * weight / total)
    way.go(_DOOR, WALK_MPS)
    way.go(_STREET, WALK_MPS)
    return way.route()


def _stops(rng: random.Random) -> list[tuple[str, float]]:
    """Zones in order, each with its share of the stay."""
    stops = [("entrance", 0.4)]
    last = ""
    for _ in range(rng.randint(2, 5)):
        last = rng.choice([zone for zone in _DEPARTMENTS if zone != last])
        stops.append((last, rng.uniform(1.0, 3.0)))
    if rng.random() < TRIES_ON_SHARE:
        stops.append(("fitting", rng.uniform(1.5, 3.0)))
    return [*stops, ("tills", rng.uniform(0.7, 1.3))]


def _browse(rng: random.Random, way: _Way, zone: str, stay_s: float) -> None:
    """From rack to rack until `stay_s` is over, at least one."""
    until_s = way.now_s + stay_s
    way.go(_somewhere(rng, zone), WALK_MPS)
    while way.now_s < until_s:
        way.stand(min(rng.uniform(*STANDS_S), until_s - way.now_s))
        if way.now_s < until_s:
            way.go(_somewhere(rng, zone), STROLL_MPS)


def _somewhere(rng: random.Random, zone: str) -> Point:
    box = _BOXES[zone]
    return _within(rng, box.west, box.east), _within(rng, box.south, box.north)


def _within(rng: random.Random, low: float, high: float) -> float:
    return (low + high) / 2 + rng.uniform(-1.0, 1.0) * INNER_SHARE * (high - low) / 2


def collecting(rng: random.Random, start_s: float) -> Route:
    """By car from 1.5 km away to the parking, some minutes there, and away again."""
    speed_mps = rng.uniform(*DRIVE_MPS)
    bay = rng.uniform(*_PARKING_EAST), rng.uniform(*_PARKING_NORTH)
    # From the east half: who comes from the west drives around the building anyway.
    angle = math.radians(rng.uniform(-70.0, 70.0))
    direction = math.cos(angle), math.sin(angle)
    far = _ahead(bay, direction, DRIVE_FROM_M)
    gate = _ahead(bay, direction, LAST_STRETCH_M)
    way = _Way(start_s, far)
    way.go(gate, speed_mps)
    way.go(bay, CRAWL_MPS)
    way.stand(rng.uniform(*HAND_OVER_S))
    way.go(gate, CRAWL_MPS)
    way.go(far, speed_mps)
    return way.route()


def _ahead(place: Point, direction: Point, distance_m: float) -> Point:
    return place[0] + direction[0] * distance_m, place[1] + direction[1] * distance_m


def visiting(rng: random.Random, start_s: float) -> Route:
    """On foot from around the corner into the shop; stays, and leaves the same way."""
    way = _Way(start_s, (-_BLOCK_M, rng.uniform(-60.0, -20.0)))
    home = way.place
    way.go(_STREET, WALK_MPS)
    way.go(_DOOR, WALK_MPS)
    stay_s = rng.uniform(*BROWSE_STAY_S)
    for zone in rng.sample(_DEPARTMENTS, 2):
        _browse(rng, way, zone, stay_s / 2)
    way.go(_DOOR, WALK_MPS)
    way.go(_STREET, WALK_MPS)
    way.go(home, WALK_MPS)
    return way.route()


def passing(rng: random.Random, start_s: float) -> Route:
    """A neighbour on the other pavement, on foot or by bicycle, who does not stop."""
    side = rng.choice((-1.0, 1.0))
    north_m = _PAVEMENT_NORTH_M + rng.uniform(-6.0, 6.0)
    way = _Way(start_s, (side * _BLOCK_M, north_m))
    way.go((-side * _BLOCK_M, north_m), rng.choice((WALK_MPS, CYCLE_MPS)))
    return way.route()


def fixes(rng: random.Random, route: Route) -> Iterator[PhoneFix]:
    """What the phone of somebody on `route` reports."""
    at_s = route.start_s
    while at_s <= route.end_s:
        place = route.at(at_s)
        low_m, high_m = COARSE_ACCURACY_M if is_indoors(place) else FINE_ACCURACY_M
        accuracy_m = rng.uniform(low_m, high_m)
        sigma_m = accuracy_m / SIGMAS_IN_ACCURACY
        lat, lon = degrees(rng.gauss(place[0], sigma_m), rng.gauss(place[1], sigma_m))
        yield PhoneFix(at_s, round(lat, 6), round(lon, 6), round(accuracy_m, 1))
        at_s += rng.uniform(*FIX_EVERY_S)


def is_indoors(place: Point) -> bool:
    """Whether a point lies within the walls, as far as reception goes."""
    return any(box.holds(place) for box in _BOXES.values())
