"""Who an offer is for: consent, states of the person, segment, tier, lifecycle, birthday, owned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from store_agent.domain.birthday import days_to_birthday
from store_agent.domain.consent import CLIENTELING, is_granted
from store_agent.domain.customer import Customer, PersonState
from store_agent.domain.greeting import OfferReason
from store_agent.domain.offer import Audience, BuyerStatus, Offer

# Nobody with one of these is sold anything new. Vouchers are not touched: they are rights.
# COLLEAGUE: staff purchases do not count, so an exposure would spoil the measurement.
# NOT_THIS_PERSON: the profile is somebody else's, so nothing in it fits who stands here.
NO_NEW_OFFERS = frozenset(
    {
        PersonState.UNDER_16,
        PersonState.COLLEAGUE,
        PersonState.DECEASED,
        PersonState.DO_NOT_APPROACH,
        PersonState.NOT_THIS_PERSON,
    }
)


@dataclass(frozen=True, slots=True)
class Shopper:
    """What the judgement of every offer needs to know about one person, worked out once."""

    customer: Customer
    today: date
    refusal: OfferReason | None  # holds for every new offer
    owned_skus: frozenset[str]
    assignments: frozenset[str]
    segments: frozenset[str]
    wished_skus: frozenset[str]
    interests: Mapping[str, float]  # category -> share of purchases, 0..1
    buys_a_gift: bool


def shopper_of(customer: Customer, owned_skus: Iterable[str], today: date) -> Shopper:
    """Prepare `customer` for being judged on the shop's day `today`."""
    gift = PersonState.GIFT in customer.states  # own wishes say nothing about who will receive it
    return Shopper(
        customer,
        today,
        _refusal(customer),
        frozenset(owned_skus),
        frozenset(customer.assignments),
        frozenset(customer.segments),
        frozenset() if gift else frozenset(customer.wish_list),
        {} if gift else {a.category: a.share for a in customer.affinities},
        gift,
    )


def not_for(shopper: Shopper, offer: Offer) -> OfferReason | None:
    """Why `offer` is not for this person, or None. Nothing of a profile is read before consent."""
    return shopper.refusal or outside_audience(shopper, offer.audience) or _owned(shopper, offer)


def _refusal(customer: Customer) -> OfferReason | None:
    if not is_granted(CLIENTELING, customer.consents):
        return OfferReason.NO_CONSENT
    return OfferReason.PERSON_STATE if NO_NEW_OFFERS.intersection(customer.states) else None


EVERYBODY = Audience()


def outside_audience(shopper: Shopper, audience: Audience) -> OfferReason | None:
    """The first question of the audience that says no."""
    if audience == EVERYBODY:
        return None
    if shopper.customer.stub and replace(audience, consent=None) != EVERYBODY:
        return OfferReason.PROFILE_ELSEWHERE
    return _no_member(shopper, audience) or _wrong_history(shopper, audience)


def _no_member(shopper: Shopper, audience: Audience) -> OfferReason | None:
    customer = shopper.customer
    if audience.consent is not None and not is_granted(audience.consent, customer.consents):
        return OfferReason.NO_CONSENT
    if audience.segments and shopper.segments.isdisjoint(audience.segments):
        return OfferReason.NOT_IN_SEGMENT
    if audience.tiers and (customer.tier is None or customer.tier.name not in audience.tiers):
        return OfferReason.NOT_IN_TIER
    if audience.lifecycles and customer.lifecycle not in audience.lifecycles:
        return OfferReason.NOT_IN_LIFECYCLE
    return None


def _wrong_history(shopper: Shopper, audience: Audience) -> OfferReason | None:
    customer = shopper.customer
    if audience.rfm_bands and customer.rfm_band not in audience.rfm_bands:
        return OfferReason.NOT_IN_RFM_BAND
    if audience.buyers and buyer_status(customer) not in audience.buyers:
        return OfferReason.NOT_THIS_BUYER
    wants_first = audience.first_visit
    if wants_first is not None and wants_first is not (customer.last_visit_at is None):
        return OfferReason.NOT_FIRST_VISIT
    within_days = audience.birthday_within_days
    if within_days is not None and not _has_birthday(shopper, within_days):
        return OfferReason.NO_BIRTHDAY
    return None


def buyer_status(customer: Customer) -> BuyerStatus:
    """How often they have bought."""
    if customer.purchase_count <= 0:
        return BuyerStatus.NONE
    return BuyerStatus.ONCE if customer.purchase_count == 1 else BuyerStatus.REPEAT


def _has_birthday(shopper: Shopper, within_days: int) -> bool:
    """The window lies on both sides: who comes two days late has not lost the present."""
    birthday = shopper.customer.birthday
    return birthday is not None and abs(days_to_birthday(birthday, shopper.today)) <= within_days


def _owned(shopper: Shopper, offer: Offer) -> OfferReason | None:
    if offer.skus and shopper.customer.stub:  # nobody here knows what they own
        return OfferReason.PROFILE_ELSEWHERE
    if not offer.skus or not shopper.owned_skus.issuperset(offer.skus):
        return None
    # Beside somebody who buys a gift, not even the refusal may tell what was bought before.
    return OfferReason.PERSON_STATE if shopper.buys_a_gift else OfferReason.ALREADY_OWNED
