"""All fences of a shop, ready to be asked where a position lies. Immutable: rebuild and swap.

A cell of the map knows the boxes near it; beyond `LOOP_LIMIT` fences an STRtree finds them, once.
Shapes are prepared when somebody is near them for the first time, so that 100,000 fences of which
a shop meets a few cost little more than their own data.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from math import remainder
from types import MappingProxyType

import numpy as np
import shapely  # type: ignore[import-untyped]

from geofences.geometry import (
    LEAST_METRES_PER_LAT,
    TURN,
    Bounds,
    Frame,
    Local,
    LocalCircle,
    LocalPolygons,
    bounds,
    earth_centred_m,
    margin_deg,
    prepare,
    signed,
)
from geofences.model import Circle, Fence, Placing, Shape

LOOP_LIMIT = 50  # one store; up to here looking at every box is as fast as the tree
MAX_GROUPS = 2_048  # a shop has a handful, a town some hundreds; each takes about 1 kB
CELL_DEG = 0.002  # some 200 m: of the boxes that meet a cell about half hold a position in it
MAX_CELLS = 2_048  # each takes about 1 kB
ROUNDING_DEG = 1e-9  # 0.1 mm: a cell's corner times its number is not exact

_Row = tuple[int, float, float, float, float]  # the number of a box; west, south, east, north


class FenceSet:
    """Fences by id, and where a position lies with respect to those near it."""

    def __init__(self, fences: Iterable[Fence]) -> None:
        """Fences with different ids, as `geofences.files.read` gives them."""
        self._fences = tuple(fences)
        self._index = {fence.id: index for index, fence in enumerate(self._fences)}
        if len(self._index) != len(self._fences):
            raise ValueError("two fences have the same id")
        self._by_id = MappingProxyType({fence.id: fence for fence in self._fences})
        self._sizes_m: dict[str, float] = {}
        self._smallnesses: dict[str, tuple[float, int, str]] = {}
        self._local: list[Local | None] = [None] * len(self._fences)
        self._groups: dict[tuple[int, ...], _Group] = {}
        self._children = _children(self._fences)
        self._approached = tuple(one.id for one in self._fences if one.rules.approach_m > 0)
        self._boxes = _Boxes([bounds(fence.shape) for fence in self._fences])

    @property
    def fences(self) -> Mapping[str, Fence]:
        """Every fence by its id."""
        return self._by_id

    @property
    def approached(self) -> tuple[str, ...]:
        """The fences people are seen coming to from afar: those with `approach_m`."""
        return self._approached

    def place(
        self, lat: float, lon: float, pad_m: float, also: Collection[str] = ()
    ) -> list[Placing]:
        """The fences whose box, padded by `pad_m`, holds the position, and those in `also`.

        Parents come before their children; else polygons first, each kind in the order of the
        file. Ids that are no fence (any more) are passed over.
        """
        near = self._boxes.near(lat, lon, pad_m)
        for fence_id in also:
            index = self._index.get(fence_id)
            if index is not None and index not in near:
                near = sorted((*near, index))
        return self._group(near).placings(lat, lon) if near else []

    def size_m(self, fence_id: str) -> float:
        """The diagonal of the fence's box, a circle's diameter; 0 for an unknown id."""
        fence = self._by_id.get(fence_id)
        if fence is None:
            return 0.0
        size_m = self._sizes_m.get(fence_id)
        if size_m is None:
            size_m = self._sizes_m[fence_id] = _size_m(fence.shape)
        return size_m

    def children(self, fence_id: str) -> tuple[str, ...]:
        """The fences whose parent this one is, in the order of the file; none for an unknown id."""
        return self._children.get(fence_id, ())

    def smallest_first(self, ids: Iterable[str]) -> tuple[str, ...]:
        """By area; of two equal ones the child first. Unknown ids come last."""
        several = tuple(ids)
        return several if len(several) < 2 else tuple(sorted(several, key=self._smallness))

    def _smallness(self, fence_id: str) -> tuple[float, int, str]:
        known = self._smallnesses.get(fence_id)
        if known is not None:
            return known
        index = self._index.get(fence_id)
        if index is None:
            return math.inf, 0, fence_id
        known = self._prepared(index).area_m2, -self._depth(fence_id), fence_id
        self._smallnesses[fence_id] = known
        return known

    def _depth(self, fence_id: str) -> int:
        """How many ancestors it has; a cycle, which `files` refuses, ends as well."""
        seen: set[str] = set()
        fence = self._by_id.get(fence_id)
        while fence is not None and fence.parent is not None and fence.id not in seen:
            seen.add(fence.id)
            fence = self._by_id.get(fence.parent)
        return len(seen)

    def _prepared(self, index: int) -> Local:
        local = self._local[index]
        if local is None:
            local = self._local[index] = prepare(self._fences[index].shape)
        return local

    def _group(self, near: Sequence[int]) -> _Group:
        key = tuple(near)
        group = self._groups.get(key)
        if group is None:
            if len(self._groups) >= MAX_GROUPS:
                self._groups.clear()
            group = self._groups[key] = _Group(
                [(self._fences[index], self._prepared(index)) for index in near],
                self._depth,
            )
        return group


class _Group:
    """Fences that a position is compared with together, in the form that GEOS takes fastest.

    One call of each GEOS function for all polygons: a call costs more than the geometry. In a shop
    the same few fences are near again and again.
    """

    __slots__ = ("_areas", "_boundaries", "_circles", "_fences", "_frames", "_order")

    def __init__(self, members: Sequence[tuple[Fence, Local]], depth: Callable[[str], int]) -> None:
        """Members keep their order, but circles come after polygons and children after parents."""
        polygons = [(fence, one) for fence, one in members if isinstance(one, LocalPolygons)]
        self._circles = [(fence, one) for fence, one in members if isinstance(one, LocalCircle)]
        self._fences = [fence for fence, _ in polygons]
        self._frames = [_numbers(one.frame) for _, one in polygons]
        self._areas = np.array([one.area for _, one in polygons], dtype=object)
        self._boundaries = np.array([one.boundary for _, one in polygons], dtype=object)
        depths = [depth(fence.id) for fence in (*self._fences, *(one for one, _ in self._circles))]
        order = sorted(range(len(depths)), key=depths.__getitem__)
        self._order = order if order != list(range(len(depths))) else None

    def placings(self, lat: float, lon: float) -> list[Placing]:
        """The position's exact distance to each of them."""
        found = self._polygon_placings(lat, lon) if self._fences else []
        if self._circles:
            position = earth_centred_m(lat, lon)
            found += [
                Placing(fence, circle.signed_distance_from(position))
                for fence, circle in self._circles
            ]
        return found if self._order is None else [found[index] for index in self._order]

    def _polygon_placings(self, lat: float, lon: float) -> list[Placing]:
        """`Frame.xy` written out: its call would be a tenth of the whole."""
        local = [
            (remainder(lon - frame_lon, TURN) * per_lon, (lat - frame_lat) * per_lat)
            for frame_lat, frame_lon, per_lat, per_lon in self._frames
        ]
        positions = shapely.points(np.array(local))
        inside = shapely.intersects(self._areas, positions).tolist()
        away = shapely.distance(self._boundaries, positions).tolist()
        return [
            Placing(fence, signed(distance, inside=within))
            for fence, distance, within in zip(self._fences, away, inside, strict=True)
        ]


