"""What is allowed in a fences file and yet worth a second look."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping

import shapely  # type: ignore[import-untyped]

from geofences import file_rules
from geofences.fence_set import FenceSet
from geofences.file_values import MADE_UP
from geofences.geometry import signed_distance_m
from geofences.model import Circle, Fault, Fence, FenceKind

WIDE_M = 10_000.0  # the plane of a fence this wide is some metres off at its edge
# Fixes in a shop are 15 to 40 m off: what is narrower than that needs radio or scans.
NARROW_M = 30.0
BY_POSITION = frozenset({FenceKind.STORE, FenceKind.CURBSIDE})
ALIKE = 0.85  # "exit_bufer_m" and "exit_buffer_m": 0.96
WORDS = (*file_rules.NAMES, "name", "kind", "parent", "radius_m", "radius")


def warnings(fences: Iterable[Fence]) -> tuple[Fault, ...]:
    """In the order of the fences; empty when there is nothing to look at."""
    known = FenceSet(fences)
    return tuple(
        Fault(fence.id, reason)
        for fence in known.fences.values()
        for reason in _reasons(fence, known)
    )


def _reasons(fence: Fence, known: FenceSet) -> Iterator[str]:
    if fence.id.startswith(MADE_UP):
        yield "has no id and no name: drawn anew it will be another fence, and everybody has left"
    size_m = known.size_m(fence.id)
    if size_m > WIDE_M:
        yield f"is {size_m / 1000:.0f} km across: distances are metres off, inside and outside hold"
    if size_m < NARROW_M and fence.kind in BY_POSITION:
        yield f"is {size_m:.0f} m across: positions of phones are too coarse for it"
    parent = known.fences.get(fence.parent or "")
    if parent is not None and signed_distance_m(parent.shape, *_some_position(fence)) < 0:
        yield f'lies outside its parent "{parent.id}", which is entered with it all the same'
    yield from _misspelt(fence.properties)


def _some_position(fence: Fence) -> tuple[float, float]:
    """(lat, lon) somewhere inside."""
    if isinstance(fence.shape, Circle):
        return fence.shape.lat, fence.shape.lon
    outer, *holes = fence.shape.polygons[0]
    found = shapely.Polygon(outer, holes).representative_point()
    return found.y, found.x


def _misspelt(properties: Mapping[str, object]) -> Iterator[str]:
    for name in properties:
        meant = difflib.get_close_matches(name.lower(), WORDS, n=1, cutoff=ALIKE)
        if meant and name not in WORDS:
            yield f'the property "{name[:40]}" is no rule; is "{meant[0]}" meant?'
