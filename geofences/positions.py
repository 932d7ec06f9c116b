"""What one position of a phone means for every fence near it. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from math import hypot, remainder

from geofences import accuracy, approaching, dwelling
from geofences.geometry import TURN, Frame
from geofences.model import Fence, FenceKind, Fix, Placing, Reason, Rules
from geofences.rules import (
    COARSE_M,
    EXIT_SPAN_S_PER_M,
    JUMP_MPS,
    WIDE_EXIT_CAP_M,
    WIDE_EXIT_SHARE,
    WIDE_FENCE_M,
)
from geofences.state import FenceState, Phase, Proof, Spot
from geofences.work import Work

PAD_M = 1.0  # who is farther outside and nothing is known of is nobody to this fence
TRACK_S = 180.0  # at least as long as the longest window of a passer-by
SPOT_GAP_S = 3.0  # a phone that reports every second must not fill the state
# Positions indoors are noise: while radios or scans say that somebody is here, they do not leave.
OBSERVED_S = 120.0
PACE_S = 75.0  # a walker's pace is seen in the spots of so long
PACE_FROM_S = 14.0
CERTAIN_RADII = 2.0  # of the accuracy: 3 sigma of Android's, beyond the buffer
STEP_DEG = 0.0006  # at most 67 m north: less than somebody may move in a second


def take(work: Work, fix: Fix) -> None:
    """Apply the newest fix. Parents come before their children, so that order is kept."""
    if work.first_at is None:
        work.first_at = fix.fixed_at
    jumped = _jumped(work.last, fix)
    approached = work.fences.approached
    also = {*work.places, *approached} if approached else tuple(work.places)
    for placing in work.fences.place(fix.lat, fix.lon, PAD_M, also):
        _take_one(work, fix, placing, jumped)
    work.last = fix
    work.track = (*_recent(work.track, fix), Spot(fix.fixed_at, fix.lat, fix.lon))


def _recent(track: tuple[Spot, ...], fix: Fix) -> tuple[Spot, ...]:
    """Without what is too old or too dense; the track is in order of time."""
    since = fix.fixed_at - timedelta(seconds=TRACK_S)
    first, end = 0, len(track)
    if end > 1 and (track[-1].at - track[-2].at).total_seconds() < SPOT_GAP_S:
        end -= 1  # the newest is always kept: until now, that was this one
    while first < end and track[first].at < since:
        first += 1
    return track[first:end]


def _take_one(work: Work, fix: Fix, placing: Placing, jumped: bool) -> None:
    fence = placing.fence
    known = work.places.get(fence.id)
    if known is not None and known.is_within:
        _while_inside(work, fix, placing, known, jumped)
        return
    if jumped:
        return  # no evidence for anything, and none against what is pending
    if fence.rules.approach_m > 0:
        approaching.follow(work, fix, placing)
    if placing.inside or fence.id in work.places:
        _while_outside(work, fix, placing)


# -- coming in --------------------------------------------------------------------------------


def _while_outside(work: Work, fix: Fix, placing: Placing) -> None:
    fence, rules, known = placing.fence, placing.fence.rules, work.of(placing.fence)
    if not placing.inside:  # however coarse: it was not confirmed
        if known.phase is Phase.PENDING_IN:
            work.places[fence.id] = replace(known, phase=Phase.OUTSIDE, pending_at=None)
        return
    if accuracy.radius_m(fix) > rules.enter_max_accuracy_m:
        return  # as after a jump
    if not may_come(work, fix, fence):
        return
    probability = accuracy.probability_inside(fix, placing.distance_m)
    reason = _why_in(work, fix, fence, known, probability)
    if reason is None:
        _pend(work, fix, fence, known)
        return
    began = known.pending_at if known.phase is Phase.PENDING_IN else None
    work.enter(
        fence,
        fix.fixed_at,
        reason,
        accuracy.confidence(probability, known=accuracy.is_known(fix)),
        probability=probability,
        initial=work.first_at in {fix.fixed_at, began},
    )
    dwelling.note(work, fence, _proof(fix, probability))


def _why_in(
    work: Work, fix: Fix, fence: Fence, known: FenceState, probability: float
) -> Reason | None:
    """The rule by which this fix commits an enter, or None while it does not."""
    rules = fence.rules
    if rules.pass_by and _moves_past(work, fix, fence):
        return Reason.STRONG_FIX if _has_turned_in(work, fix, fence, known, probability) else None
    if accuracy.radius_m(fix) <= rules.eager_accuracy_m:
        return Reason.EAGER_FIX
    if probability >= rules.enter_probability:
        return Reason.STRONG_FIX
    return Reason.CONFIRMED_FIX if _waits(known, fix, rules) else None


def _pend(work: Work, fix: Fix, fence: Fence, known: FenceState) -> None:
    """Wait for another fix inside; the last one is what it must be close to in time."""
    work.places[fence.id] = replace(known, phase=Phase.PENDING_IN, pending_at=fix.fixed_at)


def _moves_past(work: Work, fix: Fix, fence: Fence) -> bool:
    rules = fence.rules
    if fix.speed_mps is not None and fix.speed_mps > rules.pass_by_speed_mps:
        return True
    return _has_moved(work.track, fix, rules.pass_by_window_s, rules.pass_by_distance_m)


def _has_turned_in(
    work: Work, fix: Fix, fence: Fence, known: FenceState, probability: float
) -> bool:
    """Deep inside at a walker's pace, and not for the first time: whoever passes by is not so."""
    rules = fence.rules
    is_slow = fix.speed_mps is None or fix.speed_mps <= rules.pass_by_speed_mps
    if probability < rules.turn_in_probability or not is_slow:
        return False
    return _waits(known, fix, rules) and _walks(work.track, fix, rules.turn_in_speed_mps)


