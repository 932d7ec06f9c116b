"""May this person be named on a screen? Decided here for every door."""

from __future__ import annotations

from store_agent.domain.consent import CLIENTELING, is_granted
from store_agent.domain.customer import Customer, PersonState
from store_agent.domain.scan import ScanReason


def why_unnamed(customer: Customer) -> ScanReason | None:
    """None when the customer may be greeted by name, else the reason (after the overlay)."""
    if PersonState.DECEASED in customer.states:
        return ScanReason.NOT_ADDRESSABLE
    if PersonState.NOT_THIS_PERSON in customer.states:
        return ScanReason.NOT_THIS_PERSON
    if not is_granted(CLIENTELING, customer.consents):
        return ScanReason.NO_CONSENT
    return None


def counts_as_visitor(customer: Customer) -> bool:
    """Colleagues are served like everybody but are no visits and no exposures."""
    return PersonState.COLLEAGUE not in customer.states
