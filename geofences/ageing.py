"""What follows from time alone: dwells, staleness, expiry, and forgetting. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from geofences import dwelling
from geofences.model import Confidence, Fence, Reason
from geofences.state import FenceState, Phase
from geofences.work import Work

FORGET_S = 900.0  # a subject of whom nothing else is known: its last position is of no use


def age(work: Work, blind: Collection[str]) -> None:
    """Look at every fence this subject has a state with, the smallest first."""
    for fence_id in work.fences.smallest_first(work.places):
        fence = work.fences.fences.get(fence_id)
        if fence is None:
            continue  # removed: that is for `redrawing` to tell
        if work.is_within(fence_id):
            _age_stay(work, fence, blind)
        else:
            work.places[fence_id] = _aged(work.places[fence_id], fence, work.now)
    _forget_track(work)


def _age_stay(work: Work, fence: Fence, blind: Collection[str]) -> None:
    dwelling.check(work, fence, work.now)
    known = work.places[fence.id]
    silent_s = _seconds(known.evidence_at, work.now)
    if silent_s >= _expire_s(work, fence, blind):
        at = known.evidence_at or work.now
        work.leave(fence.id, at, Reason.TIMEOUT, Confidence.LOW)
    elif silent_s >= fence.rules.stale_s and known.phase is Phase.INSIDE:
        work.places[fence.id] = replace(known, phase=Phase.STALE)


def _expire_s(work: Work, fence: Fence, blind: Collection[str]) -> float:
    """A zone whose radios are silent is unknown: its stay ends with the shop's."""
    parent = work.fences.fences.get(fence.parent or "")
    if fence.id in blind and parent is not None:
        return max(fence.rules.expire_s, parent.rules.expire_s)
    return fence.rules.expire_s


def _aged(known: FenceState, fence: Fence, now: datetime) -> FenceState:
    """Of somebody outside only that is kept which can still matter."""
    rules = fence.rules
    if known.phase is Phase.PENDING_IN and _seconds(known.pending_at, now) > rules.confirm_within_s:
        known = replace(known, phase=Phase.OUTSIDE, pending_at=None)
    if known.exited_at is not None and _seconds(known.exited_at, now) > rules.retrigger_s:
        known = replace(known, exited_at=None)
    if known.distance_at is not None and _seconds(known.distance_at, now) > FORGET_S:
        known = replace(known, approach=None, approach_at=None, distance_m=None, distance_at=None)
    return known


def _forget_track(work: Work) -> None:
    """Who is nowhere and was not heard of for a while leaves nothing behind."""
    empty = all(known == FenceState(known.version) for known in work.places.values())
    if empty and work.last is not None and _seconds(work.last.fixed_at, work.now) > FORGET_S:
        work.last, work.track, work.first_at = None, (), None


def _seconds(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else (now - since).total_seconds()