def _walks(track: tuple[Spot, ...], fix: Fix, speed_mps: float) -> bool:
    """Whether nobody on wheels leaves such a track: the last spots are near for their age."""
    frame, is_known = Frame.at(fix.lat, fix.lon), False
    for spot in reversed(track):
        age_s = (fix.fixed_at - spot.at).total_seconds()
        if age_s > PACE_S:
            break
        if age_s >= PACE_FROM_S:  # in less, the error of two fixes is a speed of its own
            is_known = True
            if hypot(*frame.xy(spot.lat, spot.lon)) > speed_mps * age_s:
                return False
    return is_known


def _waits(known: FenceState, fix: Fix, rules: Rules) -> bool:
    """Whether an earlier fix inside, not long ago, waits for this one."""
    if known.phase is not Phase.PENDING_IN or known.pending_at is None:
        return False
    return 0 < (fix.fixed_at - known.pending_at).total_seconds() <= rules.confirm_within_s


def _has_moved(track: tuple[Spot, ...], fix: Fix, window_s: float, distance_m: float) -> bool:
    """Whether any spot of the last `window_s` seconds lies farther from here than `distance_m`."""
    since = fix.fixed_at - timedelta(seconds=window_s)
    frame = Frame.at(fix.lat, fix.lon)
    per_lat, per_lon, lat, lon = frame.metres_per_lat, frame.metres_per_lon, fix.lat, fix.lon
    for spot in track:  # the oldest first: whoever moves on is farthest from there
        if spot.at < since:
            continue
        # `Frame.xy` written out: whoever comes in is compared with some sixty spots per fix
        x, y = remainder(spot.lon - lon, TURN) * per_lon, (spot.lat - lat) * per_lat
        if x * x + y * y > distance_m * distance_m:
            return True
    return False


def may_come(work: Work, fix: Fix, fence: Fence) -> bool:
    """Whether a position may bring somebody into a fence: not into any zone."""
    return not (_is_held_elsewhere(work, fence, fix.fixed_at) or _is_before_its_shop(work, fence))


def _is_held_elsewhere(work: Work, fence: Fence, at: datetime) -> bool:
    """Radios place the subject in another zone of the same shop: a phone knows less."""
    if fence.kind is not FenceKind.ZONE or fence.parent is None:
        return False
    return any(
        _is_fresh(work.places[sibling], at)
        for sibling in work.fences.children(fence.parent)
        if sibling != fence.id and work.is_within(sibling)
    )


def _is_before_its_shop(work: Work, fence: Fence) -> bool:
    """Nobody comes into a shop through a zone by a position: the shop's own rules decide that."""
    in_shop = fence.kind is FenceKind.ZONE and fence.parent in work.fences.fences
    return in_shop and not work.is_within(fence.parent)


def _proof(fix: Fix, probability: float) -> Proof:
    return Proof(fix.fixed_at, round(probability, 4), accuracy.is_known(fix))


