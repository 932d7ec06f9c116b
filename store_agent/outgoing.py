"""The way out: an event becomes a row of the outbox, in the transaction of what happened."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import orjson

from store_agent.domain.events import Event, EventLoss, EventType, events_dropped
from store_agent.storage import Connection
from sync import outbox
from sync.outbox import Dropped, EventClass, Lane, OutboxEvent

# What money, rights and consent depend on. A sale, its redemptions, points and returns share a
# lane, because order is promised within one only.
_RIGHTS = (
    EventType.CONSENT_CHANGED,
    EventType.PREFERENCE_CHANGED,
    EventType.PERSON_CHANGED,
    EventType.SALE_RECORDED,
    EventType.SALE_VOIDED,
    EventType.RETURN_RECORDED,
    EventType.REDEMPTION_RECORDED,
    EventType.REDEMPTION_VOIDED,
    EventType.REDEMPTION_RESTORED,
    EventType.POINTS_ENTERED,
    EventType.LOT_CLOSED,
    EventType.LOT_WANTED,
    EventType.VOUCHER_RELEASED,
    EventType.VOUCHER_WANTED,
    EventType.LEDGER_REPLACED,
    EventType.EVENTS_DROPPED,
)
_RECORDS = (
    EventType.SCAN_RECORDED,
    EventType.VISIT_STARTED,
    EventType.VISIT_ENDED,
    EventType.OFFER_EXPOSED,
    EventType.FOOTFALL_COUNTED,
    EventType.SENTENCE_ANSWERED,
)
_PRESENCE = (
    EventType.ZONE_ENTERED,
    EventType.ZONE_LEFT,
    EventType.ZONE_DWELLED,
    EventType.APPROACH_CHANGED,
)
PLACES: Mapping[EventType, tuple[Lane, EventClass]] = {
    **dict.fromkeys(_RIGHTS, (Lane.URGENT, EventClass.RIGHT)),
    # Never dropped, because they overlay the feed until they are confirmed; in no hurry.
    EventType.FENCES_CHANGED: (Lane.ORDINARY, EventClass.RIGHT),
    EventType.SURVEY_ANSWERED: (Lane.ORDINARY, EventClass.RECORD),
    EventType.NOTE_RECORDED: (Lane.ORDINARY, EventClass.RIGHT),
    EventType.TASK_CHANGED: (Lane.ORDINARY, EventClass.RIGHT),
    EventType.TOUCH_RECORDED: (Lane.ORDINARY, EventClass.RIGHT),
    EventType.CLIENT_CHANGED: (Lane.ORDINARY, EventClass.RIGHT),
    **dict.fromkeys(_RECORDS, (Lane.ORDINARY, EventClass.RECORD)),
    **dict.fromkeys(_PRESENCE, (Lane.ORDINARY, EventClass.PRESENCE)),
}


def emit(tx: Connection, event: Event) -> None:
    """Put `event` into the outbox; it is there if and only if `tx` commits."""
    outbox.put(tx, outgoing(event))


def outgoing(event: Event) -> OutboxEvent:
    """The event as the outbox takes it."""
    lane, event_class = PLACES[event.type]
    return OutboxEvent(
        id=event.id,
        type=event.type,
        subject=event.subject,
        occurred_at=event.occurred_at,
        data=orjson.dumps(event.data, option=orjson.OPT_UTC_Z),
        lane=lane,
        event_class=event_class,
    )


def tombstone(event_id: str, at: datetime, dropped: Dropped) -> OutboxEvent:
    """What tells the receivers of a loss; it travels as every right does."""
    loss = EventLoss(
        event_class=dropped.event_class,
        reason=dropped.reason,
        first_sequence=outbox.as_sequence(dropped.first_seq),
        last_sequence=outbox.as_sequence(dropped.last_seq),
        count=dropped.count,
        missing=dropped.by_transport,
    )
    return outgoing(events_dropped(event_id, at, loss))
