"""How somebody is addressed: form and name, as they want it."""

from __future__ import annotations

from store_agent.domain.customer import AddressForm, Customer, PersonState

# Values some platforms write into the salutation field that nobody says before a name.
UNSPOKEN_SALUTATIONS = frozenset(
    {"", "divers", "diverse", "keine", "keine angabe", "neutral", "none", "other", "unknown"}
)


def is_formal(customer: Customer) -> bool:
    """Whether to say "Sie": as the customer wants it, but never to somebody under 16."""
    is_young = PersonState.UNDER_16 in customer.states
    return customer.address_form is AddressForm.FORMAL and not is_young


def spoken_name(customer: Customer) -> str:
    """ "Frau Musterfrau" or "Mira"; the full name if no salutation fits; "" if none is known."""
    if not is_formal(customer):
        return customer.first_name or customer.display_name
    is_spoken = customer.salutation.strip().lower() not in UNSPOKEN_SALUTATIONS
    if is_spoken and customer.last_name:
        return f"{customer.salutation.strip()} {customer.last_name}"
    if customer.first_name and customer.last_name:
        return f"{customer.first_name} {customer.last_name}"
    return customer.display_name
