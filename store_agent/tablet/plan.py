"""The shop from above, drawn from its fences: metres to the right and downwards. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator

from geofences.geometry import Frame, bounds, unwrap
from geofences.model import Circle, Fence, FenceKind, Ring
from kiosk_ui import model
from store_agent.presence.fence_book import Plan

CIRCLE_CORNERS = 48  # a circle drawn so is 0.2 % off: less than a pixel
MARGIN_M = 2.0
# Wider fences (the whole quarter) would make the shop itself a dot.
MAX_SIZE_M = 400.0
DRAWN = frozenset({FenceKind.STORE, FenceKind.ZONE, FenceKind.CURBSIDE})

Parts = tuple[tuple[model.Outline, ...], ...]


def floor_plan(current: Plan, blind: Collection[str]) -> model.FloorPlan | None:
    """Store, zones and curbside, the largest first; None when no shop is drawn.

    `blind` are the zones whose radios are silent.
    """
    store = current.store()
    if store is None:
        return None
    box = bounds(store.shape)
    frame = Frame.at((box.south + box.north) / 2, (box.west + box.east) / 2)
    drawn = {one.id: _parts(one, frame) for one in _worth_drawing(current, store)}
    corners = [xy for parts in drawn.values() for part in parts for line in part for xy in line]
    left, right = min(x for x, _ in corners) - MARGIN_M, max(x for x, _ in corners) + MARGIN_M
    top, bottom = min(y for _, y in corners) - MARGIN_M, max(y for _, y in corners) + MARGIN_M
    return model.FloorPlan(
        right - left,
        bottom - top,
        tuple(
            _zone(current.fences.fences[fence_id], _moved(drawn[fence_id], left, top), blind)
            for fence_id in reversed(current.fences.smallest_first(drawn))
        ),
    )


def _worth_drawing(current: Plan, store: Fence) -> Iterator[Fence]:
    for fence in current.fences.fences.values():
        small = current.fences.size_m(fence.id) <= MAX_SIZE_M
        if fence.id == store.id or (fence.kind in DRAWN and small):
            yield fence


def _zone(fence: Fence, parts: Parts, blind: Collection[str]) -> model.PlanZone:
    kind = model.PlanKind(fence.kind)
    return model.PlanZone(fence.id, fence.name, kind, parts, fence.id in blind)


def _parts(fence: Fence, frame: Frame) -> Parts:
    if isinstance(fence.shape, Circle):
        return ((_circle(fence.shape, frame),),)
    return tuple(
        tuple(_outline(ring, frame) for ring in polygon) for polygon in unwrap(fence.shape.polygons)
    )


def _outline(ring: Ring, frame: Frame) -> model.Outline:
    """Closed by the reader: the last position, which repeats the first, is left out."""
    return tuple(_downwards(frame.xy(lat, lon)) for lon, lat in ring[:-1])


def _circle(circle: Circle, frame: Frame) -> model.Outline:
    x, y = _downwards(frame.xy(circle.lat, circle.lon))
    steps = (2 * math.pi * step / CIRCLE_CORNERS for step in range(CIRCLE_CORNERS))
    r = circle.radius_m
    return tuple((x + r * math.cos(angle), y + r * math.sin(angle)) for angle in steps)


def _downwards(xy: tuple[float, float]) -> tuple[float, float]:
    return xy[0], -xy[1]


def _moved(parts: Parts, left: float, top: float) -> Parts:
    """With the corner of the plan as the origin, in centimetres: more digits are noise."""
    return tuple(
        tuple(tuple((round(x - left, 2), round(y - top, 2)) for x, y in line) for line in part)
        for part in parts
    )
