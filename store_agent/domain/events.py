"""Every event type the shop sends to the platform, with the shape of its `data`.

Wire form: CloudEvents 1.0. `source` is `/stores/{store}/{epoch}`; `id` is a UUIDv7; order inside a
store is the outbox sequence, never the clock. docs/platform-api.md describes each type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class EventType(StrEnum):
    """The closed set of event types. Only the first contains the word "scan"."""

    SCAN_RECORDED = "store.scan.recorded"
    VISIT_STARTED = "store.visit.started"
    VISIT_ENDED = "store.visit.ended"
    OFFER_EXPOSED = "store.offer.exposed"
    CONSENT_CHANGED = "store.consent.changed"
    PERSON_CHANGED = "store.person.changed"
    SALE_RECORDED = "store.sale.recorded"
    LEDGER_REPLACED = "store.ledger.replaced"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `subject` is the customer id, or None when nobody is named."""

    id: str
    type: EventType
    occurred_at: datetime
    data: Mapping[str, Any]
    subject: str | None = None
