"""The sample shop: repeatable, whole, and obviously invented."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import chain, islice
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from pydantic import TypeAdapter

from store_agent.demo.cast import LEADS, VOUCHER_OWNERS
from store_agent.demo.lives import LIVES
from store_agent.demo.names import FICTION_PREFIXES, is_obviously_invented
from store_agent.demo.people import People
from store_agent.demo.place import LANES, STORE_ID, ZONE_NAME, staff_pins, zone_corners
from store_agent.demo.rights import ANY_BASKET_FROM_MINOR
from store_agent.demo.settlement.accounts import Budget
from store_agent.demo.shop import calendar, documents
from store_agent.demo.till_campaigns import ANNIVERSARY
from store_agent.domain.basket import Basket, BasketLine
from store_agent.domain.catalog import (
    Product,
    Purchase,
    SigningKey,
    StaffMember,
    Stock,
    Transmitter,
    WalletPass,
    Weather,
)
from store_agent.domain.consent import CLIENTELING
from store_agent.domain.customer import CaseKind, Customer, Lifecycle, PersonState
from store_agent.domain.errors import InvalidInput
from store_agent.domain.note import Note
from store_agent.domain.offer import BenefitKind, Offer, OfflineClass, TriggerKind, Voucher
from store_agent.domain.rights import Standing
from store_agent.domain.task import Task
from store_agent.domain.touch import Touch
from store_agent.insight import sensitive
from store_agent.offers import OfferBook
from store_agent.offers.candidates import Case
from store_agent.offers.checks import offer_faults, voucher_faults
from store_agent.offers.evaluating import evaluate
from store_agent.offers.occasion import Occasion, is_triggered

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
ZONE = ZoneInfo(ZONE_NAME)
READERS: dict[str, TypeAdapter[Any]] = {
    "customers": TypeAdapter(Customer),
    "passes": TypeAdapter(WalletPass),
    "signing_keys": TypeAdapter(SigningKey),
    "offers": TypeAdapter(Offer),
    "vouchers": TypeAdapter(Voucher),
    "purchases": TypeAdapter(Purchase),
    "products": TypeAdapter(Product),
    "stock": TypeAdapter(Stock),
    "staff": TypeAdapter(StaffMember),
    "beacons": TypeAdapter(Transmitter),
    "weather": TypeAdapter(Weather),
    "budgets": TypeAdapter(Budget),
    "notes": TypeAdapter(Note),
    "tasks": TypeAdapter(Task),
    "touches": TypeAdapter(Touch),
}


def lines(seed: int = 7, customers: int = 250, now: datetime = NOW) -> Iterator[bytes]:
    return (orjson.dumps(row) for row in documents(seed, customers, now))


@pytest.fixture(scope="module")
def shop() -> dict[str, dict[str, Any]]:
    """Every document of a small shop, read as the agent reads it; fences stay GeoJSON."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for collection, key, doc in documents(7, 450, NOW):
        assert key not in found[collection], f"{collection}/{key} comes twice"
        reader = READERS.get(collection)
        text = orjson.dumps(doc)
        found[collection][key] = reader.validate_json(text, strict=True) if reader else doc
    return found


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert list(lines()) == list(lines())


def test_another_seed_gives_other_people() -> None:
    assert set(lines(seed=7)) & set(lines(seed=8)) < set(lines(seed=7))
    names = [
        {doc["display_name"] for kind, _, doc in documents(seed, 100, NOW) if kind == "customers"}
        for seed in (7, 8)
    ]
    assert len(names[0] & names[1]) < 20


def test_a_customer_is_the_same_however_many_there_are() -> None:
    small, large = list(lines(customers=60)), list(lines(customers=300))
    assert large[: len(small)] == small


def test_a_customer_is_the_same_whoever_was_asked_for_before() -> None:
    in_order, alone = People(7, calendar(NOW)), People(7, calendar(NOW))
    for index in range(100):
        in_order.file(index)
    assert in_order.file(100) == alone.file(100)


def test_people_beyond_the_lives_share_a_past_but_nothing_personal() -> None:
    people = People(7, calendar(NOW))
    first, second = people.file(5), people.file(5 + LIVES)
    assert [p["at"] for p in first.purchases] == [p["at"] for p in second.purchases]
    assert first.customer["email"] != second.customer["email"]
    assert {p["id"] for p in first.purchases}.isdisjoint(p["id"] for p in second.purchases)


