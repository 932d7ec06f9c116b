"""Signed distances in metres between positions and shapes. Pure; degrees in, metres out.

Polygons are measured in a local equirectangular frame of their own: the WGS 84 radii of curvature
at their centroid, 0.04 m off at 1 km and 50 degrees. The frame is affine, so a polygon contains
the same positions in it as in longitude and latitude. Circles are measured by chords through the
ellipsoid, below 1 mm off at 10 km. Neither knows a border at 180 degrees: moving a shape and a
position together in longitude changes nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely  # type: ignore[import-untyped]

from geofences.model import Circle, Polygon, Polygons, Ring, Shape

SEMI_MAJOR_M = 6_378_137.0  # WGS 84
FLATTENING = 1 / 298.257223563
ECCENTRICITY2 = FLATTENING * (2 - FLATTENING)
TURN = 360.0
HALF_TURN = 180.0
POLE = 90.0

# Rounding of degrees is 3e-9 m at 180; whatever is nearer than this lies on the boundary.
BOUNDARY_M = 1e-6
LEAST_METRES_PER_LAT = 110_574.0  # at the equator: a margin in degrees of latitude made with it
# is never too small


def radii_m(lat: float) -> tuple[float, float]:
    """(M, N): the radii of curvature along the meridian and across it."""
    sine = math.sin(math.radians(lat))
    w2 = 1 - ECCENTRICITY2 * sine * sine
    across = SEMI_MAJOR_M / math.sqrt(w2)
    return across * (1 - ECCENTRICITY2) / w2, across


def metres_per_lon(lat: float) -> float:
    """The length of one degree of longitude."""
    return math.radians(radii_m(lat)[1]) * math.cos(math.radians(lat))


@dataclass(frozen=True, slots=True)
class Frame:
    """A plane in metres that touches the earth at one latitude; x to the east, y to the north."""

    lat: float
    lon: float
    metres_per_lat: float
    metres_per_lon: float

    @classmethod
    def at(cls, lat: float, lon: float) -> Frame:
        """The frame with its origin there."""
        return cls(lat, lon, math.radians(radii_m(lat)[0]), metres_per_lon(lat))

    def xy(self, lat: float, lon: float) -> tuple[float, float]:
        """The position in metres, by the shorter way round the earth."""
        east = math.remainder(lon - self.lon, TURN)
        return east * self.metres_per_lon, (lat - self.lat) * self.metres_per_lat


@dataclass(frozen=True, slots=True)
class Bounds:
    """The box around a shape, in degrees; `west` is in -180..180, `east` may lie beyond."""

    west: float
    south: float
    east: float
    north: float

    @property
    def size_m(self) -> float:
        """The length of the diagonal."""
        frame = Frame.at((self.south + self.north) / 2, self.west)
        width = (self.east - self.west) * frame.metres_per_lon
        return math.hypot(width, (self.north - self.south) * frame.metres_per_lat)


def bounds(shape: Shape) -> Bounds:
    """The box around the shape; around a circle it may be a little too large, never too small."""
    if isinstance(shape, Circle):
        return _around_circle(shape)
    outer = [position for polygon in unwrap(shape.polygons) for position in polygon[0]]
    lons = [position[0] for position in outer]
    lats = [position[1] for position in outer]
    west = math.remainder(min(lons), TURN)
    return Bounds(west, min(lats), west + (max(lons) - min(lons)), max(lats))


def margin_deg(lat: float, margin_m: float) -> tuple[float, float]:
    """Degrees of latitude and longitude that span at least `margin_m` around there."""
    lat_deg = margin_m / LEAST_METRES_PER_LAT
    poleward = abs(lat) + lat_deg
    if poleward >= POLE:
        return lat_deg, HALF_TURN
    return lat_deg, min(HALF_TURN, margin_m / metres_per_lon(poleward))


def _around_circle(circle: Circle) -> Bounds:
    lat_deg, lon_deg = margin_deg(circle.lat, circle.radius_m)
    west = math.remainder(circle.lon - lon_deg, TURN)
    return Bounds(west, circle.lat - lat_deg, west + 2 * lon_deg, circle.lat + lat_deg)


def unwrap(polygons: tuple[Polygon, ...]) -> tuple[Polygon, ...]:
    """The same polygons with continuous longitudes.

    Each ring stays within 180 degrees of its first position, holes lie near their outer ring, and
    all polygons near the first one: a fence that was cut at 180 comes together again.
    """
    middle = _middle(_unwrap_ring(polygons[0][0])) if polygons else 0.0
    return tuple(unwrap_polygon(polygon, middle) for polygon in polygons)


def unwrap_polygon(polygon: Polygon, near: float) -> Polygon:
    """The polygon with continuous longitudes, by whole turns where its middle is nearest."""
    outer = _moved(_unwrap_ring(polygon[0]), near)
    middle = _middle(outer)
    return (outer, *(_moved(_unwrap_ring(hole), middle) for hole in polygon[1:]))


def _unwrap_ring(ring: Ring) -> Ring:
    first = ring[0][0]
    if all(abs(lon - first) <= HALF_TURN for lon, _ in ring):
        return ring
    return tuple((lon - TURN * round((lon - first) / TURN), lat) for lon, lat in ring)


def _moved(ring: Ring, near: float) -> Ring:
    """The ring moved by whole turns, to where its middle is nearest."""
    turns = round((_middle(ring) - near) / TURN)
    return ring if turns == 0 else tuple((lon - TURN * turns, lat) for lon, lat in ring)


def _middle(ring: Ring) -> float:
    lons = [lon for lon, _ in ring]
    return (min(lons) + max(lons)) / 2


class LocalPolygons:
    """Polygons in their own frame, prepared for many questions.

    `area` (shapely, metres) answers whether a position is inside, `boundary` how far it is.
    """

    __slots__ = ("area", "area_m2", "boundary", "frame")

    def __init__(self, shape: Polygons) -> None:
        """A valid shape, see `geofences.files`."""
        merged = merge(shape)
        west, south, east, north = merged.bounds
        # The middle, not the centroid, so that a position is measured by the right way round.
        self.frame = Frame.at(_clamped(merged.centroid.y, south, north), (west + east) / 2)
        self.area = shapely.transform(merged, self._metres)
        self.boundary = self.area.boundary
        self.area_m2 = float(self.area.area)
        shapely.prepare(self.area)
        shapely.prepare(self.boundary)

    def _metres(self, positions: np.ndarray) -> np.ndarray:
        frame = self.frame
        scale = (frame.metres_per_lon, frame.metres_per_lat)
        return (positions - (frame.lon, frame.lat)) * scale

    def signed_distance_m(self, lat: float, lon: float) -> float:
        """To the nearest boundary, positive inside."""
        x, y = self.frame.xy(lat, lon)
        inside = bool(shapely.intersects_xy(self.area, x, y))
        return signed(float(self.boundary.distance(shapely.Point(x, y))), inside=inside)


def merge(shape: Polygons) -> shapely.Geometry:
    """One shapely geometry in unwrapped degrees, without inner borders where it was cut."""
    parts = [shapely.Polygon(outer, holes) for outer, *holes in unwrap(shape.polygons)]
    return parts[0] if len(parts) == 1 else shapely.union_all(parts)


def signed(distance_m: float, *, inside: bool) -> float:
    """The distance with its sign; what lies on the boundary, but for rounding, is inside."""
    if inside or distance_m <= BOUNDARY_M:
        return distance_m if inside else 0.0
    return -distance_m


def _clamped(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


class LocalCircle:
    """A circle, ready for many questions."""

    __slots__ = ("_centre", "_diameter_m", "area_m2", "radius_m")

    def __init__(self, circle: Circle) -> None:
        """The curvature at the centre turns chords into arcs."""
        self.radius_m = circle.radius_m
        self.area_m2 = math.pi * circle.radius_m**2
        self._centre = earth_centred_m(circle.lat, circle.lon)
        self._diameter_m = 2 * math.sqrt(math.prod(radii_m(circle.lat)))

    def signed_distance_m(self, lat: float, lon: float) -> float:
        """To the circle's line, positive inside."""
        return self.signed_distance_from(earth_centred_m(lat, lon))

    def signed_distance_from(self, position: tuple[float, float, float]) -> float:
        """The same for a position that is earth-centred already."""
        chord = math.dist(self._centre, position)
        arc = self._diameter_m * math.asin(min(1.0, chord / self._diameter_m))
        inner = self.radius_m - arc
        return 0.0 if -BOUNDARY_M <= inner < 0.0 else inner


def earth_centred_m(lat: float, lon: float) -> tuple[float, float, float]:
    """Cartesian coordinates of a position on the ellipsoid."""
    phi, lam = math.radians(lat), math.radians(lon)
    sine, cosine = math.sin(phi), math.cos(phi)
    across = SEMI_MAJOR_M / math.sqrt(1 - ECCENTRICITY2 * sine * sine)
    flat = across * cosine
    return flat * math.cos(lam), flat * math.sin(lam), across * (1 - ECCENTRICITY2) * sine


Local = LocalPolygons | LocalCircle


def prepare(shape: Shape) -> Local:
    """The shape ready for many questions."""
    return LocalCircle(shape) if isinstance(shape, Circle) else LocalPolygons(shape)


def signed_distance_m(shape: Shape, lat: float, lon: float) -> float:
    """To the shape's boundary, positive inside, 0 on it. For many positions use `prepare`."""
    return prepare(shape).signed_distance_m(lat, lon)
