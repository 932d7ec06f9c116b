"""The version of a fence: a short hash of everything that decides where somebody is. Pure.

The name is not part of it, nor the order in which a ring was drawn, nor its direction: a fence
that means the same keeps its version, and nobody inside is asked again.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import astuple

from geofences.geometry import TURN, unwrap
from geofences.model import Circle, FenceKind, Polygon, Ring, Rules, Shape

DIGITS = 9  # of a degree, 0.1 mm: below is the rounding of moving by whole turns
LENGTH = 16  # hex digits


def version_of(shape: Shape, rules: Rules, kind: FenceKind, parent: str | None) -> str:
    """16 hex digits, the same on every machine."""
    meaning = json.dumps([kind.value, parent, astuple(rules), _canonical(shape)])
    return hashlib.sha256(meaning.encode()).hexdigest()[:LENGTH]


def _canonical(shape: Shape) -> object:
    if isinstance(shape, Circle):
        return [_rounded(_turned_back(shape.lon)), _rounded(shape.lat), shape.radius_m]
    polygons = unwrap(shape.polygons)
    west = min(lon for polygon in polygons for lon, _ in polygon[0])
    shift = _turned_back(_rounded(west)) - _rounded(west)
    return sorted(_polygon(polygon, shift) for polygon in polygons)


def _polygon(polygon: Polygon, shift: float) -> list[Ring]:
    outer, *holes = (_ring(ring, shift) for ring in polygon)
    return [outer, *sorted(holes)]


def _ring(ring: Ring, shift: float) -> Ring:
    """Open, beginning with its smallest position and going on to the smaller neighbour."""
    positions = [(_rounded(lon + shift), _rounded(lat)) for lon, lat in ring[:-1]]
    start = positions.index(min(positions))
    forth = (*positions[start:], *positions[:start])
    back = (forth[0], *reversed(forth[1:]))
    return min(forth, back)


def _turned_back(lon: float) -> float:
    """The same meridian in -180 <= lon < 180."""
    turned = math.remainder(lon, TURN)
    return turned - TURN if turned >= TURN / 2 else turned


def _rounded(value: float) -> float:
    return round(value, DIGITS) + 0.0  # -0.0 and 0.0 are one
