"""Fences that were drawn anew or removed while somebody had a state with them. Pure."""

from __future__ import annotations

from dataclasses import replace

from geofences import accuracy
from geofences.model import Confidence, Fence, Placing, Reason
from geofences.positions import exit_buffer_m
from geofences.work import Work

FRESH_S = 900.0  # an older position says nothing about a new fence


def redraw(work: Work) -> None:
    """Bring every state to the fences in use. A fence that did not change tells nothing."""
    for fence_id in list(work.places):
        fence = work.fences.fences.get(fence_id)
        if fence is None:
            _removed(work, fence_id)
        elif work.places[fence_id].version != fence.version:
            _redrawn(work, fence)


def _removed(work: Work, fence_id: str) -> None:
    work.leave(fence_id, work.now, Reason.FENCE_REMOVED, Confidence.HIGH)
    del work.places[fence_id]


def _redrawn(work: Work, fence: Fence) -> None:
    """The stay goes on unless the last position speaks against it."""
    work.places[fence.id] = replace(work.places[fence.id], version=fence.version)
    placing = _last_placing(work, fence)
    if placing is None or work.last is None:
        return
    probability = accuracy.probability_inside(work.last, placing.distance_m)
    known = work.places[fence.id]
    if known.is_within:
        seen_since = known.observed_at is not None and known.observed_at > work.last.fixed_at
        if not seen_since and -placing.distance_m > exit_buffer_m(work, fence):
            confidence = accuracy.confidence(1 - probability)
            work.leave(fence.id, work.now, Reason.FENCE_CHANGED, confidence, probability)
    elif placing.inside and probability >= fence.rules.enter_probability:
        confidence = accuracy.confidence(probability)
        work.enter(fence, work.now, Reason.FENCE_CHANGED, confidence, probability=probability)


def _last_placing(work: Work, fence: Fence) -> Placing | None:
    last = work.last
    if last is None or (work.now - last.fixed_at).total_seconds() > FRESH_S:
        return None
    placings = work.fences.place(last.lat, last.lon, 0.0, (fence.id,))
    return next((one for one in placings if one.fence.id == fence.id), None)
