"""A stage for the state machine: a 60 x 60 m shop with two zones, and people who walk about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from geofences import files
from geofences.engine import Engine
from geofences.fence_set import FenceSet
from geofences.model import AccuracyKind, Fix, FixRefused, Observation, Sense, ZoneEvent
from geofences.state import SubjectState, dump, load

START = datetime(2026, 11, 21, 10, tzinfo=UTC)
LAT, LON = 50.9365, 6.9480
M_LAT, M_LON = 111_250.0, 70_260.0  # metres per degree there


def feature(
    fence_id: str, corners: Iterable[tuple[float, float]], *, lon: float = LON, **more: Any
):
    ring = [[lon + east / M_LON, LAT + north / M_LAT] for east, north in corners]
    turns = round(sum(corner[0] for corner in ring) / len(ring) / 360)
    ring = [[corner[0] - 360 * turns, corner[1]] for corner in ring]
    return {
        "type": "Feature",
        "id": fence_id,
        "properties": {"name": fence_id, **more},
        "geometry": {"type": "Polygon", "coordinates": [[*ring, list(ring[0])]]},
    }


def square(east: float, north: float, side: float):
    return [(east, north), (east + side, north), (east + side, north + side), (east, north + side)]


def document(*, lon: float = LON, cars: bool = False, **rules: Any) -> dict[str, Any]:
    return {
        "type": "FeatureCollection",
        "features": [
            feature("shop", square(-30, -30, 60), lon=lon, kind="store", **rules),
            feature("left", square(-30, -30, 28), lon=lon, kind="zone", parent="shop"),
            feature("right", square(2, -30, 28), lon=lon, kind="zone", parent="shop"),
            *([feature("cars", square(60, -20, 30), lon=lon, kind="curbside")] if cars else []),
        ],
    }


def engine(*, reorder_s: float = 0.0, **more: Any) -> Engine:
    return Engine(FenceSet(files.read(document(**more))), reorder_s=reorder_s)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def fix(
    seconds: float, east: float, north: float, accuracy_m: float | None = 8.0, **more: Any
) -> Fix:
    lon = more.pop("lon", LON)
    where = lon + east / M_LON
    made = Fix(
        "c",
        LAT + north / M_LAT,
        where - 360 * round(where / 360),
        at(seconds),
        at(seconds),
        accuracy_m,
        AccuracyKind.ANDROID,
        "app",
    )
    return replace(made, **more)


def seen(seconds: float, fence_id: str, sense: Sense = Sense.PRESENT) -> Observation:
    return Observation("c", fence_id, at(seconds), at(seconds), "beacon", sense)


class Play:
    """One subject; every step is also written down and read again, as after a restart."""

    def __init__(self, used: Engine | None = None) -> None:
        self.engine = used or engine()
        self.state = SubjectState.new("c")
        self.events: list[ZoneEvent] = []
        self.refused: list[str] = []

    def _take(self, step: Any) -> list[ZoneEvent]:
        self.state = load(dump(step.state))
        assert self.state == step.state
        self.events += step.events
        return list(step.events)

    def see(self, *evidence: Fix | Observation) -> Play:
        for one in evidence:
            now = one.received_at
            try:
                if isinstance(one, Fix):
                    self._take(self.engine.on_fix(self.state, one, now))
                else:
                    self._take(self.engine.on_observation(self.state, one, now))
            except FixRefused as refused:
                self.refused.append(refused.reason.value)
        return self

    def stay(self, start: int, end: int, east: float, north: float, every: int = 15, **more: Any):
        for second in range(start, end, every):
            self.see(fix(second, east, north, **more))
        return self

    def tick(self, seconds: float, blind: Iterable[str] = ()) -> Play:
        self._take(self.engine.tick(self.state, at(seconds), frozenset(blind)))
        return self

    def told(self) -> list[tuple[str, str]]:
        return [(event.kind.value, event.fence_id) for event in self.events]

    def of(self, fence_id: str) -> list[str]:
        return [event.kind.value for event in self.events if event.fence_id == fence_id]
