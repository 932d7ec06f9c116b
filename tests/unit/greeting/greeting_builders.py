"""Builders with defaults: Mira Musterfrau, a regular of a shop in Berlin, and what she is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from store_agent.domain.consent import ConsentDecision, ConsentState
from store_agent.domain.customer import Customer, OpenOrder
from store_agent.domain.greeting import (
    OfferDecision,
    OfferReason,
    Relationship,
    Sentence,
    Verdict,
)
from store_agent.greeting import relationship, sentence

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)  # a Saturday, 11:00 in Berlin
DAY = timedelta(days=1)
ABSENT = 61 * DAY


def mira(**fields: Any) -> Customer:
    """A regular who was here three weeks ago and agreed to be addressed."""
    defaults: dict[str, Any] = {
        "id": "c-1",
        "display_name": "Mira Musterfrau",
        "as_of": NOW,
        "first_name": "Mira",
        "last_name": "Musterfrau",
        "salutation": "Frau",
        "purchase_count": 3,
        "last_visit_at": NOW - 21 * DAY,
        "consents": (ConsentDecision("clienteling", ConsentState.GRANTED, NOW - 365 * DAY),),
    }
    return Customer(**{**defaults, **fields})


def pickup(**fields: Any) -> OpenOrder:
    """A coat that has been waiting since yesterday."""
    defaults: dict[str, Any] = {
        "id": "order-1",
        "kind": "pickup",
        "title": "Wollmantel",
        "ready_since": NOW - DAY,
        "place": "Regal C4",
    }
    return OpenOrder(**{**defaults, **fields})


def shown(title: str = "20 % auf Accessoires", **fields: Any) -> OfferDecision:
    """An offer that holds now."""
    defaults: dict[str, Any] = {"verdict": Verdict.SHOWN, "reason": OfferReason.MATCHES}
    return OfferDecision(offer_id="o-1", title=title, **{**defaults, **fields})


def right(title: str = "10 € Gutschein", **fields: Any) -> OfferDecision:
    """A voucher that ends today."""
    defaults: dict[str, Any] = {
        "reason": OfferReason.ISSUED_RIGHT,
        "voucher_id": "v-1",
        "valid_until": NOW,
    }
    return shown(title, **{**defaults, **fields})


def said(
    customer: Customer,
    *decisions: OfferDecision,
    tone: Relationship | None = None,
    at: datetime = NOW,
    language: str = "de",
    staff_language: str | None = None,
    quiet: frozenset[str] = frozenset(),
) -> Sentence | None:
    """What is said; the tone follows from the customer unless it is given."""
    return sentence(
        customer,
        tone or relationship(customer, at),
        decisions,
        at=at,
        zone=BERLIN,
        language=language,
        staff_language=staff_language,
        quiet=quiet,
    )


def text_of(answer: Sentence | None) -> str:
    """The words to the customer; fails if there are none."""
    assert answer is not None
    return answer.text


def why_of(answer: Sentence | None) -> str:
    """The reason below them; fails if there is none."""
    assert answer is not None
    return answer.why
