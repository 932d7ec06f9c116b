"""The overlay: what was said in this shop acts at once and outlives every snapshot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.domain import consent_cases
from unit.domain.consent_cases import NOON, ROWS, SEARCH, Decide, decision

from store_agent.domain.consent import ConsentDecision, is_granted
from store_agent.domain.customer import Customer, PersonState
from store_agent.domain.overlay import overlay

MIRA = Customer("c-1", "Mira Musterfrau", NOON)
Consents = tuple[ConsentDecision, ...]
Merge = Callable[[Consents, Sequence[ConsentDecision]], Consents]


def through(merge: Merge) -> Decide:
    """Judge consent the way every reader does: from the overlaid document alone."""
    return lambda purpose, feed, local: is_granted(purpose, merge(tuple(feed), local))


def overlaid(feed: Consents, local: Sequence[ConsentDecision]) -> Consents:
    return overlay(replace(MIRA, consents=feed), local, {}).consents


def check(merge: Merge) -> None:
    """Raise AssertionError if the merged document would be read differently from its sources."""
    consent_cases.check(through(merge))
    says_the_same_as_both_sources(merge)


def test_every_rule_of_consent_holds_through_the_overlay() -> None:
    check(overlaid)


@pytest.mark.parametrize(
    "known_bad",
    [
        pytest.param(lambda feed, local: feed, id="a snapshot erases it"),
        pytest.param(lambda feed, local: (*feed, *local), id="one more row"),
        pytest.param(lambda feed, local: (*feed, *local[-1:]), id="only the last is added"),
        pytest.param(lambda feed, local: feed or tuple(local), id="the feed wins"),
        pytest.param(lambda feed, local: tuple(local) or feed, id="other purposes forgotten"),
    ],
)
def test_the_rules_catch_a_wrong_overlay(known_bad: Merge) -> None:
    with pytest.raises(AssertionError):
        check(known_bad)


def says_the_same_as_both_sources(merge: Merge) -> None:
    @SEARCH
    @given(ROWS, ROWS, st.sampled_from(consent_cases.PURPOSES))
    def search(feed: list[ConsentDecision], local: list[ConsentDecision], purpose: str) -> None:
        merged = merge(tuple(feed), local)
        assert is_granted(purpose, merged) is is_granted(purpose, feed, local)
        assert is_granted(purpose, merged, local) is is_granted(purpose, feed, local)

    search()


@given(st.lists(st.tuples(st.booleans(), ROWS), min_size=1, max_size=6))
def test_a_withdrawal_stands_through_any_number_of_feed_updates(
    updates: list[tuple[bool, list[ConsentDecision]]],
) -> None:
    """A model of days offline: documents come in any state, the withdrawal stays undelivered."""
    customer, withdrawal = MIRA, decision("withdrawn")
    for is_snapshot, rows in updates:
        consents = tuple(rows) if is_snapshot else customer.consents + tuple(rows)
        customer = replace(customer, consents=consents)
        assert not is_granted("clienteling", overlay(customer, [withdrawal], {}).consents)


def test_a_confirmed_withdrawal_leaves_the_word_to_the_feed() -> None:
    customer = replace(MIRA, consents=(decision("withdrawn", 0), decision("granted", 5)))
    assert is_granted("clienteling", overlay(customer, [], {}).consents)


def test_without_local_changes_the_document_is_handed_on_as_it_is() -> None:
    assert overlay(MIRA, [], {}) is MIRA


STATES = st.lists(st.sampled_from(PersonState), unique=True).map(tuple)


@given(STATES, st.dictionaries(st.sampled_from(PersonState), st.booleans()))
def test_a_local_state_counts_until_confirmed_and_the_rest_stays(
    cached: tuple[PersonState, ...], pending: dict[PersonState, bool]
) -> None:
    states = overlay(replace(MIRA, states=cached), [], pending).states
    assert len(states) == len(set(states))
    for state in PersonState:
        assert (state in states) is pending.get(state, state in cached)
