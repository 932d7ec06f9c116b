"""One event of every type, made by the agent's own constructors and encoded as it sends them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import orjson

from geofences.model import Approach, ZoneEvent, ZoneEventKind
from geofences.model import Confidence as ZoneConfidence
from store_agent import outgoing
from store_agent.domain import events, rights_events
from store_agent.domain.answer import Outcome
from store_agent.domain.consent import ConsentDecision, ConsentState
from store_agent.domain.customer import Customer, PersonState
from store_agent.domain.events import Event, EventLoss, EventType
from store_agent.domain.footfall import HourlyCount
from store_agent.domain.greeting import (
    Briefing,
    Greeting,
    OfferDecision,
    OfferReason,
    Relationship,
    Verdict,
    Visit,
)
from store_agent.domain.note import Note
from store_agent.domain.offer import BudgetUnit
from store_agent.domain.preference import Preference
from store_agent.domain.rights import (
    Lot,
    LotClass,
    LotState,
    PointsEntry,
    PointsKind,
    Redemption,
    RedemptionState,
    VoucherAction,
)
from store_agent.domain.sale import Sale, SaleLine, Tender
from store_agent.domain.scan import Resolution, Scan, ScanKind, ScanReason, ScanSource
from store_agent.domain.survey import SurveyAnswer
from store_agent.domain.task import Task, TaskKind
from store_agent.domain.touch import Channel, Touch
from store_agent.presence.zone_events import to_platform
from sync import outbox
from sync.fakes import PlainLedger
from sync.transports.cloudevents import encode_batch

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SOURCE = "/stores/s1/epoch1"
VISIT = Visit("v-1", "c-1", AT, AT, "till-0")
TASK = Task("t-1", TaskKind.SERVICE, "Saum heften", AT, "bea", AT, "s1")
NOTE = Note("n-1", "c-1", "Mag keine Wolle.", AT, "bea", "Bea Beispiel", "s1")


def _greetings() -> list[Event]:
    scan = Scan("till-0", "MUSTER", ScanSource.HTTP, AT, scanned_at=AT)
    briefing = Briefing(Customer("c-1", "Erika", AT), Relationship.REGULAR, (), lambda: None)
    known = Resolution(ScanKind.STATIC_PASS, "c-1", "p-1")
    unknown = Resolution(ScanKind.UNKNOWN, reason=ScanReason.UNKNOWN_PASS)
    seen = Greeting("e", "till-0", AT, known, briefing, visit=VISIT)
    nobody = Greeting("e", "till-0", AT, unknown, reason=ScanReason.UNKNOWN_PASS)
    return [events.scan_recorded("e", scan, greeting) for greeting in (seen, nobody)]


def _people() -> list[Event]:
    shown = OfferDecision("o-1", Verdict.SHOWN, OfferReason.MATCHES, "Ten percent")
    held = OfferDecision("o-2", Verdict.WITHHELD, OfferReason.CONTROL_GROUP, "None", voucher_id="v")
    lost = EventLoss("presence", "age", f"{7:020}", f"{9:020}", 2, {"platform": 2})
    decision = ConsentDecision("marketing.email", ConsentState.GRANTED, AT, "tablet", "v3", "de")
    return [
        events.visit_started("e", VISIT),
        events.visit_ended("e", VISIT, AT),
        events.offers_exposed("e", VISIT, [shown, held]),
        events.consent_changed("e", "c-1", decision),
        events.person_changed("e", AT, "c-1", PersonState.GIFT, on=True),
        events.pass_of_other_person("e", AT, VISIT, on=True),
        events.footfall_counted("e", AT, HourlyCount(AT, 12, complete=True)),
        events.fences_changed("e", AT, {"type": "FeatureCollection", "features": []}),
        events.note_recorded("e", AT, NOTE, removed=False),
        events.note_recorded("e", AT, NOTE, removed=True),
        events.survey_answered(SurveyAnswer("e", "c-1", 9, "Gern wieder", AT, "de")),
        events.survey_answered(SurveyAnswer("e", "c-1", 0, "", AT, "en")),
        events.preference_changed("e", AT, "c-1", [Preference("size.top", "M", AT, ("M",))]),
        events.preference_changed("e", AT, "c-1", [Preference("interest", "", AT)]),
        events.task_changed("e", TASK, "bea"),
        events.task_changed(
            "e",
            replace(TASK, due_on=AT.date(), due_at=AT, assignee="emil", customer_id="c-1"),
            "bea",
        ),
        events.sentence_answered("e", AT, VISIT, "birthday", Outcome.NOT_NOW),
        events.sentence_answered("e", AT, VISIT, "birthday", None),
        events.touch_recorded(
            "e", AT, Touch("h-1", "c-1", Channel.PHONE, AT, "bea"), removed=False
        ),
        events.client_changed("e", AT, "c-1", "bea"),
        events.ledger_replaced("e", AT, "damaged"),
        events.events_dropped("e", AT, lost),
        events.events_dropped(
            "e", AT, events.EventLoss("presence", "bytes", "0" * 20, "9" * 20, 3, {"platform": 2})
        ),
    ]


def _zones() -> list[Event]:
    found = []
    for kind in ZoneEventKind:
        event = ZoneEvent(
            "e",
            kind,
            "c-1",
            "f-1",
            "1",
            "stay-1",
            AT,
            AT,
            ZoneConfidence.HIGH,
            "dwelt",
            dwell_s=60.0,
        )
        found.append(to_platform(event, None))
    on_the_way = ZoneEvent(
        "e",
        ZoneEventKind.APPROACH,
        "c-1",
        "f-1",
        "1",
        "stay-1",
        AT,
        AT,
        ZoneConfidence.LOW,
        "near",
        approach=Approach.NEARBY,
        eta_s=240.0,
    )
    return [event for event in found if event.type is not EventType.APPROACH_CHANGED] + [
        to_platform(on_the_way, "v-1")
    ]


def _rights() -> list[Event]:
    spent = Redemption(
        "r-1",
        "t-1",
        "o-1",
        None,
        "lot-1",
        "c-1",
        1,
        500,
        "EUR",
        "till-0",
        date(2026, 11, 21),
        AT,
        RedemptionState.REDEEMED,
    )
    lot = Lot("lot-1", "o-1", 100, 40, BudgetUnit.USE, LotClass.STRICT, None, LotState.CLOSED)
    line = {"line_id": "1", "qty": "1", "refund_amount": 500}
    return [
        rights_events.redemption_recorded(spent, "g-1"),
        rights_events.redemption_voided("e", AT, spent, "lot"),
        rights_events.redemption_restored("e", AT, spent, "t-2", VoucherAction.RESTORE, "centre"),
        rights_events.points_entered(PointsEntry("p", "c-1", PointsKind.BURN, -40, AT, "t-1")),
        rights_events.sale_voided("e", AT, "t-1", "till-0", "cancelled"),
        rights_events.lot_closed("e", AT, lot),
        rights_events.lot_wanted("e", AT, "o-1", BudgetUnit.MINOR, 3),
        rights_events.voucher_wanted("e", AT, "c-1", "v-1", "g-1"),
        rights_events.voucher_released("e", AT, "c-1", "v-1", "g-1"),
        rights_events.return_recorded("e", AT, "t-2", "t-1", "till-0", [line], 5),
    ]


def _sale() -> Event:
    sale = Sale(
        "t-1",
        "till-0",
        "EUR",
        1999,
        (SaleLine("1", "sku-1", "1.5", 1333),),
        (Tender("card", 1999),),
        "4711",
        date(2026, 11, 21),
        AT,
    )
    return events.sale_recorded("e", sale, "c-1")


def made() -> list[Event]:
    """At least one of every type."""
    return [*_greetings(), *_people(), *_zones(), *_rights(), _sale()]


def sent() -> list[dict]:
    """The same, through the outbox, as they go over the wire."""
    ledger = PlainLedger()

    def emit(tx: outbox.Connection) -> None:
        for number, event in enumerate(made()):
            named = Event(f"e{number}", event.type, event.occurred_at, event.data, event.subject)
            outgoing.emit(tx, named)

    try:
        ledger.transact(emit)
        rows = [
            row
            for lane in outbox.Lane
            for row in outbox.page(ledger.connection, lane=lane, limit=500)
        ]
        found: list[dict] = orjson.loads(encode_batch(rows, SOURCE))
        return found
    finally:
        ledger.close()