def test_every_key_is_the_documents_own(shop: dict[str, dict[str, Any]]) -> None:
    for collection in (
        "customers",
        "passes",
        "vouchers",
        "purchases",
        "offers",
        "staff",
        "beacons",
    ):
        assert all(key == doc.id for key, doc in shop[collection].items())
    assert all(key == doc.sku for key, doc in shop["products"].items())
    assert all(key == f"{d.store}/{d.sku}/{d.size}" for key, d in shop["stock"].items())


def test_everything_a_customer_has_belongs_to_a_customer(shop: dict[str, dict[str, Any]]) -> None:
    for collection in ("passes", "vouchers", "purchases"):
        assert {doc.customer_id for doc in shop[collection].values()} <= set(shop["customers"])
    carriers = {doc.customer_id for doc in shop["beacons"].values() if doc.customer_id}
    assert carriers < set(shop["customers"])
    assert {doc.customer_id for doc in shop["passes"].values()} == set(shop["customers"])


def test_every_article_that_is_named_exists(shop: dict[str, dict[str, Any]]) -> None:
    bought = {line.sku for p in shop["purchases"].values() for line in p.lines}
    wished = set(chain.from_iterable(c.wish_list for c in shop["customers"].values()))
    offered = set(chain.from_iterable(offer.skus for offer in shop["offers"].values()))
    stocked = {entry.sku for entry in shop["stock"].values()}
    assert bought | wished | offered <= set(shop["products"])
    assert stocked == set(shop["products"])
    assert len(shop["products"]) == 120


def test_what_is_said_about_purchases_is_what_was_bought(shop: dict[str, dict[str, Any]]) -> None:
    bought: dict[str, list[Purchase]] = defaultdict(list)
    for purchase in shop["purchases"].values():
        assert purchase.total_minor == sum(line.amount_minor for line in purchase.lines)
        assert purchase.at < NOW
        if purchase.total_minor > 0:
            bought[purchase.customer_id].append(purchase)
    for customer in shop["customers"].values():
        own = bought[customer.id]
        assert customer.purchase_count == len(own)
        assert customer.last_purchase_at == max((p.at for p in own), default=None)
        owned = {line.sku for p in own for line in p.lines}
        assert owned.isdisjoint(customer.wish_list)


def test_a_return_follows_a_purchase_of_the_same_article(shop: dict[str, dict[str, Any]]) -> None:
    purchases = shop["purchases"].values()
    returns = [p for p in purchases if p.total_minor < 0]
    assert returns
    for back in returns:
        skus = {line.sku for line in back.lines}
        assert any(
            p.customer_id == back.customer_id and p.at < back.at and p.total_minor > 0
            for p in purchases
            if skus <= {line.sku for line in p.lines}
        )


def test_nobody_shops_on_a_sunday(shop: dict[str, dict[str, Any]]) -> None:
    assert all(p.at.isoweekday() != 7 for p in shop["purchases"].values() if p.channel == "store")


def test_every_name_gives_itself_away(shop: dict[str, dict[str, Any]]) -> None:
    suspicious = [
        c.last_name for c in shop["customers"].values() if not is_obviously_invented(c.last_name)
    ]
    assert suspicious == []
    assert not is_obviously_invented("Schneider")


def test_every_address_is_reserved_for_fiction(shop: dict[str, dict[str, Any]]) -> None:
    for customer in shop["customers"].values():
        assert customer.phone == "" or customer.phone.startswith(FICTION_PREFIXES)
        domain = customer.email.partition("@")[2]
        assert domain in {"", "example.com", "example.org", "example.net"}
        assert customer.email.isascii()


def test_names_come_in_every_length_and_script(shop: dict[str, dict[str, Any]]) -> None:
    names = [c.display_name for c in shop["customers"].values()]
    assert max(map(len, names)) >= 40
    for letter in ("ü", "ß", "ł", "ή", "م", "ה"):
        assert any(letter in name for name in names), letter


