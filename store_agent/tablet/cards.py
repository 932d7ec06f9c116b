"""From the shop's words to the tablet's: domain values in, `kiosk_ui.model` values out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kiosk_ui import model
from store_agent.domain.catalog import Purchase
from store_agent.domain.consent import is_granted
from store_agent.domain.customer import Customer, PersonState
from store_agent.domain.greeting import Briefing, OfferDecision, Verdict, Visit
from store_agent.domain.money import value_of_points
from store_agent.domain.offer import Benefit, BenefitKind

# The quiet marks, strongest first: one is enough on a row.
MARKS = (
    (PersonState.DO_NOT_APPROACH, model.PersonMark.DO_NOT_APPROACH),
    (PersonState.UNDER_16, model.PersonMark.UNDER_16),
    (PersonState.GIFT, model.PersonMark.GIFT),
    (PersonState.COLLEAGUE, model.PersonMark.COLLEAGUE),
)


def mark_of(customer: Customer) -> model.PersonMark:
    """The one mark to show beside a name."""
    return next((mark for state, mark in MARKS if state in customer.states), model.PersonMark.NONE)


@dataclass(frozen=True, slots=True)
class ShopWords:
    """What a card needs of the shop: names of zones and staff, the claim's length, the time."""

    zones: Mapping[str, str]
    staff: Mapping[str, str]
    claim_length: timedelta
    now: datetime


def confidence_now(visit: Visit, now: datetime) -> model.Confidence:
    """How sure it is that they are still here, in the tablet's words."""
    return model.Confidence(visit.confidence_at(now))


def claim_of(visit: Visit, shop: ShopWords) -> model.Claim | None:
    """Who is with this customer, unless the claim has let go by itself."""
    until = visit.claimed_until(shop.now, shop.claim_length)
    if until is None or visit.claimed_by is None or visit.claimed_at is None:
        return None
    name = shop.staff.get(visit.claimed_by, visit.claimed_by)
    return model.Claim(visit.claimed_by, name, visit.claimed_at, until)


def floor_row(visit: Visit, brief: Briefing, shop: ShopWords) -> model.FloorRow:
    """One line of the floor: who, since when, where, and why now."""
    sentence = None if visit.said else brief.find_sentence()
    return model.FloorRow(
        visit_id=visit.id,
        customer_id=brief.customer.id,
        name=brief.customer.display_name,
        since=visit.started_at,
        lane=visit.lane,
        reason=sentence.why if sentence else "",
        needs_someone=sentence is not None and sentence.urgent,
        mark=mark_of(brief.customer),
        tier=brief.customer.tier.name if brief.customer.tier else "",
        zone_id=visit.zone or "",
        zone=shop.zones.get(visit.zone or "", ""),
        seen_at=visit.last_seen_at,
        evidence=model.Evidence(visit.evidence),
        confidence=confidence_now(visit, shop.now),
        claim=claim_of(visit, shop),
    )


def search_hit(customer: Customer, visit: Visit | None) -> model.SearchHit:
    """One hit; the last digits of the phone number tell namesakes apart."""
    hint = f"…{customer.phone[-4:]}" if customer.phone else customer.member_number
    return model.SearchHit(
        customer_id=customer.id,
        name=customer.display_name,
        hint=hint,
        tier=customer.tier.name if customer.tier else "",
        in_shop_since=visit.started_at if visit else None,
        is_elsewhere=customer.stub,
    )


