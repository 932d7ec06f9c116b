"""How often an offer may be redeemed: asked by the rules, and again by the ledger. Pure."""

from __future__ import annotations

from store_agent.domain.greeting import OfferReason
from store_agent.domain.offer import Caps
from store_agent.domain.rights import Used


def over_cap(caps: Caps, used: Used) -> OfferReason | None:
    """LIMIT_PERSON or LIMIT_STORE when one more would be too many."""
    if _reached(used.person, caps.per_person) or _reached(used.person_day, caps.per_person_day):
        return OfferReason.LIMIT_PERSON
    if _reached(used.store, caps.per_store) or _reached(used.store_day, caps.per_store_day):
        return OfferReason.LIMIT_STORE
    return None


def _reached(used: int, cap: int | None) -> bool:
    return cap is not None and used >= cap