def _numbers(frame: Frame) -> tuple[float, float, float, float]:
    return frame.lat, frame.lon, frame.metres_per_lat, frame.metres_per_lon


def _size_m(shape: Shape) -> float:
    return 2 * shape.radius_m if isinstance(shape, Circle) else bounds(shape).size_m


def _children(fences: Iterable[Fence]) -> dict[str, tuple[str, ...]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for fence in fences:
        if fence.parent is not None:
            found[fence.parent].append(fence.id)
    return {parent: tuple(children) for parent, children in found.items()}


class _Boxes:
    """Which boxes, padded, hold a position. Knows no border at 180 degrees.

    The boxes near a cell of the map are found once: people are about the same places.
    """

    def __init__(self, boxes: Sequence[Bounds]) -> None:
        # Longitudes are counted from the middle of the first box: for a shop anywhere on earth
        # everything is then near 0, and the search round the back never happens.
        self._origin = (boxes[0].west + boxes[0].east) / 2 if boxes else 0.0
        # (boxes, 4): a hundred thousand values would take ten times as much.
        self._sides = np.array([_counted_from(self._origin, box) for box in boxes]).reshape(-1, 4)
        self._south = float(self._sides[:, 1].min(initial=math.inf))
        self._north = float(self._sides[:, 3].max(initial=-math.inf))
        many = len(boxes) > LOOP_LIMIT
        self._tree = shapely.STRtree(shapely.box(*self._sides.T)) if many else None
        self._cells: dict[tuple[float, float, float], list[_Row]] = {}

    def near(self, lat: float, lon: float, pad_m: float) -> list[int]:
        """Their numbers, in order; the pad is never smaller than asked for."""
        pad_deg = pad_m / LEAST_METRES_PER_LAT
        if lat < self._south - pad_deg or lat > self._north + pad_deg:
            return []
        east = remainder(lon - self._origin, TURN)
        cell = lat // CELL_DEG, east // CELL_DEG, pad_m
        rows = self._cells.get(cell)
        if rows is None:
            rows = self._look_up(cell)
        found = [
            number
            for number, west_deg, south_deg, east_deg, north_deg in rows
            if south_deg <= lat <= north_deg and west_deg <= east <= east_deg
        ]
        return found if len(found) < 2 else sorted(set(found))

    def _look_up(self, cell: tuple[float, float, float]) -> list[_Row]:
        """The padded boxes that meet a cell, counted as its longitudes are."""
        if len(self._cells) >= MAX_CELLS:
            self._cells.clear()
        south, west = cell[0] * CELL_DEG, cell[1] * CELL_DEG
        north, east = south + CELL_DEG, west + CELL_DEG
        lat_deg, lon_deg = margin_deg(max(abs(south), abs(north)), cell[2])
        lat_deg, lon_deg = lat_deg + ROUNDING_DEG, lon_deg + ROUNDING_DEG
        rows: list[_Row] = []
        for turn in (0.0, TURN, -TURN):
            reach = (west - lon_deg + turn, south - lat_deg, east + lon_deg + turn, north + lat_deg)
            for number in self._meeting(*reach):
                sides = self._sides[number] + (-lon_deg - turn, -lat_deg, lon_deg - turn, lat_deg)
                rows.append((number, *sides.tolist()))
        self._cells[cell] = rows
        return rows

    def _meeting(self, west: float, south: float, east: float, north: float) -> list[int]:
        if self._tree is not None:
            return self._tree.query(shapely.box(west, south, east, north)).tolist()  # type: ignore[no-any-return]
        is_beyond = (self._sides - (east, north, west, south)) * (1, 1, -1, -1) > 0
        return np.flatnonzero(~is_beyond.any(axis=1)).tolist()


def _counted_from(origin: float, box: Bounds) -> tuple[float, float, float, float]:
    width = box.east - box.west
    west = remainder(box.west + width / 2 - origin, TURN) - width / 2
    return west, box.south, west + width, box.north