def _is_fresh(known: FenceState, at: datetime) -> bool:
    seen = known.observed_at
    return seen is not None and (at - seen).total_seconds() <= OBSERVED_S


# -- going out --------------------------------------------------------------------------------


def _while_inside(work: Work, fix: Fix, placing: Placing, known: FenceState, jumped: bool) -> None:
    fence, rules, outside_m = placing.fence, placing.fence.rules, -placing.distance_m
    radius_m, proofs = accuracy.radius_m(fix), known.proofs
    is_told = dwelling.is_told(known, fence)
    if not is_told:
        probability = accuracy.probability_inside(fix, placing.distance_m)
        proofs = dwelling.with_proof(known, fence, _proof(fix, probability), radius_m)
    # The rule's own buffer is the least one: nearly everybody is within it.
    if outside_m <= rules.exit_buffer_m or outside_m <= exit_buffer_m(work, fence):
        stale = known.phase is Phase.STALE and not placing.inside
        evidence_at = known.evidence_at
        if placing.inside and (evidence_at is None or evidence_at < fix.fixed_at):
            evidence_at = fix.fixed_at
        phase = Phase.STALE if stale else Phase.INSIDE
        work.places[fence.id] = known.renewed(phase, evidence_at, proofs)
    else:
        if proofs is not known.proofs:
            work.places[fence.id] = replace(known, proofs=proofs)
        buffer_m = exit_buffer_m(work, fence)
        if outside_m > buffer_m + min(radius_m, rules.exit_accuracy_cap_m):
            _pend_out(work, fix, placing, jumped)
    if not is_told and work.is_within(fence.id):
        dwelling.check(work, fence, fix.fixed_at)


def exit_buffer_m(work: Work, fence: Fence) -> float:
    """How far outside somebody may stand and still be there; wide fences leave more room."""
    size_m = work.fences.size_m(fence.id)
    if size_m <= WIDE_FENCE_M:
        return fence.rules.exit_buffer_m
    return max(fence.rules.exit_buffer_m, min(size_m * WIDE_EXIT_SHARE, WIDE_EXIT_CAP_M))


def _pend_out(work: Work, fix: Fix, placing: Placing, jumped: bool) -> None:
    fence, rules, known = placing.fence, placing.fence.rules, work.places[placing.fence.id]
    if _is_fresh(known, fix.fixed_at):
        return
    pending = known.phase is Phase.PENDING_OUT and known.pending_at is not None
    if pending and jumped:
        return  # two glitches do not confirm each other
    began = known.pending_at if pending and known.pending_at else fix.fixed_at
    count = known.pending_count + 1 if pending else 1
    work.places[fence.id] = replace(
        known, phase=Phase.PENDING_OUT, pending_at=began, pending_count=count
    )
    lasted_s = (fix.fixed_at - began).total_seconds()
    if count >= rules.exit_fixes and lasted_s >= _exit_span_s(work, fix, placing):
        probability = accuracy.probability_inside(fix, placing.distance_m)
        confidence = accuracy.confidence(1 - probability, known=accuracy.is_known(fix))
        work.leave(fence.id, began, Reason.LEFT, confidence, probability)


def _exit_span_s(work: Work, fix: Fix, placing: Placing) -> float:
    """How long fixes must say "outside": the errors of coarse ones go together for longer."""
    rules, radius_m = placing.fence.rules, accuracy.radius_m(fix)
    beyond_m = -placing.distance_m - exit_buffer_m(work, placing.fence)
    is_coarse = COARSE_M < radius_m <= rules.exit_accuracy_cap_m
    if not is_coarse or beyond_m > CERTAIN_RADII * radius_m:
        return rules.exit_span_s  # no error explains that, or the plain rule is measured to do
    return max(rules.exit_span_s, radius_m * EXIT_SPAN_S_PER_M)


def _jumped(last: Fix | None, fix: Fix) -> bool:
    """Nobody moves so fast: one of the two is a glitch."""
    if last is None:
        return False
    # The usual case without trigonometry: some metres, in any time at all.
    if abs(fix.lat - last.lat) < STEP_DEG and abs(fix.lon - last.lon) < STEP_DEG:
        return False
    seconds = (fix.fixed_at - last.fixed_at).total_seconds()
    away_m = hypot(*Frame.at(last.lat, last.lon).xy(fix.lat, fix.lon))
    return away_m > JUMP_MPS * seconds
