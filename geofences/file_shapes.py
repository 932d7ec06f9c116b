"""The geometry of one GeoJSON feature -> a shape, or every reason why it is none.

The raw coordinates are checked, because shapely closes an open ring without a word. Nothing is
repaired. The winding of rings does not matter, nor an altitude behind longitude and latitude.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

import shapely  # type: ignore[import-untyped]

from geofences import geometry
from geofences.file_values import finite_number
from geofences.model import Circle, Polygon, Polygons, Ring, Shape

MAX_POSITIONS = 10_000  # of one fence; a country's border fits, a survey of its coast does not
MIN_RING_POSITIONS = 4  # a triangle, closed
MIN_AREA_M2 = 0.01  # below is rounding: nobody stands in there
MAX_RADIUS_M = 1_000_000.0
QUARTER_TURN = 90.0
MAX_LON_UNCUT = 270.0  # some editors count on across 180: 179 -> 181
OVERLAP_SHARE = 1e-9  # of the area; below is rounding
SUPPORTED = "use Polygon, MultiPolygon, or Point with radius_m for a circle"

AREAS = ("Polygon", "MultiPolygon")  # geometries that are a fence by themselves

Blame = Callable[[str], None]


class ShapeRefused(ValueError):
    """One reason why a geometry cannot be used."""


Made = TypeVar("Made")


def read_shape(raw: object, radius: object, blame: Blame) -> Shape | None:
    """The shape of a feature's `geometry`; None after `blame` was told every reason.

    `radius` is the property `radius_m` or `radius`, which makes a Point a circle.
    """
    if raw is None:
        blame("has no geometry")
        return None
    if not isinstance(raw, Mapping):
        blame("geometry must be an object")
        return None
    kind, coordinates = raw.get("type"), raw.get("coordinates")
    if kind == "Point":
        return _circle(coordinates, radius, blame)
    if kind == "Polygon":
        return _polygons([coordinates], blame)
    if kind == "MultiPolygon":
        return _polygons(coordinates, blame)
    blame(f"geometry type {_shown(kind)} is not supported: {SUPPORTED}")
    return None


def _circle(coordinates: object, radius: object, blame: Blame) -> Circle | None:
    position = _tried(lambda: _position(coordinates, geometry.HALF_TURN), blame)
    radius_m = _tried(lambda: _radius(radius), blame)
    if position is None or radius_m is None:
        return None
    lon, lat = position
    return Circle(lat=lat, lon=lon, radius_m=radius_m)


def _radius(raw: object) -> float:
    if raw is None:
        raise ShapeRefused("a Point needs the property radius_m, the circle's radius in metres")
    radius_m = finite_number(raw)
    if radius_m is None:
        raise ShapeRefused("radius_m must be a number")
    if radius_m <= 0:
        raise ShapeRefused("radius_m must be more than 0")
    if radius_m > MAX_RADIUS_M:
        raise ShapeRefused(f"radius_m must be at most {MAX_RADIUS_M:.0f}")
    return radius_m


def _polygons(raw: object, blame: Blame) -> Polygons | None:
    """Rings first, each for itself; then each polygon; then all together."""
    reasons: list[str] = []
    try:
        found = [_rings(one, reasons.append) for one in _few_enough(raw)]
        sound = [polygon for polygon in found if polygon is not None]
        _check_longitudes(sound)
        checked = [_tried(partial(_checked, one), reasons.append) for one in sound]
        if not reasons:
            return _together([polygon for polygon in checked if polygon is not None])
    except ShapeRefused as refused:
        reasons.append(str(refused))
    for reason in reasons:
        blame(reason)
    return None


def _rings(raw: object, blame: Blame) -> Polygon | None:
    """The rings of one polygon, each for itself in order."""
    try:
        raw_rings = _items(raw, "rings")
    except ShapeRefused as refused:
        blame(str(refused))
        return None
    rings = [_tried(lambda one=one: _ring(one), blame) for one in raw_rings]  # type: ignore[misc]
    sound = tuple(ring for ring in rings if ring is not None)
    return sound if len(sound) == len(rings) else None


def _ring(raw: object) -> Ring:
    positions = tuple(_position(one, MAX_LON_UNCUT) for one in _items(raw, "positions of a ring"))
    if len(positions) < MIN_RING_POSITIONS:
        raise ShapeRefused(
            f"a ring needs at least {MIN_RING_POSITIONS} positions, the last one "
            f"like the first; this one has {len(positions)}"
        )
    if positions[0] != positions[-1]:
        raise ShapeRefused("a ring is not closed: its last position must be like its first")
    return positions


def _position(raw: object, max_lon: float) -> tuple[float, float]:
    """(lon, lat); a third number would be the altitude."""
    if not isinstance(raw, list) or len(raw) < 2:
        raise ShapeRefused("a position must be [longitude, latitude]")
    numbers = [finite_number(one) for one in raw]
    lon, lat = numbers[0], numbers[1]
    if lon is None or lat is None or None in numbers:
        raise ShapeRefused("a position holds something that is no finite number")
    if abs(lat) > geometry.POLE:
        raise ShapeRefused(f"latitude {lat:g} is outside -90..90; longitude comes first")
    if abs(lon) > max_lon:
        raise ShapeRefused(f"longitude {lon:g} is outside -180..180")
    return lon, lat


def _checked(polygon: Polygon) -> Polygon:
    """The polygon with continuous longitudes, or why it is none."""
    unwrapped = geometry.unwrap((polygon,))[0]
    shape = shapely.Polygon(unwrapped[0], unwrapped[1:])
    west, south, east, north = shape.bounds
    if east - west >= geometry.HALF_TURN:
        raise ShapeRefused("is wider than 180 degrees of longitude: which side is meant is unclear")
    frame = geometry.Frame.at((south + north) / 2, west)
    for ring in unwrapped:
        # The hull: a bow-tie has no area either, but its fault is another one.
        hull = shapely.convex_hull(shapely.LineString(ring))
        if hull.area * frame.metres_per_lat * frame.metres_per_lon < MIN_AREA_M2:
            raise ShapeRefused("a ring has zero area")
    if not shape.is_valid:
        raise ShapeRefused(shapely.is_valid_reason(shape))
    return unwrapped


def _check_longitudes(polygons: list[Polygon]) -> None:
    """Beyond 180 only for a fence that crosses it and lies around it: 179 -> 181."""
    away = [abs(lon) for polygon in polygons for ring in polygon for lon, _ in ring]
    if max(away, default=0.0) <= geometry.HALF_TURN:
        return
    if not QUARTER_TURN < min(away) < geometry.HALF_TURN:
        raise ShapeRefused("a longitude is outside -180..180")


def _together(polygons: list[Polygon]) -> Polygons:
    """All polygons of one fence; only along 180 degrees may they share a border."""
    uncut = (geometry.unwrap_polygon(one, 0.0) for one in polygons)  # 180..181 is -180..-179
    as_they_came = shapely.MultiPolygon([(outer, holes) for outer, *holes in uncut])
    if not as_they_came.is_valid:
        raise ShapeRefused(shapely.is_valid_reason(as_they_came))
    shape = Polygons(geometry.unwrap(tuple(polygons)))
    try:
        merged = geometry.merge(shape)
    except shapely.GEOSException as error:
        raise ShapeRefused("its polygons cannot be put together") from error
    if as_they_came.area - merged.area > OVERLAP_SHARE * as_they_came.area:
        raise ShapeRefused("its polygons overlap")
    west, _, east, _ = merged.bounds
    if east - west >= geometry.HALF_TURN:
        raise ShapeRefused("is wider than 180 degrees of longitude: make several fences")
    return shape


def _items(raw: object, of_what: str) -> list[object]:
    if not isinstance(raw, list):
        raise ShapeRefused(f"coordinates are wrong: expected a list of {of_what}")
    if not raw:
        raise ShapeRefused(f"has an empty list of {of_what}")
    return raw


def _few_enough(raw: object) -> list[object]:
    """The raw polygons, counted before anybody looks at a position."""
    polygons = _items(raw, "polygons")
    rings = [ring for polygon in polygons if isinstance(polygon, list) for ring in polygon]
    if sum(len(ring) for ring in rings if isinstance(ring, list)) > MAX_POSITIONS:
        raise ShapeRefused(f"has more than {MAX_POSITIONS} positions")
    return polygons


def _tried(make: Callable[[], Made], blame: Blame) -> Made | None:
    try:
        return make()
    except ShapeRefused as refused:
        blame(str(refused))
        return None


def _shown(kind: object) -> str:
    return f'"{kind}"' if isinstance(kind, str) and len(kind) <= 40 and kind.isprintable() else "?"
