"""Every event type the shop sends to the platform, with the shape of its `data`.

Wire form: CloudEvents 1.0. `source` is `/stores/{store}/{epoch}`; `id` is a UUIDv7; order inside a
store is the outbox sequence, never the clock. docs/platform-api.md describes each type.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from store_agent.domain.answer import Outcome
from store_agent.domain.consent import ConsentDecision
from store_agent.domain.consent_text import TURNED_TABLET
from store_agent.domain.customer import PersonState
from store_agent.domain.footfall import HourlyCount
from store_agent.domain.greeting import Greeting, OfferDecision, Verdict, Visit
from store_agent.domain.note import Note
from store_agent.domain.preference import Preference
from store_agent.domain.sale import Sale
from store_agent.domain.scan import Scan, ScanReason
from store_agent.domain.survey import SurveyAnswer
from store_agent.domain.task import Task
from store_agent.domain.touch import Touch

# Refusals that concern the person, not the pass.
UNNAMED_REASONS = frozenset(
    {ScanReason.NO_CONSENT, ScanReason.NOT_ADDRESSABLE, ScanReason.NOT_THIS_PERSON}
)


class EventType(StrEnum):
    """The closed set of event types. Only the first contains the word "scan"."""

    SCAN_RECORDED = "store.scan.recorded"
    VISIT_STARTED = "store.visit.started"
    VISIT_ENDED = "store.visit.ended"
    OFFER_EXPOSED = "store.offer.exposed"
    CONSENT_CHANGED = "store.consent.changed"
    PERSON_CHANGED = "store.person.changed"
    SALE_RECORDED = "store.sale.recorded"
    ZONE_ENTERED = "store.zone.entered"
    ZONE_LEFT = "store.zone.left"
    ZONE_DWELLED = "store.zone.dwelled"
    APPROACH_CHANGED = "store.approach.changed"
    FOOTFALL_COUNTED = "store.footfall.counted"
    FENCES_CHANGED = "store.fences.changed"
    LEDGER_REPLACED = "store.ledger.replaced"
    REDEMPTION_RECORDED = "store.redemption.recorded"
    REDEMPTION_VOIDED = "store.redemption.voided"
    REDEMPTION_RESTORED = "store.redemption.restored"
    POINTS_ENTERED = "store.points.entered"
    SALE_VOIDED = "store.sale.voided"
    RETURN_RECORDED = "store.return.recorded"
    LOT_CLOSED = "store.lot.closed"
    LOT_WANTED = "store.lot.wanted"
    VOUCHER_RELEASED = "store.voucher.released"
    VOUCHER_WANTED = "store.voucher.wanted"
    EVENTS_DROPPED = "store.events.dropped"
    NOTE_RECORDED = "store.note.recorded"
    TASK_CHANGED = "store.task.changed"
    SENTENCE_ANSWERED = "store.sentence.answered"
    TOUCH_RECORDED = "store.touch.recorded"
    CLIENT_CHANGED = "store.client.changed"
    PREFERENCE_CHANGED = "store.preference.changed"
    SURVEY_ANSWERED = "store.survey.answered"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `subject` is the customer id, or None when nobody is named."""

    id: str
    type: EventType
    occurred_at: datetime
    data: Mapping[str, Any]
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class EventLoss:
    """Events that were dropped or not taken in for want of room, or were too old.

    The sequences are as on the wire; between them are others that were not dropped. `missing`
    counts by receiver those that it had not got.
    """

    event_class: str
    reason: str
    first_sequence: str
    last_sequence: str
    count: int
    missing: Mapping[str, int]


def scan_recorded(event_id: str, scan: Scan, greeting: Greeting) -> Event:
    """What was scanned where and what came of it; never the scanned text itself.

    Where nobody may be named, the pass id stays out as well: it would name the person anyway.
    """
    resolution = greeting.resolution
    nameless = greeting.reason in UNNAMED_REASONS
    return Event(
        event_id,
        EventType.SCAN_RECORDED,
        greeting.at,
        {
            "lane": scan.lane,
            "door": scan.source,
            "kind": resolution.kind,
            "reason": greeting.reason,
            "pass_id": None if nameless else resolution.pass_id,
            "visit_id": greeting.visit.id if greeting.visit else None,
            "scanned_at": scan.scanned_at,
        },
        subject=greeting.customer.id if greeting.customer else None,
    )


def visit_started(event_id: str, visit: Visit) -> Event:
    """A customer who may be named came in; `lane` is "" when no pass was shown."""
    data = {"visit_id": visit.id, "lane": visit.lane, "evidence": visit.evidence}
    return Event(event_id, EventType.VISIT_STARTED, visit.started_at, data, visit.customer_id)


def visit_ended(event_id: str, visit: Visit, ended_at: datetime) -> Event:
    """No more evidence of a customer; `ended_at` is the moment of the last evidence."""
    data = {"visit_id": visit.id, "started_at": visit.started_at, "ended_at": ended_at}
    return Event(event_id, EventType.VISIT_ENDED, ended_at, data, visit.customer_id)


def offers_exposed(event_id: str, visit: Visit, offers: Iterable[OfferDecision]) -> Event:
    """Which offers were shown in a visit and which the control group withheld."""
    exposures = [
        {"offer_id": o.offer_id, "voucher_id": o.voucher_id, "verdict": o.verdict}
        for o in offers
        if o.verdict is not Verdict.REFUSED
    ]
    data = {"visit_id": visit.id, "exposures": exposures}
    return Event(event_id, EventType.OFFER_EXPOSED, visit.started_at, data, visit.customer_id)


def person_changed(
    event_id: str, at: datetime, customer_id: str, state: PersonState, *, on: bool
) -> Event:
    """Staff or the customer set or cleared a state of a person."""
    data = {"state": state, "on": on}
    return Event(event_id, EventType.PERSON_CHANGED, at, data, customer_id)


