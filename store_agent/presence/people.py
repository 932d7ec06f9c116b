"""What presence may do with a person: notice, name, or neither. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from store_agent.domain.consent import LOCATION, is_granted
from store_agent.domain.customer import Customer, PersonState
from store_agent.domain.greeting import Visit
from store_agent.domain.naming import counts_as_visitor, why_unnamed

# Whose phone is not followed whatever a form says: a child cannot agree to it alone, the dead
# cannot, and colleagues are not customers.
NEVER_NOTICED = frozenset({PersonState.UNDER_16, PersonState.DECEASED, PersonState.COLLEAGUE})


@dataclass(frozen=True, slots=True)
class Standing:
    """What one subject of a fix or sighting agreed to; `customer_id` is "" for an unknown one.

    `noticed`: presence may keep where they are. `named`: staff may see who it is.
    """

    customer_id: str
    noticed: bool = False
    named: bool = False


UNKNOWN = Standing("")


def standing(customer: Customer | None) -> Standing:
    """The standing of a customer after the overlay of local changes."""
    if customer is None:
        return UNKNOWN
    noticed = is_granted(LOCATION, customer.consents) and NEVER_NOTICED.isdisjoint(customer.states)
    named = why_unnamed(customer) is None and counts_as_visitor(customer)
    return Standing(customer.id, noticed=noticed, named=noticed and named)


def showable(visit: Visit, customer: Customer) -> Visit | None:
    """What of an open visit may be shown now: a withdrawal counts before a sweep has wiped it."""
    if visit.other_person or why_unnamed(customer) is not None or not counts_as_visitor(customer):
        return None
    if standing(customer).noticed:
        return visit
    return replace(visit, zone=None) if visit.lane else None
