"""Who an offer is for: each reason of a refusal, and what the states of a person do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.offers.offer_builders import (
    NOW,
    customer,
    granted,
    judged,
    offer,
    outcome,
    voucher,
)

from store_agent.domain.consent import ConsentDecision, ConsentState
from store_agent.domain.customer import Lifecycle, PersonState, Tier
from store_agent.domain.greeting import OfferReason, Verdict
from store_agent.domain.offer import Audience

GOLD = Tier("Gold")


@pytest.mark.parametrize(
    ("audience", "fields", "reason"),
    [
        ({}, {}, None),
        ({"segments": ("vip", "press")}, {"segments": ("new", "press")}, None),
        ({"segments": ("vip",)}, {"segments": ("new",)}, OfferReason.NOT_IN_SEGMENT),
        ({"tiers": ("Gold", "Platin")}, {"tier": GOLD}, None),
        ({"tiers": ("Platin",)}, {"tier": GOLD}, OfferReason.NOT_IN_TIER),
        ({"tiers": ("Gold",)}, {}, OfferReason.NOT_IN_TIER),
        ({"lifecycles": (Lifecycle.LAPSED,)}, {"lifecycle": Lifecycle.LAPSED}, None),
        ({"lifecycles": (Lifecycle.LAPSED,)}, {}, OfferReason.NOT_IN_LIFECYCLE),
        ({"consent": "marketing.sms"}, {}, OfferReason.NO_CONSENT),
        ({"consent": "marketing.sms"}, {"consents": (granted("marketing.sms"),)}, "no name"),
        (
            {"consent": "marketing.sms"},
            {"consents": (granted(), granted("marketing.sms"))},
            None,
        ),
    ],
)
def test_an_audience_is_met_in_every_field_that_it_sets(
    audience: dict[str, Any], fields: dict[str, Any], reason: OfferReason | str | None
) -> None:
    expected = {"no name": OfferReason.NO_CONSENT, None: OfferReason.MATCHES}.get(reason, reason)
    decisions = judged(customer(**fields), [offer(audience=Audience(**audience))])
    assert outcome(decisions)[1] is expected


@pytest.mark.parametrize(
    ("birthday", "within_days", "is_shown"),
    [
        (date(1990, 11, 21), 0, True),
        (date(1990, 11, 24), 3, True),
        (date(1990, 11, 18), 3, True),
        (date(1990, 11, 25), 3, False),
        (date(1990, 11, 17), 3, False),
        (None, 365, False),
    ],
)
def test_a_birthday_offer_holds_on_both_sides_of_the_day(
    birthday: date | None, within_days: int, is_shown: bool
) -> None:
    rule = offer(audience=Audience(birthday_within_days=within_days))
    verdict, reason = outcome(judged(customer(birthday=birthday), [rule]))
    assert (verdict is Verdict.SHOWN) is is_shown
    assert is_shown or reason is OfferReason.NO_BIRTHDAY


@pytest.mark.parametrize(
    ("birthday", "at"),
    [
        (date(1990, 1, 2), datetime(2026, 12, 30, 12, 0, tzinfo=UTC)),
        (date(1990, 12, 30), datetime(2027, 1, 2, 12, 0, tzinfo=UTC)),
        (date(1992, 2, 29), datetime(2027, 3, 4, 12, 0, tzinfo=UTC)),
        (date(1992, 2, 29), datetime(2027, 2, 26, 12, 0, tzinfo=UTC)),
    ],
)
def test_a_birthday_window_crosses_the_year_and_knows_leap_days(
    birthday: date, at: datetime
) -> None:
    three_days = offer(audience=Audience(birthday_within_days=3))
    two_days = offer(audience=Audience(birthday_within_days=2))
    person = customer(birthday=birthday)
    assert outcome(judged(person, [three_days], at=at))[0] is Verdict.SHOWN
    assert outcome(judged(person, [two_days], at=at))[0] is Verdict.REFUSED


def test_the_birthday_is_that_of_the_shops_calendar() -> None:
    late_evening = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)  # already the 21st in Berlin
    rule = offer(audience=Audience(birthday_within_days=0))
    decisions = judged(customer(birthday=date(1990, 11, 21)), [rule], at=late_evening)
    assert outcome(decisions)[0] is Verdict.SHOWN


def test_a_stopped_offer_is_stopped_for_everybody() -> None:
    stopped = offer(stopped=True)
    assert outcome(judged(offers=[stopped])) == (Verdict.REFUSED, OfferReason.STOPPED)
    assert (
        outcome(judged(customer(assignments=("o-1:shown",)), [stopped]))[1] is OfferReason.STOPPED
    )


def test_what_is_owned_already_is_not_recommended() -> None:
    decisions = judged(offers=[offer(skus=("coat", "scarf"))], owned=["coat", "scarf", "hat"])
    assert outcome(decisions) == (Verdict.REFUSED, OfferReason.ALREADY_OWNED)


def test_a_set_that_is_owned_in_part_may_be_completed() -> None:
    decisions = judged(offers=[offer(skus=("coat", "scarf"))], owned=["coat"])
    assert outcome(decisions)[0] is Verdict.SHOWN


def test_an_offer_on_everything_cannot_be_owned() -> None:
    assert outcome(judged(offers=[offer(skus=())], owned=["coat"]))[0] is Verdict.SHOWN


def test_beside_a_gift_the_refusal_does_not_tell_what_was_bought() -> None:
    person = customer(states=(PersonState.GIFT,))
    decisions = judged(person, [offer(skus=("coat",))], owned=["coat"])
    assert outcome(decisions) == (Verdict.REFUSED, OfferReason.PERSON_STATE)


@pytest.mark.parametrize("state", [s for s in PersonState if s is not PersonState.GIFT])
def test_a_state_of_the_person_keeps_new_offers_away_but_no_right(state: PersonState) -> None:
    new, right = judged(customer(states=(state,)), [offer()], [voucher()])[::-1]
    assert (new.verdict, new.reason) == (Verdict.REFUSED, OfferReason.PERSON_STATE)
    assert (right.verdict, right.reason) == (Verdict.SHOWN, OfferReason.ISSUED_RIGHT)


def test_somebody_who_buys_a_gift_may_still_hear_of_offers() -> None:
    assert outcome(judged(customer(states=(PersonState.GIFT,)), [offer()]))[0] is Verdict.SHOWN


def test_without_consent_not_even_the_segment_is_judged() -> None:
    person = customer(consents=(), states=(PersonState.COLLEAGUE,))
    decisions = judged(person, [offer(audience=Audience(segments=("vip",)))])
    assert outcome(decisions)[1] is OfferReason.NO_CONSENT


CONSENTS = st.lists(
    st.builds(
        ConsentDecision,
        st.sampled_from(["clienteling", "location", "marketing.email"]),
        st.sampled_from(ConsentState),
        st.integers(0, 2).map(lambda days: NOW - timedelta(days=days)),
    ),
    max_size=5,
).map(tuple)


@given(CONSENTS, st.lists(st.sampled_from([None, "location", "marketing.email"]), max_size=4))
def test_no_offer_reaches_anybody_without_consent(
    consents: tuple[ConsentDecision, ...], purposes: list[str | None]
) -> None:
    rules = [
        offer(f"o-{n}", audience=Audience(consent=purpose), control_share=0.5, control_salt="x")
        for n, purpose in enumerate(purposes)
    ]
    needed = {rule.id: {"clienteling", rule.audience.consent} - {None} for rule in rules}

    def latest_says_yes(purpose: str | None) -> bool:
        rows = [row for row in consents if row.purpose == purpose]
        last = [row.state for row in rows if row.decided_at == max(r.decided_at for r in rows)]
        return set(last) == {ConsentState.GRANTED}

    for decision in judged(customer(consents=consents), rules):
        allowed = all(latest_says_yes(purpose) for purpose in needed[decision.offer_id])
        assert (decision.reason is not OfferReason.NO_CONSENT) is allowed
