"""The shop from above as drawing instructions: outlines, labels, and a place for everybody. Pure.

Units are the plan's metres. Whoever is in a zone stands inside its outline, nobody on top of
anybody, and keeps their place when others come and go.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2s

from kiosk_ui.model import FloorPlan, FloorRow, Outline, PlanKind, PlanZone

MARKS_ACROSS = 32  # a mark is this part of the plan: a fingertip on a tablet
GAP = 0.1  # between two marks, in radii
BELOW_LABEL = 1.15  # in radii: nobody stands on a zone's name
FROM_WALL = 1.04  # in radii
ROW_STEP = math.sqrt(3) / 2  # of a hexagonal pattern
MAX_SLOTS = 400  # of one zone; beyond it nobody can be told apart


@dataclass(frozen=True, slots=True)
class DrawnZone:
    """One outline. `path` is SVG path data, `more` how many did not fit."""

    id: str
    name: str
    kind: PlanKind
    path: str
    label_x: float
    label_y: float
    blind: bool
    more: int = 0


@dataclass(frozen=True, slots=True)
class DrawnPerson:
    """Somebody and where their mark stands."""

    row: FloorRow
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything the template prints. `elsewhere` are in the shop, but in no drawn zone."""

    width: float
    height: float
    radius: float
    zones: tuple[DrawnZone, ...]
    people: tuple[DrawnPerson, ...]
    elsewhere: tuple[FloorRow, ...]


def draw(plan: FloorPlan, rows: Iterable[FloorRow]) -> Drawing:
    """Place every row in its zone; the same people always stand in the same places."""
    radius = max(plan.width_m, plan.height_m) / MARKS_ACROSS
    by_zone: dict[str, list[FloorRow]] = {zone.id: [] for zone in plan.zones}
    elsewhere: list[FloorRow] = []
    for row in rows:
        by_zone.get(row.zone_id, elsewhere).append(row)
    zones: list[DrawnZone] = []
    people: list[DrawnPerson] = []
    for zone in plan.zones:
        placed, more = _place(zone, by_zone[zone.id], radius)
        people += placed
        x, y = _label(zone)
        zones.append(DrawnZone(zone.id, zone.name, zone.kind, _path(zone), x, y, zone.blind, more))
    width, height = round(plan.width_m, 2), round(plan.height_m, 2)
    return Drawing(width, height, round(radius, 2), tuple(zones), tuple(people), tuple(elsewhere))


def _place(
    zone: PlanZone, rows: Sequence[FloorRow], radius: float
) -> tuple[list[DrawnPerson], int]:
    """Everybody who fits, and how many do not."""
    if not rows:
        return [], 0
    slots = _slots(zone, radius)
    taken: dict[int, DrawnPerson] = {}
    # By arrival: whoever came later never moves whoever is there.
    for row in sorted(rows, key=lambda one: (one.since, one.visit_id)):
        if len(taken) == len(slots):
            break
        index = _hash(row.visit_id) % len(slots)
        while index in taken:
            index = (index + 1) % len(slots)
        x, y = slots[index]
        taken[index] = DrawnPerson(row, round(x, 2), round(y, 2))
    return [taken[index] for index in sorted(taken)], len(rows) - len(taken)


def _slots(zone: PlanZone, radius: float) -> list[tuple[float, float]]:
    """Places of a hexagonal pattern that lie wholly in the zone, below its name."""
    left, _, right, bottom = _box(zone)
    step = radius * (2 + GAP)
    slots: list[tuple[float, float]] = []
    y, odd = _label(zone)[1] + radius * BELOW_LABEL, False
    while y <= bottom - radius and len(slots) < MAX_SLOTS:
        x = left + radius * FROM_WALL + (step / 2 if odd else 0.0)
        while x <= right - radius:
            if _fits(zone, x, y, radius * FROM_WALL):
                slots.append((x, y))
            x += step
        y, odd = y + step * ROW_STEP, not odd
    return slots[:MAX_SLOTS]


def _fits(zone: PlanZone, x: float, y: float, radius: float) -> bool:
    inside = any(
        _contains(part[0], x, y) and not any(_contains(hole, x, y) for hole in part[1:])
        for part in zone.parts
        if part
    )
    return inside and all(_away(outline, x, y) >= radius for part in zone.parts for outline in part)


def _contains(outline: Outline, x: float, y: float) -> bool:
    """Ray casting; what lies on the line is settled by `_away`."""
    inside = False
    for (x1, y1), (x2, y2) in _edges(outline):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def _away(outline: Outline, x: float, y: float) -> float:
    """The distance to the nearest edge."""
    nearest = math.inf
    for (x1, y1), (x2, y2) in _edges(outline):
        dx, dy = x2 - x1, y2 - y1
        length2 = dx * dx + dy * dy
        share = 0.0 if length2 == 0 else ((x - x1) * dx + (y - y1) * dy) / length2
        share = min(1.0, max(0.0, share))
        nearest = min(nearest, math.hypot(x - x1 - share * dx, y - y1 - share * dy))
    return nearest


def _edges(outline: Outline) -> Iterable[tuple[tuple[float, float], tuple[float, float]]]:
    return zip(outline, (*outline[1:], *outline[:1]), strict=True)


def _box(zone: PlanZone) -> tuple[float, float, float, float]:
    corners = [corner for part in zone.parts for outline in part for corner in outline]
    if not corners:
        return 0.0, 0.0, 0.0, 0.0
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def _label(zone: PlanZone) -> tuple[float, float]:
    """Where the name begins: beside the upper left corner, inside."""
    left, top, right, bottom = _box(zone)
    corner = min(
        (corner for part in zone.parts for corner in part[0]),
        key=lambda one: (one[0] - left) + (one[1] - top),
        default=(left, top),
    )
    x = corner[0] + (right - left) * 0.04
    return round(x, 2), round(max(corner[1], top) + min((bottom - top) * 0.16, 3.4), 2)


def _path(zone: PlanZone) -> str:
    lines = (outline for part in zone.parts for outline in part if outline)
    return " ".join("M" + " L".join(f"{x:g} {y:g}" for x, y in outline) + " Z" for outline in lines)


def _hash(text: str) -> int:
    return int.from_bytes(blake2s(text.encode(), digest_size=4).digest(), "big")
