"""Evidence from inside the shop: radio, scan, till, check-in. It needs no confirmation. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from geofences import dwelling
from geofences.model import Confidence, Fence, FenceKind, Observation, Reason, Sense
from geofences.state import FenceState, Phase, Proof
from geofences.work import Work

GONE = "{evidence}_gone"
CERTAIN = 1.0


def take(work: Work, seen: Observation) -> None:
    """Commit a fence and all that it lies in, renew them, or leave the zone."""
    fence = work.fences.fences.get(seen.fence_id)
    if fence is None:
        return
    if seen.sense is Sense.GONE:
        _gone(work, fence, seen)
    elif work.is_within(fence.id):
        _renew(work, fence, seen.seen_at)
    else:
        _come(work, fence, seen)


def _gone(work: Work, fence: Fence, seen: Observation) -> None:
    """Who left a zone may stand in one without a radio: only the zone is left."""
    known = work.places.get(fence.id)
    if fence.kind is not FenceKind.ZONE or known is None or not known.is_within:
        return
    if known.evidence_at is not None and known.evidence_at > seen.seen_at:
        return
    work.leave(fence.id, seen.seen_at, GONE.format(evidence=seen.evidence), Confidence.HIGH)


def _come(work: Work, fence: Fence, seen: Observation) -> None:
    at = seen.seen_at
    known = work.of(fence)
    if known.exited_at is not None and at <= known.exited_at:
        return  # older than what was found out since
    rivals = _rivals(work, fence)
    if any(_holds(work.places[rival], at, fence.rules.switch_s) for rival in rivals):
        began = known.pending_at if known.phase is Phase.PENDING_IN else None
        work.places[fence.id] = replace(known, phase=Phase.PENDING_IN, pending_at=began or at)
        return
    for rival in rivals:
        work.leave(rival, at, Reason.SWITCHED, Confidence.HIGH)
    work.enter(fence, at, seen.evidence, Confidence.HIGH, probability=CERTAIN)
    _renew(work, fence, at)


def _rivals(work: Work, fence: Fence) -> list[str]:
    """Other zones of the same shop: nobody is in two of them."""
    if fence.kind is not FenceKind.ZONE or fence.parent is None:
        return []
    zones = (work.fences.fences[one] for one in work.fences.children(fence.parent))
    return [
        zone.id
        for zone in zones
        if zone.kind is FenceKind.ZONE and zone.id != fence.id and work.is_within(zone.id)
    ]


def _holds(known: FenceState, at: datetime, switch_s: float) -> bool:
    """The other zone was renewed so lately that the two contradict each other."""
    seen = known.observed_at
    return seen is not None and (at - seen).total_seconds() < switch_s


def _renew(work: Work, fence: Fence, at: datetime) -> None:
    """New evidence for a fence and everything it lies in; it never goes back in time."""
    known = work.places[fence.id]
    work.places[fence.id] = replace(
        known,
        phase=Phase.INSIDE,
        pending_at=None,
        pending_count=0,
        evidence_at=max(known.evidence_at or at, at),
        observed_at=max(known.observed_at or at, at),
    )
    dwelling.note(work, fence, Proof(at, CERTAIN))
    parent = work.fences.fences.get(fence.parent or "")
    if parent is not None and work.is_within(parent.id):
        _renew(work, parent, at)
