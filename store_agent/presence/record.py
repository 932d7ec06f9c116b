"""What presence writes: state, visit, arrival and events of one subject, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog

from geofences import state as states
from geofences.engine import Step
from geofences.model import Observation, Sense
from geofences.state import SubjectState
from store_agent.domain import events
from store_agent.domain.arrival import Arrival, ArrivalStage
from store_agent.domain.greeting import Confidence, Visit
from store_agent.domain.ids import NewId
from store_agent.outgoing import emit
from store_agent.presence.fence_book import Plan
from store_agent.presence.joining import Change, ended, follow, observed, placed, released
from store_agent.presence.people import Standing
from store_agent.presence.zone_events import to_platform
from store_agent.storage import Connection, arrivals, visits, whereabouts

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Record:
    """One subject inside one transaction: opened, changed by steps, kept."""

    tx: Connection
    plan: Plan
    person: Standing
    make_id: NewId
    state: SubjectState
    visit: Visit | None
    visible: bool = False  # something that tablets show has changed

    def apply(self, step: Step) -> None:
        """Take over a step of the engine and what it means for the visit."""
        self.state = step.state
        for event in step.events:
            kind = self.plan.kind(event.fence_id)
            change = follow(self.visit, event, kind, named=self.person.named, make_id=self.make_id)
            self._write(change, event.fence_id)
            visit = change.visit or change.ended
            emit(self.tx, to_platform(event, visit.id if visit else None))
            self.visible = True

    def seen_inside(self, seen: Observation, step: Step) -> None:
        """Evidence from inside the shop, with the engine's answer to it."""
        refused = seen.fence_id in self.plan.fences.fences and not step.state.inside()
        if seen.sense is Sense.PRESENT and not refused:  # refused: older than what is known
            self._note_inside(seen, step.state)
        self.apply(step)

    def placed_inside(self, at: datetime) -> None:
        """A fix inside the shop keeps an open visit alive."""
        self._set_visit(placed(self.visit, at))

    def keep(self) -> None:
        """Store what is worth keeping."""
        if self.state.is_idle:
            whereabouts.forget(self.tx, self.state.subject)
        else:
            whereabouts.put(self.tx, self.state.subject, states.dump(self.state))

    def forget(self, at: datetime) -> None:
        """Nothing that phones and beacons told of this subject stays."""
        whereabouts.forget(self.tx, self.state.subject)
        arrivals.forget(self.tx, self.state.subject)
        self._write(released(self.visit, at))
        self.visible = True

    def wipe(self, at: datetime) -> None:
        """As `forget`, and nothing that they told of earlier visits: it was withdrawn."""
        self.forget(at)
        visits.wipe_told_by_radio(self.tx, self.state.subject)

    def hide(self, at: datetime) -> None:
        """Who may be noticed and not named has no visit by phone or beacon, only a need."""
        if self.visit is not None and not self.visit.lane and not self.person.named:
            self._write(released(self.visit, at))
            self.visible = True

    def hand_over(self, at: datetime) -> None:
        """Two customers are one now, with one visit: the open one of the new id, else this."""
        if self.visit is None:
            return
        if visits.find_open(self.tx, self.person.customer_id) is not None:
            self._write(Change(None, ended=ended(self.visit, at)))
            return
        visits.hand_over(self.tx, self.visit.id, self.person.customer_id)
        self.visit = None

    def _note_inside(self, seen: Observation, state: SubjectState) -> None:
        store = self.plan.store()
        if self.person.named:
            zone = self.plan.innermost_zone(state.inside())
            self._set_visit(observed(self.visit, seen.subject, seen, zone, self.make_id))
        elif store is not None:
            at = seen.seen_at
            stage = ArrivalStage.AT_STORE
            arrival = Arrival(seen.subject, store.id, stage, at, at, Confidence.HIGH)
            arrivals.put(self.tx, arrival)

    def _write(self, change: Change, fence_id: str = "") -> None:
        if change.ended is not None and change.ended.ended_at is not None:
            visits.end(self.tx, change.ended.id, change.ended.ended_at)
            emit(self.tx, events.visit_ended(self.make_id(), change.ended, change.ended.ended_at))
            self.visit = None
        else:
            self._set_visit(change.visit)
        if change.arrival is not None:
            arrivals.put(self.tx, change.arrival)
        elif change.arrived:
            arrivals.forget(self.tx, self.state.subject, fence_id)

    def _set_visit(self, visit: Visit | None) -> None:
        before = self.visit
        if visit is None or visit == before:
            return
        if before is None:
            visits.start(self.tx, visit)
            emit(self.tx, events.visit_started(self.make_id(), visit))
        else:
            visits.update(self.tx, visit)
        self.visible = self.visible or before is None or before.zone != visit.zone
        self.visit = visit


def open_record(
    tx: Connection, plan: Plan, person: Standing, make_id: NewId, subject: str | None = None
) -> Record:
    """What is known of a person now; `subject` where the state stands under another id."""
    key = subject or person.customer_id
    return Record(tx, plan, person, make_id, load(tx, key), visits.find_open(tx, key))


def load(connection: Connection, subject: str) -> SubjectState:
    """The kept state, or a new one; a document nobody can read is as none."""
    doc = whereabouts.get(connection, subject)
    if doc is None:
        return SubjectState.new(subject)
    return decoded(subject, doc)


def decoded(subject: str, doc: bytes) -> SubjectState:
    """The state in a stored document; an unreadable one counts as nothing known."""
    try:
        return states.load(doc)
    except ValueError:
        log.warning("unreadable whereabouts dropped")
        return SubjectState.new(subject)
