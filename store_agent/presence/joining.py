"""All evidence of a customer joined into one visit. Pure: says what changes, writes nothing.

A position alone starts no visit: GPS cannot tell a shop from its neighbour. What staff act on hangs
on a dwell or on evidence from inside the shop.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from geofences.model import Approach, FenceKind, Observation, ZoneEvent, ZoneEventKind
from geofences.model import Reason as ZoneReason
from store_agent.domain.arrival import Arrival, ArrivalStage
from store_agent.domain.greeting import Confidence, Evidence, Visit
from store_agent.domain.ids import NewId

STAGES = {
    Approach.APPROACHING: ArrivalStage.APPROACHING,
    Approach.NEARBY: ArrivalStage.NEARBY,
}


AMBIENT = frozenset({Evidence.BEACON, Evidence.FENCE})


@dataclass(frozen=True, slots=True)
class Change:
    """What one piece of evidence changes. `visit` is the open visit afterwards, None = none."""

    visit: Visit | None
    ended: Visit | None = None  # with its `ended_at`
    arrival: Arrival | None = None  # to note
    arrived: bool = False  # the arrival at this fence is over


def observed(
    visit: Visit | None, customer_id: str, seen: Observation, zone: str | None, make_id: NewId
) -> Visit:
    """The visit after evidence from inside the shop; it starts one where none is open.

    `zone` is where the fences place the customer now.
    """
    at, evidence = seen.seen_at, Evidence(seen.evidence)
    if visit is None:
        return Visit(make_id(), customer_id, at, at, "", evidence=evidence, zone=zone, indoor_at=at)
    return replace(
        visit,
        last_seen_at=max(visit.last_seen_at, at),
        indoor_at=max(visit.indoor_at or at, at),
        evidence=evidence,
        confidence=Confidence.HIGH,
        zone=zone,
    )


def placed(visit: Visit | None, at: datetime) -> Visit | None:
    """The visit after a fix inside the shop: it goes on, and nothing else is known."""
    return visit and replace(visit, last_seen_at=max(visit.last_seen_at, at))


def follow(
    visit: Visit | None, event: ZoneEvent, kind: FenceKind, *, named: bool, make_id: NewId
) -> Change:
    """What one zone event changes."""
    if kind is FenceKind.STORE:
        return _at_store(visit, event, named=named, make_id=make_id)
    if event.kind is ZoneEventKind.EXIT:  # also from a fence that was removed, whatever it was
        return Change(_without_zone(visit, event), arrived=True)
    if kind is FenceKind.CURBSIDE:
        return _at_curbside(visit, event)
    return Change(visit)


def _at_store(visit: Visit | None, event: ZoneEvent, *, named: bool, make_id: NewId) -> Change:
    if event.kind is ZoneEventKind.EXIT:
        return _left(visit, event)
    if event.kind is ZoneEventKind.DWELL and named:
        return Change(visit or _by_position(event, make_id), arrived=True)
    if event.kind is ZoneEventKind.ENTER and visit is None:
        return Change(None, arrival=_arrival(event, ArrivalStage.AT_STORE))
    return Change(visit, arrived=visit is not None)


def _by_position(event: ZoneEvent, make_id: NewId) -> Visit:
    return Visit(
        make_id(),
        event.subject,
        event.at,
        event.at,
        "",
        evidence=Evidence.FENCE,
        confidence=Confidence(event.confidence),
    )


def _left(visit: Visit | None, event: ZoneEvent) -> Change:
    """They left, unless something newer says that they are here."""
    if visit is None:
        return Change(None, arrived=True)
    if event.reason == ZoneReason.CONSENT and visit.lane:
        # Who showed a pass is here by that; only what the phone told is gone.
        return Change(_unplaced(visit), arrived=True)
    if visit.indoor_at is not None and visit.indoor_at > event.at:
        return Change(_unplaced(visit), arrived=True)
    return Change(None, ended=ended(visit, event.at), arrived=True)


def _without_zone(visit: Visit | None, event: ZoneEvent) -> Visit | None:
    return _unplaced(visit) if visit is not None and visit.zone == event.fence_id else visit


def _unplaced(visit: Visit) -> Visit:
    return replace(visit, zone=None)


def released(visit: Visit | None, at: datetime) -> Change:
    """What phones and beacons told is over at `at`; a visit in which a pass was shown goes on."""
    if visit is None:
        return Change(None)
    if visit.lane:
        shown = Evidence.SCAN if visit.evidence in AMBIENT else visit.evidence
        return Change(replace(_unplaced(visit), evidence=shown, confidence=Confidence.HIGH))
    return Change(None, ended=ended(visit, at))


def ended(visit: Visit, at: datetime) -> Visit:
    """The visit with its end; none ends before it began."""
    return replace(_unplaced(visit), ended_at=max(visit.started_at, at))


def _at_curbside(visit: Visit | None, event: ZoneEvent) -> Change:
    if event.kind is ZoneEventKind.ENTER:
        return Change(visit, arrival=_arrival(event, ArrivalStage.AT_CURBSIDE))
    if event.kind is ZoneEventKind.APPROACH and event.approach is not None:
        return Change(visit, arrival=_arrival(event, STAGES[event.approach]))
    return Change(visit)


def _arrival(event: ZoneEvent, stage: ArrivalStage) -> Arrival:
    eta_at = event.at + timedelta(seconds=event.eta_s) if event.eta_s is not None else None
    return Arrival(
        event.subject,
        event.fence_id,
        stage,
        event.at,
        event.at,
        Confidence(event.confidence),
        eta_at,
    )
