"""Shapes for tests and bench: stars with holes, boxes, circles, and the fences around them."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

from geofences.fingerprint import version_of
from geofences.model import Circle, Fence, FenceKind, Polygons, Ring, Shape
from geofences.rules import RULES

METRES_PER_DEGREE = 111_320.0


def offset(lat: float, lon: float, east_m: float, north_m: float) -> tuple[float, float]:
    """(lat, lon) some metres away, roughly; the longitude is not wrapped."""
    wide = METRES_PER_DEGREE * math.cos(math.radians(lat))
    return lat + north_m / METRES_PER_DEGREE, lon + east_m / wide


def star_ring(dice: Random, centre: tuple[float, float], radius_m: float, corners: int) -> Ring:
    """A ring that sees its centre from everywhere: never crosses itself. Closed."""
    ring = []
    for corner in range(corners):
        angle = 2 * math.pi * corner / corners
        reach = radius_m * dice.uniform(0.4, 1.0)
        there = offset(*centre, reach * math.cos(angle), reach * math.sin(angle))
        ring.append((there[1], there[0]))
    return (*ring, ring[0])


def star(
    dice: Random, centre: tuple[float, float], radius_m: float, corners: int = 30, holes: int = 1
) -> Polygons:
    """One polygon around (lat, lon); a hole, or two next to each other, lie well inside."""
    spots = [(0.0, 0.0)] if holes == 1 else [(-0.12, 0.0), (0.12, 0.0)]
    inner = []
    for east, north in spots[:holes]:
        spot = offset(*centre, east * radius_m, north * radius_m)
        inner.append(star_ring(dice, spot, 0.1 * radius_m, max(4, corners // 4)))
    return Polygons(((star_ring(dice, centre, radius_m, corners), *inner),))


def box(west: float, south: float, east: float, north: float) -> Ring:
    """A closed ring, anticlockwise."""
    return ((west, south), (east, south), (east, north), (west, north), (west, south))


def box_around(lat: float, lon: float, width_m: float, height_m: float | None = None) -> Polygons:
    """A rectangle with its centre there."""
    south, west = offset(lat, lon, -width_m / 2, -(height_m or width_m) / 2)
    return Polygons(((box(west, south, 2 * lon - west, 2 * lat - south),),))


def moved(shape: Shape, lon: float, *, within: bool = False) -> Shape:
    """The shape so many degrees further east; `within`: each longitude wrapped to -180..180."""

    def east(old: float) -> float:
        return math.remainder(old + lon, 360.0) if within else old + lon

    if isinstance(shape, Circle):
        return replace(shape, lon=east(shape.lon))
    return Polygons(
        tuple(
            tuple(tuple((east(x), y) for x, y in ring) for ring in polygon)
            for polygon in shape.polygons
        )
    )


def fence_of(
    shape: Shape,
    fence_id: str = "shop",
    kind: FenceKind = FenceKind.STORE,
    parent: str | None = None,
    **rules: object,
) -> Fence:
    """A fence with the default rules of its kind but for those given."""
    all_rules = replace(RULES[kind], **rules)
    version = version_of(shape, all_rules, kind, parent)
    return Fence(fence_id, fence_id.title(), kind, shape, all_rules, version, parent)
