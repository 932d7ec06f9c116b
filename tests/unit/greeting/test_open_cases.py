"""What the shop still owes comes first, and to whom something is owed, nothing is sold."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.greeting.greeting_builders import (
    ABSENT,
    DAY,
    NOW,
    mira,
    pickup,
    right,
    said,
    shown,
    text_of,
    why_of,
)

from store_agent.domain.customer import CaseKind, PersonState, ServiceCase, Tier

COMPLAINT = ServiceCase("case-1", CaseKind.COMPLAINT, "Naht am Wollmantel", NOW - 3 * DAY)


@pytest.mark.parametrize(
    ("kind", "text", "why"),
    [
        (CaseKind.COMPLAINT, "Ihre Reklamation ist noch offen.", "Reklamation offen seit 3 Tagen"),
        (CaseKind.LATE_DELIVERY, "Ihre Lieferung kommt später", "Lieferung verspätet seit 3 Tagen"),
        (CaseKind.REPAIR, "zu Ihrer Reparatur", "Reparatur offen seit 3 Tagen"),
        (CaseKind.QUESTION, "auf Ihre Frage", "Frage unbeantwortet seit 3 Tagen"),
    ],
)
def test_an_open_case_comes_before_everything_else(kind: CaseKind, text: str, why: str) -> None:
    person = mira(cases=(replace(COMPLAINT, kind=kind),), open_orders=(pickup(),))
    answer = said(person, right(), shown())
    assert text in text_of(answer)
    assert why_of(answer) == why
    assert "Wollmantel" not in text_of(answer) + why_of(answer)


def test_the_weightiest_case_is_said_and_of_two_the_older_one() -> None:
    older = replace(COMPLAINT, id="case-2", since=NOW - 5 * DAY)
    question = replace(COMPLAINT, id="case-3", kind=CaseKind.QUESTION, since=NOW - 30 * DAY)
    assert (
        why_of(said(mira(cases=(question, COMPLAINT, older)))) == "Reklamation offen seit 5 Tagen"
    )


def test_a_closed_case_says_nothing() -> None:
    closed = replace(COMPLAINT, is_open=False)
    assert why_of(said(mira(cases=(closed,)), right())) == "Gutschein läuft heute ab"


def test_a_case_of_a_clock_that_is_ahead_is_one_of_today() -> None:
    ahead = replace(COMPLAINT, since=NOW + 2 * DAY)
    assert why_of(said(mira(cases=(ahead,)))) == "Reklamation offen seit heute"


@given(
    st.sampled_from(CaseKind),
    st.sets(st.sampled_from(PersonState), max_size=2),
    st.booleans(),
)
def test_nothing_is_ever_sold_while_a_case_is_open(
    kind: CaseKind, states: set[PersonState], long_gone: bool
) -> None:
    person = mira(
        cases=(replace(COMPLAINT, kind=kind),),
        states=tuple(states),
        birthday=date(1990, 11, 24),
        tier=Tier("Gold", "Platin", 1800, 0.95),
        last_visit_at=NOW - ABSENT if long_gone else NOW - DAY,
    )
    answer = said(person, right(), shown())
    if answer is not None:
        for sold in ("20 %", "Gutschein", "Platin", "einiges neu", "Geburtstag"):
            assert sold not in answer.text + answer.why


def test_beside_a_gift_a_case_is_not_mentioned_and_still_nothing_is_sold() -> None:
    assert said(mira(cases=(COMPLAINT,), states=(PersonState.GIFT,)), right(), shown()) is None
