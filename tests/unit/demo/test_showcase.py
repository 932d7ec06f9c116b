"""What demo.json promises to those who script against the demo."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter

from store_agent.demo.shop import documents
from store_agent.demo.showcase import FINE_KINDS, Showcase, showcase
from store_agent.demo.wallet import SIGNING_KEY_ID
from store_agent.domain.catalog import Rotation, SigningKey, TotpField
from store_agent.domain.consent import CLIENTELING, is_granted
from store_agent.domain.customer import Customer
from store_agent.domain.naming import why_unnamed
from store_agent.domain.offer import Voucher
from store_agent.identity import signed
from store_agent.identity.rotating import code_at, generator, verify

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
PROMISED = 20


@pytest.fixture(scope="module")
def shop() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for collection, key, doc in documents(7, 450, NOW):
        found[collection][key] = doc
    return found


@pytest.fixture(scope="module")
def shown() -> Showcase:
    return showcase(7, 450, NOW)


def customer(shop: dict[str, dict[str, Any]], customer_id: str) -> Customer:
    return TypeAdapter(Customer).validate_python(shop["customers"][customer_id])


def test_the_first_twenty_name_somebody_who_agreed(
    shop: dict[str, dict[str, Any]], shown: Showcase
) -> None:
    first = shown.passes[:PROMISED]
    assert {entry.kind for entry in first} == {"static", "signed"}
    assert len({entry.customer_id for entry in first}) == PROMISED
    for entry in first:
        person = customer(shop, entry.customer_id)
        assert is_granted(CLIENTELING, person.consents)
        assert why_unnamed(person) is None
        assert person.states == ()


def test_their_owners_have_exactly_one_voucher_for_baskets_from_50_euros(
    shop: dict[str, dict[str, Any]], shown: Showcase
) -> None:
    vouchers = TypeAdapter(list[Voucher]).validate_python(list(shop["vouchers"].values()))
    for entry in shown.passes[:PROMISED]:
        (own,) = [v for v in vouchers if v.customer_id == entry.customer_id]
        assert own.min_basket_minor == 5000
        assert own.redeemed_at is None
        assert own.valid_until is not None
        assert own.valid_until > NOW + timedelta(days=300)


def test_static_passes_are_known_by_their_text(
    shop: dict[str, dict[str, Any]], shown: Showcase
) -> None:
    owner = {p.get("message"): p["customer_id"] for p in shop["passes"].values()}
    for entry in shown.passes:
        if entry.kind == "static":
            assert owner[entry.data] == entry.customer_id


def test_signed_passes_are_authentic(shop: dict[str, dict[str, Any]], shown: Showcase) -> None:
    key = SigningKey(**shop["signing_keys"][SIGNING_KEY_ID])
    entries = [entry for entry in shown.passes if entry.kind == "signed"]
    assert entries
    for entry in entries:
        claims = signed.verify(entry.data, lambda _: key, NOW)
        assert isinstance(claims, signed.PassClaims)
        assert claims.customer_id == entry.customer_id
        assert shop["passes"][claims.pass_id]["customer_id"] == entry.customer_id


def test_troubled_passes_come_after_the_fine_ones(shown: Showcase) -> None:
    kinds = [entry.kind for entry in shown.passes]
    fine = [kind in FINE_KINDS for kind in kinds]
    assert fine == sorted(fine, reverse=True)
    assert {"no_consent", "voided", "expired", "not_this_person", "colleague"} < set(kinds)


def test_rotating_passes_belong_to_people_who_agreed_and_give_good_codes(
    shop: dict[str, dict[str, Any]], shown: Showcase
) -> None:
    assert len(shown.rotating) >= 10
    for entry in shown.rotating:
        assert why_unnamed(customer(shop, entry.customer_id)) is None
        rotation = Rotation(
            entry.pattern, entry.period_ms, (TotpField(entry.key, entry.value_length),)
        )
        source = generator(rotation)
        code = source.read(code_at(rotation, NOW))
        assert code is not None
        assert isinstance(verify(source, code, NOW), int)


def test_a_smallest_shop_keeps_the_promises_too() -> None:
    shown = showcase(11, 60, NOW)
    assert all(entry.kind in FINE_KINDS for entry in shown.passes[:PROMISED])
    assert len(shown.rotating) >= 10


def test_the_list_is_the_same_for_every_size_of_shop(shown: Showcase) -> None:
    assert showcase(7, 2000, NOW) == shown


def test_it_becomes_json_with_the_promised_names(shown: Showcase) -> None:
    lists = shown.as_json()
    assert set(lists["passes"][0]) == {"customer_id", "data", "kind"}
    assert {"customer_id", "pattern", "key", "period_ms"} < set(lists["rotating"][0])
