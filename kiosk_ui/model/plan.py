"""The shop from above."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PlanKind(StrEnum):
    """What an outline on the plan is."""

    STORE = "store"
    ZONE = "zone"
    CURBSIDE = "curbside"
    AREA = "area"


Outline = tuple[tuple[float, float], ...]  # (x, y) in metres, y downwards; closed by the reader


@dataclass(frozen=True, slots=True)
class PlanZone:
    """One outline of the plan. The first outline of each part is its border, then its holes.

    `blind` = the radios that watch this zone are silent: who is there is not known now.
    """

    id: str
    name: str
    kind: PlanKind
    parts: tuple[tuple[Outline, ...], ...]
    blind: bool = False


@dataclass(frozen=True, slots=True)
class FloorPlan:
    """The shop from above, drawn from its fences; largest outline first."""

    width_m: float
    height_m: float
    zones: tuple[PlanZone, ...]