def test_every_part_of_the_cast_is_there(shop: dict[str, dict[str, Any]]) -> None:
    customers = list(shop["customers"].values())
    assert {state for c in customers for state in c.states} == set(PersonState)
    assert {c.lifecycle for c in customers} == set(Lifecycle)
    assert {c.tier.name for c in customers} == {"Bronze", "Silber", "Gold", "Platin"}
    assert any((c.birthday.month, c.birthday.day) == (11, 21) for c in customers if c.birthday)
    assert any(order.place for c in customers for order in c.open_orders)
    assert any(not c.consents for c in customers)
    decisions = Counter(d.state for c in customers for d in c.consents if d.purpose == CLIENTELING)
    assert decisions["granted"] > 5 * decisions["withdrawn"] > 0


def test_some_have_left_a_basket_looked_at_articles_or_wait_for_an_answer(
    shop: dict[str, dict[str, Any]],
) -> None:
    customers = list(shop["customers"].values())
    assert any(c.basket and c.basket.lines for c in customers)
    assert {line.sku for c in customers if c.basket for line in c.basket.lines} <= set(
        shop["products"]
    )
    assert {sku for c in customers for sku in c.viewed} <= set(shop["products"])
    cases = [case for c in customers for case in c.cases]
    assert {case.kind for case in cases} == set(CaseKind)
    assert {case.is_open for case in cases} == {True, False}
    assert sum(case.is_open for case in cases) < len(customers) / 20
    assert {c.advisor for c in customers} - {""} < set(shop["staff"])
    assert any(c.value and c.value.lifetime_minor for c in customers)
    assert any(c.last_touch for c in customers)


def test_under_16_is_under_16(shop: dict[str, dict[str, Any]]) -> None:
    young = [c for c in shop["customers"].values() if PersonState.UNDER_16 in c.states]
    assert young
    assert all(c.birthday > date(2010, 11, 21) for c in young)


def test_all_three_kinds_of_passes_are_carried(shop: dict[str, dict[str, Any]]) -> None:
    passes = list(shop["passes"].values())
    static = [p.message for p in passes if p.message is not None]
    keys = [p.rotation.fields[0].key for p in passes if p.rotation is not None]
    assert len(static) == len(set(static)) > 100
    assert len(keys) == len(set(keys)) > 20
    assert any(p.message is None and p.rotation is None for p in passes)
    assert all(_is_ean13(message) for message in static if message.isdigit())


def test_offers_use_every_kind_of_rule(shop: dict[str, dict[str, Any]]) -> None:
    offers = list(shop["offers"].values())
    assert {offer.benefit.kind for offer in offers} == set(BenefitKind)
    assert {offer.offline for offer in offers} == set(OfflineClass)
    assert {"zone_dwell", "weather", "nth_visit", "basket"} == {
        trigger.kind for offer in offers for trigger in offer.triggers
    }
    assert any(offer.stacking.exclusive for offer in offers)
    assert any(offer.variants for offer in offers)
    assert any(offer.stopped for offer in offers)
    assert any(offer.from_time for offer in offers)
    assert any(offer.valid_until < NOW for offer in offers)
    assert any(offer.valid_from > NOW for offer in offers)
    assert any(offer.control_share > 0 and offer.control_salt for offer in offers)
    assert all(set(offer.title) == {"de", "en"} for offer in offers)


def test_no_offer_or_voucher_would_be_put_in_quarantine(shop: dict[str, dict[str, Any]]) -> None:
    faults = [
        *(fault for offer in shop["offers"].values() for fault in offer_faults(offer)),
        *(fault for voucher in shop["vouchers"].values() for fault in voucher_faults(voucher)),
    ]
    assert faults == []


def test_every_zone_and_offer_that_is_named_exists(shop: dict[str, dict[str, Any]]) -> None:
    offers = shop["offers"]
    zones = {trigger.zone for one in offers.values() for trigger in one.triggers if trigger.zone}
    assert zones <= set(zone_corners())
    assert {one.offer_id for one in shop["vouchers"].values() if one.offer_id} <= set(offers)


def test_what_lots_bound_has_a_budget_that_is_all_free(shop: dict[str, dict[str, Any]]) -> None:
    bounded = {one.id for one in shop["offers"].values() if one.offline is OfflineClass.LOT}
    assert bounded == set(shop["budgets"])
    for budget in shop["budgets"].values():
        assert budget.free == budget.budget > 0
        assert budget.unit is shop["offers"][budget.offer_id].budget_unit


def test_it_rains_on_coats_and_jackets(shop: dict[str, dict[str, Any]]) -> None:
    (weather,) = shop["weather"].values()
    assert weather.as_of < NOW < weather.valid_until
    (offer,) = [
        one
        for one in shop["offers"].values()
        if any(trigger.kind is TriggerKind.WEATHER for trigger in one.triggers)
    ]
    assert is_triggered(offer.triggers, Occasion(weather=frozenset(weather.conditions)))