def pass_of_other_person(event_id: str, at: datetime, visit: Visit, *, on: bool) -> Event:
    """Staff said that somebody else carries this pass; concerns this visit only."""
    data = {"state": PersonState.NOT_THIS_PERSON, "on": on, "visit_id": visit.id}
    return Event(event_id, EventType.PERSON_CHANGED, at, data, visit.customer_id)


def consent_changed(event_id: str, customer_id: str, decision: ConsentDecision) -> Event:
    """The customer's own answer with its proof: how, when, which text, which language."""
    data = {
        "purpose": decision.purpose,
        "state": decision.state,
        "how": decision.how,
        "text_version": decision.text_version,
        "language": decision.language,
    }
    return Event(event_id, EventType.CONSENT_CHANGED, decision.decided_at, data, customer_id)


def sale_recorded(event_id: str, sale: Sale, customer_id: str | None) -> Event:
    """A finished basket, as the till reported it."""
    data = {
        "txn_id": sale.txn_id,
        "till": sale.till,
        "currency": sale.currency,
        "total": sale.total,
        "lines": [asdict(line) for line in sale.lines],
        "tenders": [asdict(tender) for tender in sale.tenders],
        "receipt_number": sale.receipt_number,
        "business_date": sale.business_date,
    }
    return Event(event_id, EventType.SALE_RECORDED, sale.received_at, data, customer_id)


def footfall_counted(event_id: str, at: datetime, count: HourlyCount) -> Event:
    """How many people came in an hour; never fewer than the shop's minimum group."""
    data = {"hour": count.hour, "people": count.people, "complete": count.complete}
    return Event(event_id, EventType.FOOTFALL_COUNTED, at, data)


def events_dropped(event_id: str, at: datetime, loss: EventLoss) -> Event:
    """Events that will never come: how many of which class, and why."""
    data = {
        "class": loss.event_class,
        "reason": loss.reason,
        "first_sequence": loss.first_sequence,
        "last_sequence": loss.last_sequence,
        "count": loss.count,
        "missing": dict(loss.missing),
    }
    return Event(event_id, EventType.EVENTS_DROPPED, at, data)


def fences_changed(event_id: str, at: datetime, document: Mapping[str, Any]) -> Event:
    """The shop drew its fences anew; the feed confirms this event when it has them."""
    return Event(event_id, EventType.FENCES_CHANGED, at, {"document": document})


def ledger_replaced(event_id: str, at: datetime, reason: str) -> Event:
    """A damaged ledger was moved aside; sequence numbers start anew under a new epoch."""
    return Event(event_id, EventType.LEDGER_REPLACED, at, {"reason": reason})


def note_recorded(event_id: str, at: datetime, note: Note, *, removed: bool) -> Event:
    """Staff wrote a note, or took it out: then without its text."""
    data = {
        "note_id": note.id,
        "text": None if removed else note.text,
        "author": note.author,
        "author_name": note.author_name,
        "written_at": note.at,
        "removed": removed,
    }
    return Event(event_id, EventType.NOTE_RECORDED, at, data, note.customer_id)


def survey_answered(answer: SurveyAnswer) -> Event:
    """How gladly a customer would recommend the shop, 0 to 10, and why if they said so."""
    data = {
        "score": answer.score,
        "sentence": answer.sentence or None,
        "how": TURNED_TABLET,
        "language": answer.language,
    }
    return Event(answer.id, EventType.SURVEY_ANSWERED, answer.at, data, answer.customer_id)


def preference_changed(
    event_id: str, at: datetime, customer_id: str, told: Iterable[Preference]
) -> Event:
    """What a customer told about themselves; without a value it takes back what was known."""
    changes = [
        {"label": one.label, "value": one.value or None, "choices": list(one.choices)}
        for one in told
    ]
    data = {"changes": changes, "how": TURNED_TABLET}
    return Event(event_id, EventType.PREFERENCE_CHANGED, at, data, customer_id)


def task_changed(event_id: str, task: Task, changed_by: str) -> Event:
    """A task as it is now, whatever became of it; `changed_by` is a staff id."""
    data = {
        "task_id": task.id,
        "kind": task.kind,
        "state": task.state,
        "text": task.text,
        "due_on": task.due_on,
        "due_at": task.due_at,
        "assignee": task.assignee,
        "handed_by": task.handed_by,
        "handed_text": task.handed_text,
        "created_at": task.created_at,
        "created_by": task.created_by,
        "changed_by": changed_by,
    }
    return Event(event_id, EventType.TASK_CHANGED, task.changed_at, data, task.customer_id)


def sentence_answered(
    event_id: str, at: datetime, visit: Visit, topic: str, outcome: Outcome | None
) -> Event:
    """What became of the one thing to say; None = the answer before was a slip."""
    data = {"visit_id": visit.id, "topic": topic, "outcome": outcome}
    return Event(event_id, EventType.SENTENCE_ANSWERED, at, data, visit.customer_id)


def touch_recorded(event_id: str, at: datetime, touch: Touch, *, removed: bool) -> Event:
    """A customer was contacted, or that was a slip."""
    data = {
        "touch_id": touch.id,
        "channel": touch.channel,
        "touched_at": touch.at,
        "staff_id": touch.staff_id,
        "removed": removed,
    }
    return Event(event_id, EventType.TOUCH_RECORDED, at, data, touch.customer_id)


def client_changed(event_id: str, at: datetime, customer_id: str, staff_id: str) -> Event:
    """Somebody else looks after this customer from now on; "" is nobody."""
    return Event(event_id, EventType.CLIENT_CHANGED, at, {"advisor": staff_id}, customer_id)
