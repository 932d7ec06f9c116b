"""The fences in use: read again only when they changed, the last good ones while they are bad."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from geofences import files
from geofences.engine import Engine
from geofences.fence_set import FenceSet
from geofences.model import Fault, Fence, FenceKind, FencesRefused
from store_agent.storage import View, fences
from store_agent.storage.fences import Stamp


@dataclass(frozen=True, slots=True)
class Plan:
    """Fences in use, the machine over them, and the GeoJSON they came from."""

    document: dict[str, Any]
    fences: FenceSet
    engine: Engine

    def kind(self, fence_id: str) -> FenceKind:
        """The kind of a fence; one that was removed since is no special place."""
        fence = self.fences.fences.get(fence_id)
        return fence.kind if fence else FenceKind.AREA

    def store(self) -> Fence | None:
        """The fence of the shop itself; with several, the one that was drawn first."""
        known = self.fences.fences.values()
        return next((fence for fence in known if fence.kind is FenceKind.STORE), None)

    def named(self, name: str) -> str | None:
        """The zone with this id or name, as a region in somebody's app is called."""
        for fence in self.fences.fences.values():
            if fence.kind is FenceKind.ZONE and name in {fence.id, fence.name}:
                return fence.id
        return None

    def innermost_zone(self, inside: tuple[str, ...]) -> str | None:
        """The smallest zone of the shop among the fences somebody is in, smallest first."""
        return next((one for one in inside if self.kind(one) is FenceKind.ZONE), None)


def plan(document: dict[str, Any]) -> Plan:
    """Check a GeoJSON document. Raises FencesRefused with every fault."""
    fence_set = FenceSet(files.read(document))
    return Plan(document, fence_set, Engine(fence_set))


NO_PLAN = plan({"type": "FeatureCollection", "features": []})


class FenceBook:
    """Keeps the plan of the shop. `refresh` runs in a reader thread, everything else reads."""

    def __init__(self) -> None:
        """No fences yet."""
        self.plan = NO_PLAN
        self.faults: tuple[Fault, ...] = ()
        self.faulty_since: datetime | None = None
        self.drawn: frozenset[str] = frozenset()  # by the last refresh that found a new plan
        self._stamp: Stamp | None = None

    def refresh(self, view: View, now: datetime) -> bool:
        """Look whether the platform or the shop drew new fences; True when there is a new plan."""
        stamp = fences.stamp(view)
        if stamp == self._stamp:
            return False
        try:
            renewed = plan(fences.document(view))
        except FencesRefused as refused:
            self.faults = refused.faults
            self.faulty_since = self.faulty_since or now
            self._stamp = stamp
            return False
        self.drawn = _drawn(self.plan, renewed)
        self.plan, self.faults, self.faulty_since, self._stamp = renewed, (), None, stamp
        return True


def _drawn(before: Plan, after: Plan) -> frozenset[str]:
    """The fences that are new or changed; none after a restart, which says nothing about them."""
    if before is NO_PLAN:
        return frozenset()
    known = before.fences.fences
    return frozenset(
        fence.id
        for fence in after.fences.fences.values()
        if fence.id not in known or known[fence.id].version != fence.version
    )
