"""The whole choice: everything judged once, in one order, in a language; rights always stand."""

from __future__ import annotations

from datetime import time, timedelta
from itertools import groupby
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.offers.offer_builders import (
    DAY,
    NOW,
    customer,
    granted,
    ids,
    judged,
    offer,
    outcome,
    voucher,
)

from store_agent.domain.customer import Affinity, Customer, PersonState
from store_agent.domain.greeting import OfferReason, Verdict
from store_agent.domain.offer import Audience, Benefit, BenefitKind, Offer, Voucher

DAYS = st.none() | st.integers(-2, 3).map(lambda days: NOW + timedelta(days=days))
BENEFITS = st.builds(Benefit, st.sampled_from(BenefitKind), st.integers(0, 2))
CUSTOMERS = st.builds(
    customer,
    consents=st.sampled_from([(), (granted(),), (granted(), granted("marketing.email"))]),
    states=st.sets(st.sampled_from(PersonState), max_size=2).map(tuple),
    segments=st.sets(st.sampled_from(["a", "b"])).map(tuple),
    wish_list=st.sets(st.sampled_from(["coat", "hat"])).map(tuple),
    affinities=st.just((Affinity("coats", 0.4), Affinity("hats", 0.1))),
    assignments=st.sets(st.sampled_from(["o-0:control", "o-1:shown", "v-0:control"])).map(tuple),
)
OFFERS = st.lists(
    st.fixed_dictionaries(
        {
            "benefit": BENEFITS,
            "audience": st.builds(
                Audience,
                segments=st.sets(st.sampled_from(["a", "b"])).map(tuple),
                consent=st.sampled_from([None, "marketing.email"]),
            ),
            "valid_from": DAYS,
            "valid_until": DAYS,
            "weekdays": st.sampled_from([(), (6,), (7,)]),
            "from_time": st.sampled_from([None, time(9), time(12)]),
            "priority": st.integers(0, 1),
            "categories": st.sampled_from([(), ("coats",), ("hats", "shoes")]),
            "skus": st.sampled_from([(), ("coat",), ("hat",), ("coat", "hat")]),
            "control_share": st.sampled_from([0.0, 0.5, 1.0]),
            "stopped": st.booleans(),
        }
    ),
    max_size=4,
).map(lambda rules: [offer(f"o-{n}", **fields) for n, fields in enumerate(rules)])
VOUCHERS = st.lists(
    st.fixed_dictionaries(
        {
            "benefit": BENEFITS,
            "valid_from": DAYS,
            "valid_until": DAYS,
            "redeemed_at": st.sampled_from([None, None, NOW - DAY]),
        }
    ),
    max_size=3,
).map(lambda rights: [voucher(f"v-{n}", **fields) for n, fields in enumerate(rights)])
OWNED = st.sets(st.sampled_from(["coat", "hat"]))


@settings(max_examples=40)
@given(CUSTOMERS, OFFERS, VOUCHERS, OWNED)
def test_everything_is_judged_once_and_stands_in_the_order_of_verdicts(
    person: Customer, offers: list[Offer], vouchers: list[Voucher], owned: set[str]
) -> None:
    decisions = judged(person, offers, vouchers, owned=owned)
    assert sorted(d.offer_id for d in decisions) == sorted(r.id for r in [*offers, *vouchers])
    order = [(list(Verdict).index(d.verdict), d.voucher_id is None) for d in decisions]
    assert order == sorted(order)


