"""What the states of a person and their consent leave to be said; what is never said at all."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
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

from store_agent.domain.consent import ConsentDecision, ConsentState
from store_agent.domain.customer import (
    Affinity,
    Customer,
    Fact,
    OpenOrder,
    Origin,
    PersonState,
    Tier,
)
from store_agent.domain.greeting import OfferDecision, Relationship

RETURN = OpenOrder("order-2", "return", "Hose, marine", place="Kasse")
EVERYTHING: dict[str, Any] = {
    "open_orders": (pickup(), RETURN),
    "birthday": date(1990, 11, 21),
    "tier": Tier("Gold", "Platin", 1800, 0.95),
}


@pytest.mark.parametrize(
    "state", [PersonState.DO_NOT_APPROACH, PersonState.DECEASED, PersonState.NOT_THIS_PERSON]
)
def test_nothing_is_said_to_somebody_who_must_not_be_addressed(state: PersonState) -> None:
    assert said(mira(states=(state,), **EVERYTHING), right(), shown()) is None


@pytest.mark.parametrize(
    "consents",
    [(), (ConsentDecision("clienteling", ConsentState.WITHDRAWN, NOW),)],
)
def test_nothing_is_said_without_consent_to_be_addressed(
    consents: tuple[ConsentDecision, ...],
) -> None:
    assert said(mira(consents=consents, **EVERYTHING), right()) is None


def test_beside_a_gift_no_title_is_named() -> None:
    answer = said(mira(states=(PersonState.GIFT,), **EVERYTHING))
    assert text_of(answer).endswith("– es liegt etwas für Sie bereit. Soll ich es gleich holen?")
    assert "Wollmantel" not in text_of(answer) + why_of(answer)


def test_beside_a_gift_a_return_and_a_purchase_are_not_mentioned() -> None:
    gift = (PersonState.GIFT,)
    assert said(mira(states=gift, open_orders=(RETURN,))) is None
    bought_long_ago = mira(states=gift, last_visit_at=None, last_purchase_at=NOW - ABSENT)
    assert why_of(said(bought_long_ago)) == "Lange nicht hier gewesen"


UNDER_16 = (PersonState.UNDER_16,)


def test_nothing_is_sold_to_somebody_under_16() -> None:
    tier = Tier("Gold", "Platin", 1800, 0.95)
    person = mira(states=UNDER_16, tier=tier, birthday=date(2012, 11, 24))
    assert said(person, right(), shown()) is None


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (
            {"open_orders": (pickup(),)},
            "Schön, dich zu sehen, Mira – deine Bestellung liegt bereit: Wollmantel. "
            "Soll ich sie gleich holen?",
        ),
        (
            {"birthday": date(2012, 11, 21)},
            "Schön, dich zu sehen, Mira – herzlichen Glückwunsch zum Geburtstag!",
        ),
        (
            {"last_visit_at": NOW - ABSENT},
            "Schön, dass du wieder bei uns bist, Mira – wenn du etwas suchst, helfe ich dir gern.",
        ),
        (
            {"last_visit_at": None, "purchase_count": 0},
            "Herzlich willkommen, Mira – wenn du magst, zeige ich dir kurz, wo du alles findest.",
        ),
    ],
)
def test_somebody_under_16_is_served_and_called_by_the_first_name(
    fields: dict[str, Any], text: str
) -> None:
    assert text_of(said(mira(states=UNDER_16, **fields), right(), shown())) == text


def test_a_colleague_is_served_but_not_courted() -> None:
    colleague = (PersonState.COLLEAGUE,)
    answer = said(mira(states=colleague, open_orders=(RETURN,)), right(), shown())
    assert why_of(answer) == "Rückgabe angemeldet, Kasse"
    fields = EVERYTHING | {"open_orders": (), "last_visit_at": NOW - ABSENT}
    assert said(mira(states=colleague, **fields), right(), shown()) is None


SECRETS = {"points": 98765, "member_number": "M-98765", "phone": "+49 30 23125098"}
CUSTOMERS = st.builds(
    mira,
    states=st.sets(st.sampled_from(PersonState), max_size=2).map(tuple),
    language=st.sampled_from(["de", "en", "fr"]),
    open_orders=st.sets(st.sampled_from([pickup(), RETURN])).map(tuple),
    birthday=st.none() | st.dates(date(1990, 11, 10), date(1990, 12, 1)),
    last_visit_at=st.none() | st.integers(0, 90).map(lambda days: NOW - timedelta(days=days)),
    last_purchase_at=st.none() | st.just(NOW - 80 * DAY),
    tier=st.sampled_from([None, Tier("Gold", "Platin", 98765, 0.95)]),
    affinities=st.just((Affinity("Wäsche", 0.98765),)),
    segments=st.just(("churn-98765",)),
    facts=st.just((Fact("size.body", "98765", Origin.INFERRED, NOW),)),
    **{field: st.just(value) for field, value in SECRETS.items()},
)
DECISIONS = st.lists(
    st.sampled_from([right(), right(valid_until=NOW + 3 * DAY), shown()]), max_size=3
)


@settings(max_examples=60)
@given(CUSTOMERS, DECISIONS, st.sampled_from(Relationship), st.sampled_from(["de", "en", ""]))
def test_no_amount_score_or_guess_is_ever_said(
    person: Customer, decisions: list[OfferDecision], tone: Relationship, language: str
) -> None:
    """Whoever comes, with whatever: the words are complete and give nothing away."""
    answer = said(person, *decisions, tone=tone, language=language)
    if answer is None:
        return
    assert not any(mark in answer.text + answer.why for mark in "{}")
    for secret in ("98765", "987,65", "Wäsche", "churn", "2312"):
        assert secret not in answer.text
    if PersonState.GIFT in person.states:
        assert "Wollmantel" not in answer.text + answer.why
        assert "Hose" not in answer.text + answer.why
