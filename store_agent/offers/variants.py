"""A/B variants: which arm of an offer somebody gets, stable without any state. Pure."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import replace

from store_agent.domain.offer import Offer, Variant
from store_agent.offers.control import HASH_RANGE, position


def variant_of(offer: Offer, customer_id: str, assignments: AbstractSet[str]) -> Variant | None:
    """The arm for this person, or None for the offer as it stands.

    The hash places everybody in 0..1: below `control_share` is control, above it the variants
    follow each other by their share of the rest. The platform's own assignment wins.
    """
    for variant in offer.variants:
        if f"{offer.id}:{variant.id}" in assignments:
            return variant
    end = offer.control_share * HASH_RANGE
    rest = HASH_RANGE - end
    place = position(offer.control_salt, customer_id)
    for variant in offer.variants:
        end += variant.share * rest
        if place < end:
            return variant
    return None


def as_variant(offer: Offer, variant: Variant | None) -> Offer:
    """The offer with what the variant changes."""
    if variant is None:
        return offer
    return replace(
        offer,
        benefit=variant.benefit or offer.benefit,
        title=variant.title or offer.title,
        detail=variant.detail or offer.detail,
    )
