"""Builders with defaults: a customer who gets every offer, and an offer for everybody."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from store_agent.domain.consent import ConsentDecision, ConsentState
from store_agent.domain.customer import Customer
from store_agent.domain.greeting import OfferDecision, OfferReason, Verdict
from store_agent.domain.offer import Audience, Benefit, BenefitKind, Offer, Voucher
from store_agent.offers import choose

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)  # a Saturday, 11:00 in Berlin
DAY = timedelta(days=1)


def granted(purpose: str = "clienteling") -> ConsentDecision:
    """A "yes" of last year."""
    return ConsentDecision(purpose, ConsentState.GRANTED, NOW - 365 * DAY)


def customer(**fields: Any) -> Customer:
    """Mira, who agreed to be addressed."""
    defaults: dict[str, Any] = {"id": "c-1", "display_name": "Mira Musterfrau", "as_of": NOW}
    return Customer(**{**defaults, "consents": (granted(),), **fields})


def offer(id_: str = "o-1", *, audience: Audience | None = None, **fields: Any) -> Offer:
    """An offer that holds for everybody at any time."""
    defaults: dict[str, Any] = {
        "title": {"de": f"Angebot {id_}", "en": f"Offer {id_}"},
        "detail": {"de": "Im ganzen Haus"},
        "benefit": Benefit(BenefitKind.PERCENT, 20),
        "audience": audience or Audience(),
    }
    return Offer(id=id_, **{**defaults, **fields})


def voucher(id_: str = "v-1", **fields: Any) -> Voucher:
    """A right that was issued and not used yet."""
    defaults: dict[str, Any] = {
        "customer_id": "c-1",
        "title": {"de": "10 € Gutschein"},
        "benefit": Benefit(BenefitKind.AMOUNT, 1000),
    }
    return Voucher(id=id_, **{**defaults, **fields})


def judged(
    person: Customer | None = None,
    offers: Sequence[Offer] = (),
    vouchers: Sequence[Voucher] = (),
    *,
    owned: Collection[str] = (),
    at: datetime = NOW,
    zone: ZoneInfo = BERLIN,
    language: str = "de",
) -> tuple[OfferDecision, ...]:
    """`choose` with a Saturday morning in Berlin around it."""
    return choose(
        person or customer(),
        offers,
        vouchers,
        owned_skus=owned,
        at=at,
        zone=zone,
        language=language,
    )


def outcome(decisions: Sequence[OfferDecision]) -> tuple[Verdict, OfferReason]:
    """Verdict and reason of the only decision."""
    (decision,) = decisions
    return decision.verdict, decision.reason


def ids(decisions: Sequence[OfferDecision], verdict: Verdict = Verdict.SHOWN) -> list[str]:
    """The offers with this verdict, in order."""
    return [decision.offer_id for decision in decisions if decision.verdict is verdict]
