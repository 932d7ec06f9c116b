"""A contact as the shop's documents: nothing is claimed that Emarsys does not say."""

from datetime import UTC, datetime
from typing import Any

import pytest
from emarsys_audience import LOYALTY, EmarsysAudience, voucher
from emarsys_shop import ANNA, AT

from store_agent.domain.consent import ConsentState, is_granted
from store_agent.domain.customer import Customer
from store_agent.storage.documents import COLLECTIONS
from sync.emarsys_feed.documents import Beside, Contact, Reading, contact_of, documents, member_of
from sync.emarsys_feed.member import Member
from sync.feed import Change
from sync.transports.emarsys.directory import FieldIds

LATER = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
KEY_ID = "1001"


def reading(labels: dict[str, dict[str, str]] | None = None, **more: Any) -> Reading:
    settings = EmarsysAudience().settings(**more)
    names = settings.field_names
    ids = {name: name if name.isdigit() else KEY_ID for name in names}
    return Reading(settings, FieldIds(ids), "s1", "EUR", labels or {})


def of(
    values: dict[str, str], how: Reading | None = None, beside: Beside | None = None
) -> dict[str, Change]:
    """The documents by collection; each can be read by the shop."""
    contact = Contact(17, {KEY_ID: ANNA} | values)
    found = documents(contact, how or reading(), AT, beside or Beside())
    for one in found:
        COLLECTIONS[one.collection].checked(one.key, one.doc)
    return {one.collection: one for one in found}


def customer(values: dict[str, str], how: Reading | None = None, **beside: Any) -> Customer:
    doc = of(values, how, Beside(**beside))["customers"].doc
    value: Customer = COLLECTIONS["customers"].checked(ANNA, doc)
    return value


def member(*vouchers: dict[str, Any], **more: Any) -> Member:
    return Member(LATER, vouchers=vouchers, **more)


def test_the_shop_can_read_a_contact_with_nothing_but_a_number():
    one = customer({})
    assert (one.id, one.display_name, one.as_of) == (ANNA, ANNA, AT)
    assert one.consents == ()
    assert (one.points, one.points_as_of, one.tier) == (0, None, None)


def test_what_emarsys_knows_becomes_the_profile():
    values = {
        "1": "Anna",
        "2": "Adler",
        "3": "anna@example.com",
        "4": "1990-05-17",
        "37": "+49 170 1",
        "46": "2",
        "90": "M-17",
        "91": "s1",
        "92": "Gold",
        "93": "340",
        "94": "39",
        "95": "DE",
    }
    profile = {
        "member_number": "90",
        "home_store": "91",
        "tier": "92",
        "points": "93",
        "language": "95",
    }
    how = reading({"46": {"2": "Frau"}}, profile=profile, facts={"size.shoes": {"field": "94"}})
    one = customer(values, how, segments=("vip", "a"))
    assert (one.display_name, one.salutation, one.email) == (
        "Anna Adler",
        "Frau",
        "anna@example.com",
    )
    assert (one.birthday.isoformat(), one.member_number, one.home_store) == (
        "1990-05-17",
        "M-17",
        "s1",
    )
    assert (one.tier.name, one.points, one.points_as_of, one.language) == ("Gold", 340, AT, "de")
    assert one.segments == ("a", "vip")
    fact = one.facts[0]
    assert (fact.label, fact.value, fact.origin, fact.as_of) == ("size.shoes", "39", "told", AT)


@pytest.mark.parametrize("text", ["0000-00-00", "17.05.1990", "", "soon"])
def test_a_birthday_that_is_none_is_left_out(text):
    assert customer({"4": text}).birthday is None


@pytest.mark.parametrize(
    ("value", "granted"), [("1", True), ("2", False), ("", None), ("3", None), ("true", None)]
)
def test_only_the_agreed_value_is_a_yes_and_absent_is_no(value, granted):
    values = {"31": value} if value else {}
    one = customer(values)
    states = [(d.purpose, d.state is ConsentState.GRANTED) for d in one.consents]
    assert states == ([] if granted is None else [("marketing.email", granted)])
    assert is_granted("marketing.email", one.consents) is (granted is True)
    assert not is_granted("clienteling", one.consents)


def test_a_yes_without_a_date_is_older_than_any_answer_and_a_no_is_as_new_as_the_look():
    assert customer({"31": "1"}).consents[0].decided_at.year == 1970
    assert customer({"31": "1", "48": "2024-02-01"}).consents[0].decided_at.year == 2024
    assert customer({"31": "2", "48": "2024-02-01"}).consents[0].decided_at == AT


def test_further_purposes_come_from_fields_of_their_own():
    consents = {"clienteling": {"field": "80", "granted": "10", "withdrawn": "11"}}
    one = customer({"80": "10", "31": "1"}, reading(consents=consents))
    assert [d.purpose for d in one.consents] == ["clienteling"]
    assert is_granted("clienteling", one.consents)


