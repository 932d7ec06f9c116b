"""Fences that were drawn anew or removed while somebody had a state with them. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from geofences import accuracy
from geofences.model import Confidence, Fence, Fix, Placing, Reason
from geofences.positions import exit_buffer_m, may_come
from geofences.work import Work

FRESH_S = 900.0  # an older position says nothing about a new fence


def redraw(work: Work, drawn: Collection[str]) -> None:
    """Bring every state to the fences in use. A fence that did not change tells nothing.

    `drawn`: those that are new or another shape, whether or not there is a state with them.
    """
    fences = work.fences.fences
    # Children go before their parents, and come after them.
    for fence_id in (*work.before.within, *work.before.fences):
        if fence_id in work.places and fence_id not in fences:
            _removed(work, fence_id)
    for fence_id in reversed(work.fences.smallest_first({*work.places, *drawn})):
        fence, known = fences.get(fence_id), work.places.get(fence_id)
        if fence is not None and (known is None or known.version != fence.version):
            _redrawn(work, fence)


def _removed(work: Work, fence_id: str) -> None:
    work.leave(fence_id, work.now, Reason.FENCE_REMOVED, Confidence.HIGH)
    del work.places[fence_id]


def _redrawn(work: Work, fence: Fence) -> None:
    """The stay goes on unless the last position speaks against it."""
    work.places[fence.id] = replace(work.of(fence), version=fence.version)
    placing = _last_placing(work, fence)
    if placing is None or work.last is None:
        return
    probability = accuracy.probability_inside(work.last, placing.distance_m)
    known = work.places[fence.id]
    if known.is_within:
        seen_since = known.observed_at is not None and known.observed_at > work.last.fixed_at
        if not seen_since and -placing.distance_m > exit_buffer_m(work, fence):
            confidence = accuracy.confidence(1 - probability, known=accuracy.is_known(work.last))
            work.leave(fence.id, work.now, Reason.FENCE_CHANGED, confidence, probability)
    elif placing.inside and _is_strong(work, work.last, fence, probability):
        confidence = accuracy.confidence(probability, known=accuracy.is_known(work.last))
        work.enter(fence, work.now, Reason.FENCE_CHANGED, confidence, probability=probability)


def _is_strong(work: Work, last: Fix, fence: Fence, probability: float) -> bool:
    """Whether the last position would have been an enter, had the fence been there already."""
    return (
        probability >= fence.rules.enter_probability
        and accuracy.radius_m(last) <= fence.rules.enter_max_accuracy_m
        and may_come(work, last, fence)
    )


def _last_placing(work: Work, fence: Fence) -> Placing | None:
    last = work.last
    if last is None or (work.now - last.fixed_at).total_seconds() > FRESH_S:
        return None
    placings = work.fences.place(last.lat, last.lon, 0.0, (fence.id,))
    return next((one for one in placings if one.fence.id == fence.id), None)