def customer_page(
    brief: Briefing,
    visit: Visit | None,
    purchases: Iterable[Purchase],
    currency: str,
    shop: ShopWords,
) -> model.CustomerPage:
    """The card in the counter view: no turnover, no scores."""
    customer = brief.customer
    hide_purchases = PersonState.GIFT in customer.states
    sentence = brief.find_sentence()
    page = model.CustomerPage(
        customer_id=customer.id,
        name=customer.display_name,
        as_of=customer.as_of,
        address_form=model.AddressForm(customer.address_form),
        language=customer.language,
        mark=mark_of(customer),
        tier=_tier(customer, currency),
        points=None if customer.stub else _points(customer, currency),
        sentence=model.Sentence(sentence.text, sentence.why, sentence.topic) if sentence else None,
        offers=tuple(_offer(o, currency) for o in brief.offers if o.verdict is Verdict.SHOWN),
        last_visit_at=customer.last_visit_at,
        facts=tuple(
            model.Fact(f.label, f.value, model.Origin(f.origin), f.as_of) for f in customer.facts
        ),
        open_orders=()
        if hide_purchases
        else tuple(
            model.OpenOrder(o.id, model.OrderKind(o.kind), o.title, o.ready_since, o.place or "")
            for o in customer.open_orders
        ),
        purchases=() if hide_purchases else tuple(_rows(purchases)),
        purchase_count=customer.purchase_count,
        affinities=()
        if hide_purchases
        else tuple(model.Affinity(a.category, a.share) for a in customer.affinities),
        consents=_consents(customer),
        profile=model.Profile.ELSEWHERE if customer.stub else model.Profile.WHOLE,
    )
    return page if visit is None else _here(page, visit, shop)


def _here(page: model.CustomerPage, visit: Visit, shop: ShopWords) -> model.CustomerPage:
    """The card of somebody in the shop: where, and what told so."""
    return replace(
        page,
        visit_id=visit.id,
        in_shop_since=visit.started_at,
        lane=visit.lane,
        opened_by=model.OpenedBy.SCAN if visit.lane else model.OpenedBy.CHECK_IN,
        said=visit.said,
        zone=shop.zones.get(visit.zone or "", ""),
        seen_at=visit.last_seen_at,
        evidence=model.Evidence(visit.evidence),
        confidence=confidence_now(visit, shop.now),
        claim=claim_of(visit, shop),
    )


def _points(customer: Customer, currency: str) -> model.Points:
    worth = model.Money(value_of_points(customer.points).amount_minor, currency)
    return model.Points(customer.points, worth, customer.points_as_of)


def _tier(customer: Customer, currency: str) -> model.TierProgress | None:
    tier = customer.tier
    if tier is None:
        return None
    missing = None
    if tier.missing_minor is not None:
        missing = model.Money(tier.missing_minor, currency)
    return model.TierProgress(tier.name, tier.next_name or "", missing, tier.progress)


def _offer(decision: OfferDecision, currency: str) -> model.OfferCard:
    return model.OfferCard(
        id=decision.voucher_id or decision.offer_id,
        title=decision.title,
        detail=decision.detail,
        is_voucher=decision.voucher_id is not None,
        worth=_worth(decision.benefit, currency),
        valid_until=decision.valid_until,
        reason=str(decision.reason),
    )


def _worth(benefit: Benefit | None, currency: str) -> model.Money | None:
    if benefit is None or benefit.kind is not BenefitKind.AMOUNT:
        return None
    return model.Money(benefit.value, currency)


def _rows(purchases: Iterable[Purchase]) -> Iterable[model.PurchaseRow]:
    for purchase in purchases:
        if purchase.gift:
            continue  # a present stays a surprise, also on a screen somebody else can see
        for line in purchase.lines:
            yield model.PurchaseRow(
                title=line.title,
                at=purchase.at,
                channel=model.Channel(purchase.channel),
                place=purchase.place,
                amount=model.Money(line.amount_minor, purchase.currency),
                category=line.category,
                size=line.size,
                returned=line.quantity < 0,
                sku=line.sku,
            )


def _consents(customer: Customer) -> tuple[model.Consent, ...]:
    latest = {}
    for decision in sorted(customer.consents, key=lambda d: d.decided_at):
        latest[decision.purpose] = decision.decided_at
    return tuple(
        model.Consent(purpose, is_granted(purpose, customer.consents), decided_at)
        for purpose, decided_at in sorted(latest.items())
    )