@settings(max_examples=40)
@given(CUSTOMERS, OFFERS, VOUCHERS, OWNED, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(
    person: Customer,
    offers: list[Offer],
    vouchers: list[Voucher],
    owned: set[str],
    random: Random,
) -> None:
    shuffled_offers, shuffled_vouchers = offers.copy(), vouchers.copy()
    random.shuffle(shuffled_offers)
    random.shuffle(shuffled_vouchers)
    decisions = judged(person, offers, vouchers, owned=owned)
    assert judged(person, shuffled_offers, shuffled_vouchers, owned=owned) == decisions


@settings(max_examples=40)
@given(CUSTOMERS, VOUCHERS, OFFERS)
def test_a_right_is_refused_by_time_or_its_own_redemption_and_by_nothing_else(
    person: Customer, vouchers: list[Voucher], offers: list[Offer]
) -> None:
    rights = {right.id: right for right in vouchers}
    for decision in judged(person, offers, vouchers, owned=["coat", "hat"]):
        if decision.voucher_id is None:
            continue
        right = rights[decision.voucher_id]
        refusal = {
            OfferReason.ALREADY_REDEEMED: right.redeemed_at is not None,
            OfferReason.NOT_STARTED: right.valid_from is not None and right.valid_from > NOW,
            OfferReason.EXPIRED: right.valid_until is not None and right.valid_until < NOW,
        }
        assert (decision.verdict is Verdict.SHOWN) is not any(refusal.values())
        assert decision.verdict is Verdict.SHOWN or refusal[decision.reason]


@settings(max_examples=40)
@given(CUSTOMERS, OFFERS, OWNED)
def test_only_the_control_group_withholds_and_only_refusals_refuse(
    person: Customer, offers: list[Offer], owned: set[str]
) -> None:
    groups = groupby(judged(person, offers, owned=owned), key=lambda d: d.verdict)
    reasons = {verdict: {d.reason for d in group} for verdict, group in groups}
    assert reasons.get(Verdict.SHOWN, set()) <= {OfferReason.MATCHES}
    assert reasons.get(Verdict.WITHHELD, set()) <= {OfferReason.CONTROL_GROUP}
    never = {OfferReason.MATCHES, OfferReason.CONTROL_GROUP, OfferReason.ISSUED_RIGHT}
    assert never.isdisjoint(reasons.get(Verdict.REFUSED, set()))


def test_rights_come_first_and_the_one_that_ends_first_leads() -> None:
    rights = [
        voucher("endless"),
        voucher("later", valid_until=NOW + 5 * DAY),
        voucher("soon", valid_until=NOW + DAY),
        voucher("soon-and-more", valid_until=NOW + DAY, benefit=Benefit(BenefitKind.AMOUNT, 2000)),
    ]
    decisions = judged(offers=[offer("urgent", priority=99)], vouchers=rights)
    assert ids(decisions) == ["soon-and-more", "soon", "later", "endless", "urgent"]


def test_offers_follow_priority_then_need_then_value() -> None:
    person = customer(
        wish_list=("hat",), affinities=(Affinity("coats", 0.4), Affinity("shoes", 0.2))
    )
    offers = [
        offer("plain", benefit=Benefit(BenefitKind.PERCENT, 10)),
        offer("more", benefit=Benefit(BenefitKind.PERCENT, 30)),
        offer("shoes", categories=("shoes",)),
        offer("coats", categories=("shoes", "coats")),
        offer("wished", skus=("hat", "glove")),
        offer("first", priority=1),
    ]
    assert ids(judged(person, offers)) == ["first", "wished", "coats", "shoes", "more", "plain"]


def test_of_two_equal_offers_the_one_that_ends_first_leads() -> None:
    offers = [offer("a"), offer("b", valid_until=NOW + DAY), offer("c", valid_until=NOW + 2 * DAY)]
    assert ids(judged(offers=offers)) == ["b", "c", "a"]


def test_what_is_equal_in_everything_stands_in_the_order_of_ids() -> None:
    offers, vouchers = [offer("o-b"), offer("o-a")], [voucher("v-b"), voucher("v-a")]
    expected = ["v-a", "v-b", "o-a", "o-b"]
    assert ids(judged(offers=offers, vouchers=vouchers)) == expected
    assert ids(judged(offers=offers[::-1], vouchers=vouchers[::-1])) == expected


def test_for_a_gift_ones_own_wishes_do_not_count() -> None:
    person = customer(wish_list=("hat",), affinities=(Affinity("hats", 1.0),))
    offers = [offer("any"), offer("hats", categories=("hats",), skus=("hat",))]
    assert ids(judged(person, offers)) == ["hats", "any"]
    gift = customer(
        wish_list=person.wish_list, affinities=person.affinities, states=(PersonState.GIFT,)
    )
    assert ids(judged(gift, offers)) == ["any", "hats"]


@pytest.mark.parametrize(
    ("language", "title"),
    [("en", "Offer o-1"), ("de-AT", "Angebot o-1"), ("fr", "Angebot o-1"), ("?!", "Angebot o-1")],
)
def test_titles_come_in_the_wanted_language_or_a_known_one(language: str, title: str) -> None:
    (decision,) = judged(offers=[offer()], language=language)
    assert decision.title == title


def test_a_decision_carries_what_the_tablet_shows() -> None:
    (right,) = judged(vouchers=[voucher(valid_until=NOW + DAY)])
    assert (right.offer_id, right.voucher_id, right.valid_until) == ("v-1", "v-1", NOW + DAY)
    (rule,) = judged(offers=[offer()])
    assert (rule.detail, rule.benefit) == ("Im ganzen Haus", Benefit(BenefitKind.PERCENT, 20))
    assert rule.voucher_id is None


def test_a_right_of_a_merged_customer_still_stands() -> None:
    assert outcome(judged(vouchers=[voucher(customer_id="c-before-the-merge")]))[0] is Verdict.SHOWN


def test_nothing_to_judge_is_nothing() -> None:
    assert judged() == ()
