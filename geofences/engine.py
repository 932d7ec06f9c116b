"""The state machine of fences: state and evidence in, state and events out. Pure.

The order is event time, never the order of arrival. Rules and their reasons: docs/geofences.md.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from geofences import ageing, inside_evidence, positions, redrawing
from geofences.fence_set import FenceSet
from geofences.model import (
    Confidence,
    Fix,
    FixRefused,
    Observation,
    Reason,
    Refusal,
    ZoneEvent,
)
from geofences.rules import FUTURE_S, REORDER_S, TOO_OLD_S
from geofences.state import SubjectState
from geofences.work import Work

MAX_LAT, MAX_LON = 90.0, 180.0


@dataclass(frozen=True, slots=True)
class Step:
    """The state afterwards, and what became known, in order."""

    state: SubjectState
    events: tuple[ZoneEvent, ...] = ()


class Engine:
    """The rules over one set of fences. Remembers nothing: each method is a function of its state.

    `now` is this box's clock; everything else is event time.
    """

    def __init__(self, fences: FenceSet, *, reorder_s: float = REORDER_S) -> None:
        """`reorder_s`: how long a fix waits for older ones, in event time; 0 = not at all."""
        self._fences = fences
        self._reorder = timedelta(seconds=reorder_s)

    def on_fix(self, state: SubjectState, fix: Fix, now: datetime) -> Step:
        """Take a position. Raises FixRefused; then nothing changed.

        One that is older than the newest applied is taken and changes nothing.
        """
        _check(state, fix, now)
        work = Work(self._fences, state, now)
        work.held = (*state.held, fix)
        self._release(work)
        return _step(work)

    def on_observation(self, state: SubjectState, seen: Observation, now: datetime) -> Step:
        """Take evidence from inside the shop; it needs no confirmation."""
        if (seen.seen_at - now).total_seconds() > FUTURE_S:
            return Step(state)
        work = Work(self._fences, state, now)
        inside_evidence.take(work, seen)
        return _step(work)

    def tick(self, state: SubjectState, now: datetime, blind: Collection[str] = ()) -> Step:
        """What follows from time alone. Zones in `blind` cannot be seen: nobody leaves them."""
        work = Work(self._fences, state, now)
        self._release(work)
        ageing.age(work, blind)
        return _step(work)

    def fences_changed(
        self, state: SubjectState, now: datetime, drawn: Collection[str] = ()
    ) -> Step:
        """Look at fences that were drawn anew or removed since this state was kept.

        `drawn` names those that are new or changed: whoever stood there all the time comes in.
        """
        work = Work(self._fences, state, now)
        redrawing.redraw(work, drawn)
        return _step(work)

    def forget(self, state: SubjectState, now: datetime) -> Step:
        """The subject must not be known any more: leave everything, keep nothing."""
        return Step(SubjectState.new(state.subject), self._out(state, now, Reason.CONSENT))

    def close(self, state: SubjectState, now: datetime) -> Step:
        """The shop is closed: whoever was still inside has left."""
        return Step(SubjectState.new(state.subject), self._out(state, now, Reason.CLOSED))

    def _out(self, state: SubjectState, now: datetime, reason: Reason) -> tuple[ZoneEvent, ...]:
        work = Work(self._fences, state, now)
        for fence_id in self._fences.smallest_first(work.within()):
            work.leave(fence_id, now, reason, Confidence.HIGH)
        return tuple(work.events)

    def _release(self, work: Work) -> None:
        """Apply what need not wait any longer, in the order in which it happened."""
        if not work.held:
            return
        held = _in_order(work.held)
        newest = held[-1].fixed_at
        if work.last is not None and work.last.fixed_at > newest:
            newest = work.last.fixed_at
        due = len(held)
        # Who came later but happened before one that is due goes first.
        while due and not self._is_due(held[due - 1], newest, work.now):
            due -= 1
        if not due:
            return
        work.held = tuple(held[due:])
        for fix in held[:due]:
            if work.last is None or fix.fixed_at > work.last.fixed_at:
                positions.take(work, fix)

    def _is_due(self, fix: Fix, newest: datetime, now: datetime) -> bool:
        return newest - fix.fixed_at >= self._reorder or now - fix.received_at >= self._reorder


def _in_order(held: tuple[Fix, ...]) -> Sequence[Fix]:
    """As they happened; the usual two or fewer that are so already need no sorting."""
    if len(held) < 2 or (len(held) == 2 and held[0].fixed_at < held[1].fixed_at):
        return held
    return sorted(held, key=_happened)


def _happened(fix: Fix) -> tuple[datetime, datetime]:
    return fix.fixed_at, fix.received_at


def _step(work: Work) -> Step:
    return Step(work.frozen(), tuple(work.events))


def _check(state: SubjectState, fix: Fix, now: datetime) -> None:
    """Refuse what must not be used, before anything is touched."""
    numbers = (fix.lat, fix.lon, fix.accuracy_m or 0.0, fix.speed_mps or 0.0)
    if not all(map(math.isfinite, numbers)):
        raise FixRefused(Refusal.NOT_FINITE)
    if abs(fix.lat) > MAX_LAT or abs(fix.lon) > MAX_LON:
        raise FixRefused(Refusal.OUT_OF_RANGE)
    if fix.accuracy_m is not None and fix.accuracy_m < 0:
        raise FixRefused(Refusal.INVALID_ACCURACY)
    age_s = (now - fix.fixed_at).total_seconds()
    if age_s < -FUTURE_S:
        raise FixRefused(Refusal.FUTURE)
    if age_s > TOO_OLD_S:
        raise FixRefused(Refusal.TOO_OLD)
    if _is_known(state, fix):
        raise FixRefused(Refusal.DUPLICATE)


def _is_known(state: SubjectState, fix: Fix) -> bool:
    """The same time and place, waiting or applied: a phone sent it twice."""
    at, lat, lon = fix.fixed_at, fix.lat, fix.lon
    if any(one.fixed_at == at and one.lat == lat and one.lon == lon for one in state.held):
        return True
    if state.last is None or at > state.last.fixed_at:
        return False  # newer than everything that was applied: the usual case
    return any(spot.at == at and spot.lat == lat and spot.lon == lon for spot in state.track)