def test_every_voucher_has_a_code_of_its_own(shop: dict[str, dict[str, Any]]) -> None:
    codes = [voucher.code for voucher in shop["vouchers"].values()]
    assert len(codes) == len(set(codes))
    assert all(codes)


def test_some_vouchers_have_to_be_moved_here_but_none_of_the_leads(
    shop: dict[str, dict[str, Any]],
) -> None:
    owners = Counter(voucher.owner_store for voucher in shop["vouchers"].values())
    assert owners[STORE_ID] > 5 * owners[""] > 0
    leads = set(islice(shop["customers"], LEADS))
    held = [voucher for voucher in shop["vouchers"].values() if voucher.customer_id in leads]
    assert {voucher.owner_store for voucher in held} == {STORE_ID}


@pytest.mark.parametrize("pieces", [1, 2, 3, 12])
def test_a_promised_voucher_counts_in_any_basket_from_50_euro(
    shop: dict[str, dict[str, Any]], pieces: int
) -> None:
    book = OfferBook(shop["offers"].values())
    lots = Standing(lot_left={ANNIVERSARY: 100})
    rain = Occasion(scanned=True, has_basket=True, visit_number=5, weather=frozenset({"rain"}))
    for customer in islice(shop["customers"].values(), VOUCHER_OWNERS):
        (voucher,) = (v for v in shop["vouchers"].values() if v.customer_id == customer.id)
        for product in shop["products"].values():
            if product.price_minor * pieces < ANY_BASKET_FROM_MINOR:
                continue
            line = BasketLine(
                "1",
                product.sku,
                Decimal(pieces),
                product.price_minor,
                categories=(product.category,),
            )
            case = Case(
                customer, book, (voucher,), lots, rain, NOW, ZONE, "de", STORE_ID, is_online=True
            )
            applied = evaluate(Basket("t-1", 1, "EUR", (line,)), case).applied
            assert voucher.id in {one.voucher_id for one in applied}, (customer.id, product.sku)


def test_fences_are_closed_rings_around_the_shop(shop: dict[str, dict[str, Any]]) -> None:
    (collection,) = shop["fences"].values()
    features = {feature["id"]: feature for feature in collection["features"]}
    assert {"building", "parking"} < set(features)
    for feature in features.values():
        (ring,) = feature["geometry"]["coordinates"]
        assert ring[0] == ring[-1]
        assert all(6.9 < lon < 7.0 and 50.9 < lat < 51.0 for lon, lat in ring)
        assert feature["properties"].get("parent", "building") in features


def test_staff_have_pins_of_their_own_that_no_document_holds() -> None:
    logins = staff_pins(7)
    assert [login.name for login in logins[:2]] == ["Bea Beispiel", "Max Muster"]
    assert len({login.pin for login in logins}) == len(logins)
    staff = [row for row in lines() if orjson.loads(row)[0] == "staff"]
    assert not any(login.pin.encode() in row for login in logins for row in staff)


@pytest.mark.parametrize("customers", [0, 59, 1_000_001])
def test_a_shop_too_small_or_too_big_is_refused(customers: int) -> None:
    with pytest.raises(InvalidInput):
        documents(7, customers, NOW)


def test_the_lanes_are_the_door_and_four_tills() -> None:
    assert LANES == ("door", "till-0", "till-1", "till-2", "till-3")


def _is_ean13(text: str) -> bool:
    weighted = sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(text))
    return len(text) == 13 and weighted % 10 == 0


def test_staff_have_written_things_down_that_may_be_written(shop):
    notes, tasks, touches = shop["notes"], shop["tasks"], shop["touches"]
    assert len(notes) == 20
    assert {task.kind for task in tasks.values()} >= {"follow_up", "appointment", "service"}
    assert {touch.channel for touch in touches.values()} == {"phone", "email", "in_person"}
    for one in (*notes.values(), *tasks.values()):
        assert sensitive.find(one.text) == ()
        assert one.customer_id in shop["customers"]
    assert all(note.at < NOW for note in notes.values())
    today = NOW.astimezone(ZONE).date()
    assert {task.is_overdue(NOW, today) for task in tasks.values()} == {True, False}
