"""Evidence joined into one visit: what starts, moves and ends it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from geofences.model import (
    Approach,
    Confidence,
    FenceKind,
    Observation,
    Reason,
    ZoneEvent,
    ZoneEventKind,
)
from store_agent.domain.arrival import ArrivalStage
from store_agent.domain.greeting import Evidence, Visit
from store_agent.presence.joining import follow, observed, placed

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ENTER, EXIT, DWELL, APPROACH = ZoneEventKind


def ids():
    numbers = count(1)
    return lambda: f"v-{next(numbers)}"


def event(kind, fence_id="building", at=NOON, **fields):
    made = ZoneEvent(
        "e-1", kind, "c-1", fence_id, "1", "stay", at, at, Confidence.MEDIUM, Reason.STRONG_FIX
    )
    return replace(made, **fields)


def visit(**fields):
    return replace(Visit("v-0", "c-1", NOON, NOON, ""), **fields)


def after(open_visit, kind, fence=FenceKind.STORE, *, named=True, **fields):
    return follow(open_visit, event(kind, **fields), fence, named=named, make_id=ids())


def beacon(zone="women", at=NOON):
    return Observation("c-1", zone, at, at, "beacon")


def test_a_position_alone_starts_no_visit_but_is_told_as_an_arrival():
    change = after(None, ENTER)
    assert change.visit is None
    assert change.arrival.stage is ArrivalStage.AT_STORE


def test_a_dwell_starts_a_visit_and_ends_the_arrival():
    change = after(None, DWELL)
    assert (change.visit.evidence, change.visit.started_at) == (Evidence.FENCE, NOON)
    assert change.arrived


def test_a_dwell_of_somebody_who_may_not_be_named_starts_none():
    assert after(None, DWELL, named=False).visit is None


def test_a_dwell_keeps_the_visit_that_a_scan_began():
    scanned = visit(lane="till-0")
    assert after(scanned, DWELL).visit == scanned


def test_a_beacon_starts_a_visit_at_once_with_its_zone():
    started = observed(None, "c-1", beacon(), "women", ids())
    assert (started.zone, started.evidence, started.indoor_at) == ("women", Evidence.BEACON, NOON)


def test_a_beacon_moves_an_open_visit_and_never_back_in_time():
    moved = observed(visit(last_seen_at=NOON + MINUTE), "c-1", beacon("men"), "men", ids())
    assert (moved.id, moved.zone, moved.last_seen_at) == ("v-0", "men", NOON + MINUTE)


def test_a_fix_inside_keeps_the_visit_alive_and_starts_none():
    assert placed(None, NOON) is None
    assert placed(visit(), NOON + MINUTE).last_seen_at == NOON + MINUTE


def test_leaving_ends_the_visit_when_they_left():
    change = after(visit(indoor_at=NOON), EXIT, at=NOON + 5 * MINUTE)
    assert change.visit is None
    assert change.ended.ended_at == NOON + 5 * MINUTE


def test_a_phone_that_leaves_does_not_end_what_was_seen_inside_afterwards():
    still = visit(indoor_at=NOON + 6 * MINUTE, zone="men")
    change = after(still, EXIT, at=NOON + 5 * MINUTE)
    assert (change.ended, change.visit.zone) == (None, None)


def test_a_withdrawn_consent_ends_what_the_phone_told():
    change = after(visit(evidence=Evidence.BEACON, zone="men"), EXIT, reason=Reason.CONSENT)
    assert change.ended is not None


def test_a_withdrawn_consent_leaves_the_visit_a_scan_began_without_its_zone():
    change = after(visit(lane="till-0", zone="men"), EXIT, reason=Reason.CONSENT)
    assert (change.ended, change.visit.zone) == (None, None)


@pytest.mark.parametrize(("left", "zone"), [("women", None), ("men", "women")])
def test_only_leaving_their_own_zone_leaves_them_nowhere(left, zone):
    change = after(visit(zone="women"), EXIT, FenceKind.ZONE, fence_id=left)
    assert change.visit.zone == zone


@pytest.mark.parametrize(
    ("approach", "stage"),
    [
        (Approach.APPROACHING, ArrivalStage.APPROACHING),
        (Approach.NEARBY, ArrivalStage.NEARBY),
    ],
)
def test_an_approach_says_when_they_will_be_here(approach, stage):
    change = after(None, APPROACH, FenceKind.CURBSIDE, approach=approach, eta_s=240.0)
    assert (change.arrival.stage, change.arrival.eta_at) == (stage, NOON + 4 * MINUTE)


def test_the_curbside_is_an_arrival_until_they_leave():
    assert after(None, ENTER, FenceKind.CURBSIDE).arrival.stage is ArrivalStage.AT_CURBSIDE
    assert after(None, EXIT, FenceKind.CURBSIDE).arrived
