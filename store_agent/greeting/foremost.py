"""Which need comes first, and what the states of a person leave of it.

The order is the order of needs: what the shop owes the customer, what they came for, what they
would lose, what is theirs, and only then what is for sale. Who is owed something is sold nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from store_agent.domain.customer import Customer, PersonState
from store_agent.greeting.needs import (
    best_offer,
    birthday_ahead,
    birthday_kept,
    first_meeting,
    near_next_tier,
    open_case,
    pickup_ready,
    return_announced,
    voucher_expiring,
    welcome_back,
    welcome_back_quietly,
)
from store_agent.greeting.situation import Need, Situation

Finder = Callable[[Situation], Need | None]

ORDER: tuple[Finder, ...] = (
    open_case,
    pickup_ready,
    voucher_expiring,
    return_announced,
    birthday_kept,
    birthday_ahead,
    welcome_back,
    welcome_back_quietly,  # reached only where welcome_back was left out because it sells
    first_meeting,
    near_next_tier,
    best_offer,
)
SERVES = frozenset({open_case, pickup_ready, return_announced})
SELLS = frozenset({voucher_expiring, birthday_ahead, welcome_back, near_next_tier, best_offer})
REVEALS_A_PURCHASE = frozenset({open_case, return_announced})
SILENT = frozenset({PersonState.DO_NOT_APPROACH, PersonState.DECEASED, PersonState.NOT_THIS_PERSON})


def _finders(customer: Customer) -> tuple[Finder, ...]:
    """The finders that the states of the person, and what they wait for, leave."""
    states = customer.states
    if not SILENT.isdisjoint(states):
        return ()
    finders = ORDER
    if PersonState.COLLEAGUE in states:  # a colleague is served, not courted
        finders = tuple(find for find in finders if find in SERVES)
    if PersonState.UNDER_16 in states or any(case.is_open for case in customer.cases):
        finders = tuple(find for find in finders if find not in SELLS)
    if PersonState.GIFT in states:
        finders = tuple(find for find in finders if find not in REVEALS_A_PURCHASE)
    return finders


def foremost(situation: Situation) -> Need | None:
    """The one need that counts now, or None when everything would be weak or rests."""
    found = (find(situation) for find in _finders(situation.customer))
    needs = (need for need in found if need is not None)
    return next((need for need in needs if need.topic not in situation.quiet), None)