def test_an_opt_in_that_was_emptied_is_no_answer():
    consents = {"marketing.email": {"field": "31", "granted": "1", "withdrawn": "null"}}
    assert customer({}, reading(consents=consents)).consents == ()


def test_a_pass_carries_the_text_of_its_bar_code():
    found = of({"90": "4711-0815"}, reading(pass_field="90"))
    one = found["passes"].doc
    assert (one["id"], one["customer_id"], one["message"]) == (
        f"emarsys:{ANNA}",
        ANNA,
        "4711-0815",
    )
    assert "passes" not in of({}, reading(pass_field="90"))


def test_a_stub_says_who_somebody_is_and_nothing_else():
    values = {"1": "Anna", "2": "Adler", "3": "anna@example.com", "31": "2", "90": "4711"}
    found = of(values, reading(pass_field="90"), Beside(("vip",), member(voucher(1)), is_stub=True))
    assert set(found) == {"customers", "passes"}
    doc = found["customers"].doc
    assert doc["stub"] is True
    assert not {"first_name", "email", "segments", "points", "tier"} & set(doc)
    assert doc["consents"][0]["state"] == "withdrawn"


def test_a_contact_without_the_key_is_nobody_here():
    contact = Contact(17, {"1": "Anna"})
    assert documents(contact, reading(), AT, Beside()) == []


def test_the_programme_counts_before_a_field_and_has_its_own_age():
    how = reading(profile={"points": "93", "tier": "92"}, loyalty=LOYALTY)
    one = customer({"93": "10", "92": "Bronze"}, how, member=member(tier="Gold", points=340))
    assert (one.points, one.points_as_of, one.tier.name) == (340, LATER, "Gold")
    one = customer({"93": "10", "92": "Bronze"}, how, member=member())
    assert (one.points, one.points_as_of, one.tier.name) == (10, AT, "Bronze")


@pytest.mark.parametrize(
    ("owner", "home", "store"),
    [("home", "s1", "s1"), ("home", "", ""), ("here", "s9", "s1"), ("nobody", "s1", "")],
)
def test_one_store_at_most_may_redeem_a_voucher(owner, home, store):
    how = reading(profile={"home_store": "91"}, loyalty=LOYALTY | {"voucher_owner": owner})
    found = of({"91": home}, how, Beside(member=member(voucher(5))))
    assert found["vouchers"].doc["owner_store"] == store


def test_what_a_voucher_gives_stands_in_the_settings_or_staff_hand_it_over():
    benefits = {"reward": {"kind": "amount", "value": 1000}}
    how = reading(loyalty=LOYALTY | {"benefits": benefits})
    one = of({}, how, Beside(member=member(voucher(5))))["vouchers"].doc
    assert one["benefit"] == {"kind": "amount", "value": 1000, "sku": ""}
    one = of({}, reading(loyalty=LOYALTY), Beside(member=member(voucher(5))))["vouchers"].doc
    assert one["benefit"] == {"kind": "gift"}
    assert one["valid_until"] == "2026-12-31T22:59:59Z"


@pytest.mark.parametrize(
    ("ends", "text"),
    [
        ("2026-12-31", "2027-01-01T00:00:00Z"),
        ("2026-12-31T23:00:00+01:00", "2026-12-31T22:00:00Z"),
        (1798757999, "2026-12-31T22:59:59Z"),
        (1798757999000, "2026-12-31T22:59:59Z"),
        (None, None),
        ("", None),
    ],
)
def test_the_end_of_a_voucher_is_read_in_all_its_forms(ends, text):
    how = reading(loyalty=LOYALTY)
    found = of({}, how, Beside(member=member(voucher(5, validUntil=ends))))
    assert found["vouchers"].doc["valid_until"] == text


@pytest.mark.parametrize(
    "more", [{"code": ""}, {"code": None}, {"title": ""}, {"id": None}, {"validUntil": "whenever"}]
)
def test_what_is_no_usable_voucher_is_left_out(more):
    how = reading(loyalty=LOYALTY)
    assert "vouchers" not in of({}, how, Beside(member=member(voucher(5, **more))))


def test_a_voucher_that_was_redeemed_says_so():
    how = reading(loyalty=LOYALTY)
    one = of({}, how, Beside(member=member(voucher(5, isRedeemed=True))))["vouchers"].doc
    assert one["redeemed_at"] == "2026-11-21T09:00:00Z"


@pytest.mark.parametrize(
    ("contact", "vouchers"),
    [
        ({}, {}),
        ({"tier": None, "points": []}, {"vouchers": None}),
        ({"points": {"balance": "x"}}, {"vouchers": ["?"]}),
    ],
)
def test_an_answer_in_another_form_claims_nothing(contact, vouchers):
    assert member_of(contact, vouchers, AT) == Member(AT)


def test_ids_come_as_text_and_as_numbers():
    assert contact_of({"id": "17", "1": "Anna", "2": None, "3": ""}) == Contact(
        17, {"id": "17", "1": "Anna"}
    )
    assert contact_of({"id": 17}).id == 17
    assert contact_of({"id": None}) is None
