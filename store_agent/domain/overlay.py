"""Local changes over the cached document: what this shop was told counts until the feed has it.

The cache can be replaced by a snapshot at any time; a withdrawal or a person state recorded here
must still act. So every read of a customer passes through `overlay`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from store_agent.domain.consent import ConsentDecision, deciding
from store_agent.domain.customer import Customer, PersonState
from store_agent.domain.preference import Preference, facts_with


def overlay(
    customer: Customer,
    undelivered_consents: Sequence[ConsentDecision],
    pending_states: Mapping[PersonState, bool],
    told: Sequence[Preference] = (),
) -> Customer:
    """`customer` with the changes made in this shop that the feed has not confirmed yet.

    `undelivered_consents` stand in the order they were made. For each purpose they touch, only
    the one deciding answer remains, so that no reader can weigh them against the feed again.
    `pending_states` maps a state to whether it was set (True) or taken back (False) here;
    `told` are answers of the customer in the order they were given.
    """
    if not undelivered_consents and not pending_states and not told:
        return customer
    return replace(
        customer,
        consents=_consents(customer, undelivered_consents),
        states=_states(customer, pending_states),
        facts=facts_with(customer.facts, told),
    )


def _consents(
    customer: Customer, undelivered: Sequence[ConsentDecision]
) -> tuple[ConsentDecision, ...]:
    touched = dict.fromkeys(decision.purpose for decision in undelivered)
    untouched = tuple(d for d in customer.consents if d.purpose not in touched)
    decided = (deciding(purpose, customer.consents, undelivered) for purpose in touched)
    return untouched + tuple(d for d in decided if d is not None)


def _states(customer: Customer, pending: Mapping[PersonState, bool]) -> tuple[PersonState, ...]:
    kept = tuple(state for state in customer.states if pending.get(state, True))
    added = (s for s in PersonState if pending.get(s, False) and s not in customer.states)
    return kept + tuple(added)
