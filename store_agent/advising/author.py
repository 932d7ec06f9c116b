"""Who does it, and for whom it may be done."""

from __future__ import annotations

from dataclasses import dataclass

from store_agent import briefing
from store_agent.domain.customer import Customer
from store_agent.domain.errors import NotFound
from store_agent.domain.naming import why_unnamed
from store_agent.storage import View, customers


@dataclass(frozen=True, slots=True)
class Author:
    """A member of staff; the name is kept beside the id for shops that do not know them."""

    staff_id: str
    name: str


def nameable(view: View, customer_id: str) -> Customer:
    """The customer, if they may be named here. Raises NotFound."""
    person = briefing.customer(view, customer_id)
    if person is None or why_unnamed(person) is not None:
        raise NotFound("nobody who may be named here", field="customer_id")
    return person


def ids_of(view: View, person: Customer) -> tuple[str, ...]:
    """All ids under which something may be kept about this person."""
    return (person.id, *customers.merged_into(view.cache, person.id))
