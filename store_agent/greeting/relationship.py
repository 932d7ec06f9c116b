"""The tone of the first sentence: first meeting, regular, or back after a long absence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from store_agent.domain.customer import Customer, Lifecycle
from store_agent.domain.greeting import Relationship
from store_agent.domain.local_time import instant

# Without learned data: two months is longer than the usual rhythm of a fashion or beauty customer
# (four to eight visits a year), so nobody who simply comes every few weeks is "welcomed back".
LONG_ABSENCE_DAYS = 60

GONE = frozenset({Lifecycle.LAPSING, Lifecycle.LAPSED})


def relationship(
    customer: Customer, at: datetime, *, long_absence_days: int = LONG_ABSENCE_DAYS
) -> Relationship:
    """How well the shop and `customer` know each other at `at`, before this visit counts.

    `long_absence_days` is the threshold learned for this shop, once there is one. A contact with
    the brand in any channel ends an absence, so nobody who ordered yesterday is "long gone".
    """
    contact = last_contact(customer)
    if contact is not None:
        is_long = at - contact.at >= timedelta(days=long_absence_days)
        return Relationship.LONG_ABSENCE if is_long else Relationship.REGULAR
    if customer.lifecycle in GONE:
        return Relationship.LONG_ABSENCE
    if customer.stub:  # of whom nothing is known here, nothing is claimed
        return Relationship.REGULAR
    is_new = customer.purchase_count == 0 and customer.lifecycle is Lifecycle.LEAD
    return Relationship.FIRST_MEETING if is_new else Relationship.REGULAR


@dataclass(frozen=True, slots=True)
class Contact:
    """When the customer last had to do with the brand, and whether it was here in person."""

    at: datetime
    was_visit: bool


def last_contact(customer: Customer) -> Contact | None:
    """The last visit or purchase, whichever is later; None if there never was one."""
    moments = ((customer.last_visit_at, True), (customer.last_purchase_at, False))
    known = [Contact(instant(at, UTC), was_visit) for at, was_visit in moments if at is not None]
    return max(known, key=lambda contact: (contact.at, contact.was_visit), default=None)
