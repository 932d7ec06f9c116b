"""Somebody on the way to a fence: closing in, and when they will be there. Pure."""

from __future__ import annotations

from dataclasses import replace

from geofences import accuracy
from geofences.model import Approach, Fence, Fix, Placing, Reason, ZoneEventKind
from geofences.state import FenceState
from geofences.work import Work

FORGET_S = 900.0  # two fixes further apart are not one approach
STILL_S = 120.0  # who has not moved by more than the noise for so long stands
AWAY_FACTOR = 1.5  # of the approach distance: they drive somewhere else
FAR_M = 20_000.0  # beyond it nothing is remembered


def follow(work: Work, fix: Fix, placing: Placing) -> None:
    """Compare with the fix before, and tell each stage once per approach."""
    fence, rules = placing.fence, placing.fence.rules
    known, away_m = work.of(fence), max(0.0, -placing.distance_m)
    before_m, before_at = known.distance_m, known.distance_at
    if away_m > FAR_M:
        work.places[fence.id] = _forgotten(known)
        return
    seen = replace(known, distance_m=away_m, distance_at=fix.fixed_at)
    if before_m is None or before_at is None:
        work.places[fence.id] = seen
        return
    seconds = (fix.fixed_at - before_at).total_seconds()
    if abs(before_m - away_m) <= accuracy.radius_m(fix) and seconds <= STILL_S:
        return  # within the noise: compare with the older fix again
    if seconds > FORGET_S or (away_m > before_m and away_m > AWAY_FACTOR * rules.approach_m):
        work.places[fence.id] = replace(seen, approach=None, approach_at=None)
        return
    work.places[fence.id] = seen
    if seconds <= 0 or away_m >= before_m or accuracy.radius_m(fix) > rules.enter_max_accuracy_m:
        return
    eta_s = away_m * seconds / (before_m - away_m)
    stage = _stage(fence, away_m, eta_s)
    if stage is not None and _is_further(stage, known.approach):
        _tell(work, fix, fence, seen, stage, eta_s, away_m)


def _stage(fence: Fence, away_m: float, eta_s: float) -> Approach | None:
    rules = fence.rules
    if away_m <= 0:
        return None  # there: that is an enter
    if away_m <= rules.nearby_m:
        return Approach.NEARBY
    if away_m <= rules.approach_m or eta_s <= rules.approach_eta_s:
        return Approach.APPROACHING
    return None


def _is_further(stage: Approach, before: Approach | None) -> bool:
    return before is None or (before is Approach.APPROACHING and stage is Approach.NEARBY)


def _tell(  # noqa: PLR0913, PLR0917  what an approach tells
    work: Work,
    fix: Fix,
    fence: Fence,
    known: FenceState,
    stage: Approach,
    eta_s: float,
    away_m: float,
) -> None:
    began = known.approach_at or fix.fixed_at
    work.places[fence.id] = replace(known, approach=stage, approach_at=began)
    # How sure it is that they come here and not past: as sure as the position is.
    spread = 1 - accuracy.probability_inside(fix, -away_m)
    work.tell(
        ZoneEventKind.APPROACH,
        fence.id,
        fix.fixed_at,
        Reason.APPROACHING,
        accuracy.confidence(spread, known=accuracy.is_known(fix)),
        approach=stage,
        eta_s=round(eta_s, 1),
        distance_m=round(-away_m, 1),
    )


def _forgotten(known: FenceState) -> FenceState:
    return replace(known, approach=None, approach_at=None, distance_m=None, distance_at=None)
