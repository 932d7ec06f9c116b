"""The feed's changes in the cache: applied in order, bad ones put aside, nothing else touched."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from storage_builders import NOON, customer

from store_agent.domain.errors import Conflict
from store_agent.domain.offer import BenefitKind
from store_agent.storage import cache, catalog, changes, customers, migrations, passes
from store_agent.storage.changes import AppliedChanges, Change
from store_agent.storage.connection import CACHE_WRITER, Connection, open_connection
from store_agent.storage.view import View


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Connection]:
    connection = open_connection(tmp_path / "cache.db", None, CACHE_WRITER)
    migrations.apply(connection, [cache.MIGRATIONS])
    yield connection
    connection.close()


def upsert(shop: Connection, collection: str, doc: dict[str, Any], key: str = "") -> AppliedChanges:
    change = Change(collection, key or doc["id"], "upsert", doc)
    return changes.apply(shop, [change], "cursor", NOON)


def purchase(purchase_id: str, customer_id: str = "c-1", **fields: Any) -> dict[str, Any]:
    line = {"sku": "sku-1", "title": "Jacke", "quantity": 1, "amount_minor": 100}
    return {
        "id": purchase_id,
        "customer_id": customer_id,
        "at": NOON.isoformat(),
        "channel": "store",
        "place": "store-1",
        "total_minor": 100,
        "lines": [line | fields.pop("line", {})],
    } | fields


def voucher(voucher_id: str, customer_id: str = "c-1") -> dict[str, Any]:
    benefit = {"kind": "amount", "value": 500}
    return {
        "id": voucher_id,
        "customer_id": customer_id,
        "title": {"de": "5 EUR"},
        "benefit": benefit,
    }


def offer(offer_id: str, value: int = 10) -> dict[str, Any]:
    benefit = {"kind": "percent", "value": value}
    return {"id": offer_id, "title": {"de": "Rabatt"}, "benefit": benefit, "detail": {}}


def test_a_document_is_read_back_and_its_unknown_fields_are_kept(shop: Connection) -> None:
    applied = upsert(shop, "customers", customer(points=7, shoe_of_the_year="left"))
    assert (applied.upserts, applied.customers) == (1, {"c-1"})
    found = customers.get(shop, "c-1")
    assert found is not None
    assert (found.display_name, found.points) == ("Erika Musterfrau", 7)
    (doc,) = shop.execute("SELECT doc FROM customers").fetchone()
    assert b"shoe_of_the_year" in doc


def test_the_cursor_and_the_time_of_the_batch_are_kept(shop: Connection) -> None:
    assert changes.cursor(shop) is None
    assert changes.as_of(shop) is None
    changes.apply(shop, [], "cursor-5", NOON)
    assert changes.cursor(shop) == "cursor-5"
    assert changes.as_of(shop) == NOON


def test_a_batch_from_another_cursor_is_refused(shop: Connection) -> None:
    changes.apply(shop, [], "cursor-5", NOON)
    with pytest.raises(Conflict):
        changes.apply(shop, [], "cursor-7", NOON, since="cursor-6")
    changes.apply(shop, [], "cursor-6", NOON, since="cursor-5")
    assert changes.cursor(shop) == "cursor-6"


@pytest.mark.parametrize(
    "bad",
    [
        {"display_name": "Max Beispiel"},
        customer("c-1", as_of="yesterday"),
        customer("somebody-else"),
        None,
        [],
    ],
)
def test_an_unreadable_document_is_put_aside_and_the_rest_goes_on(
    shop: Connection, bad: Any
) -> None:
    good = customer("c-2", "Max Beispiel")
    applied = changes.apply(
        shop,
        [
            Change("customers", "c-1", "upsert", bad, confirms="event-1"),
            Change("customers", "c-2", "upsert", good, confirms="event-2"),
        ],
        "cursor",
        NOON,
    )
    assert (applied.upserts, applied.quarantined) == (1, 1)
    assert applied.confirmed == ("event-2",)  # the other one is not in the cache
    assert customers.get(shop, "c-2") is not None
    rows = shop.execute("SELECT collection, key, reason FROM quarantine").fetchall()
    assert rows[0][:2] == ("customers", "c-1")
    assert "Beispiel" not in rows[0][2]


def test_a_mended_document_leaves_the_quarantine(shop: Connection) -> None:
    upsert(shop, "customers", {"id": "c-1"})
    upsert(shop, "customers", customer("c-1"))
    assert shop.execute("SELECT count(*) FROM quarantine").fetchall() == [(0,)]


def test_an_unknown_operation_is_put_aside(shop: Connection) -> None:
    applied = changes.apply(shop, [Change("offers", "o", "explode")], "cursor", NOON)
    assert applied.quarantined == 1


def test_an_unknown_collection_is_counted_and_ignored(shop: Connection) -> None:
    applied = upsert(shop, "horoscopes", {"id": "aries"})
    assert (applied.upserts, applied.ignored_unknown) == (0, 1)


def test_a_merge_hands_everything_to_the_other_customer(shop: Connection) -> None:
    upsert(shop, "customers", customer("c-1"))
    upsert(shop, "customers", customer("c-2", "Erika Beispiel"))
    upsert(shop, "passes", {"id": "p-1", "customer_id": "c-1", "message": "PASS"})
    upsert(shop, "vouchers", voucher("v-1"))
    upsert(shop, "purchases", purchase("b-1"))
    merge = Change("customers", "c-1", "merge", {"old_id": "c-1", "new_id": "c-2"})
    assert changes.apply(shop, [merge], "cursor", NOON).merges == 1
    merged = customers.get(shop, "c-1")
    assert merged is not None
    assert merged.id == "c-2"
    assert passes.by_message(shop, "PASS").customer_id == "c-2"
    assert [one.customer_id for one in catalog.vouchers_of(shop, "c-2")] == ["c-2"]
    assert [one.customer_id for one in catalog.purchases_of(shop, "c-2", 9)] == ["c-2"]
    assert customers.search(shop, "musterfrau", 9) == []


def test_a_chain_of_merges_ends_at_the_last_customer(shop: Connection) -> None:
    for name in ("c-1", "c-2", "c-3"):
        upsert(shop, "customers", customer(name))
    for old, new in (("c-1", "c-2"), ("c-2", "c-3")):
        merge = Change("customers", old, "merge", {"old_id": old, "new_id": new})
        changes.apply(shop, [merge], "cursor", NOON)
    assert customers.get(shop, "c-1").id == "c-3"


def test_passes_are_found_by_message_and_by_id(shop: Connection) -> None:
    upsert(shop, "passes", {"id": "p-1", "customer_id": "c-1", "message": "PASS", "voided": True})
    upsert(shop, "passes", {"id": "p-2", "customer_id": "c-2", "message": "PASS"})
    assert passes.by_message(shop, "PASS").id == "p-2"
    assert passes.by_message(shop, "pass") is None
    assert passes.by_id(shop, "p-1").voided
    changes.apply(shop, [Change("passes", "p-2", "delete")], "cursor", NOON)
    assert passes.by_message(shop, "PASS").id == "p-1"


def rotating(pass_id: str, pattern: str) -> dict[str, Any]:
    fields = [{"key": "00" * 20, "value_length": 8}]
    rotation = {"pattern": pattern, "period_ms": 30000, "fields": fields}
    return {"id": pass_id, "customer_id": "c-1", "rotation": rotation}


def test_rotating_passes_are_found_by_the_fixed_part_of_their_code(shop: Connection) -> None:
    upsert(shop, "passes", rotating("p-1", "MEMBER-0001-{totp_value_0}"))
    upsert(shop, "passes", rotating("p-2", "MEMBER-0002-{totp_value_0}"))
    upsert(shop, "passes", rotating("p-3", "{totp_value_0}:CARD-3"))
    upsert(shop, "passes", {"id": "p-4", "customer_id": "c-1", "message": "MEMBER-0001-1"})

    def found(data: str) -> list[str]:
        return [one.id for one in passes.rotating_for(shop, data)]

    assert found("MEMBER-0001-12345678") == ["p-1"]
    assert found("MEMBER-0002-12345678") == ["p-2"]
    assert found("12345678:CARD-3") == ["p-3"]
    assert found("MEMBER-0003-12345678") == found("") == found("MEMBER") == []
    upsert(shop, "passes", rotating("p-1", "OTHER-0001-{totp_value_0}"))
    assert found("MEMBER-0001-12345678") == []
    assert found("OTHER-0001-12345678") == ["p-1"]


def test_signing_keys_are_found_by_id(shop: Connection) -> None:
    upsert(shop, "signing_keys", {"id": "k1", "public_key": "A" * 43})
    assert passes.signing_key(shop, "k1").public_key == "A" * 43
    assert passes.signing_key(shop, "k2") is None


def test_purchases_come_newest_first_and_only_their_owners(shop: Connection) -> None:
    for day in range(3):
        upsert(shop, "purchases", purchase(f"b-{day}", at=(NOON + timedelta(days=day)).isoformat()))
    upsert(shop, "purchases", purchase("b-9", "c-9"))
    assert [one.id for one in catalog.purchases_of(shop, "c-1", 2)] == ["b-2", "b-1"]


def test_a_purchase_that_changes_its_owner_is_not_counted_twice(shop: Connection) -> None:
    upsert(shop, "purchases", purchase("b-1", "c-1"))
    upsert(shop, "purchases", purchase("b-1", "c-2"))
    assert catalog.purchases_of(shop, "c-1", 9) == ()
    assert len(catalog.purchases_of(shop, "c-2", 9)) == 1


def test_what_was_brought_back_or_given_away_is_not_owned(shop: Connection) -> None:
    upsert(shop, "purchases", purchase("b-1", line={"sku": "kept"}))
    upsert(shop, "purchases", purchase("b-2", line={"sku": "returned"}))
    upsert(shop, "purchases", purchase("b-3", line={"sku": "returned", "quantity": -1}))
    upsert(shop, "purchases", purchase("b-4", line={"sku": "given"}, gift=True))
    assert catalog.owned_skus(shop, "c-1") == {"kept"}


def test_offers_are_decoded_again_only_after_a_change(shop: Connection) -> None:
    view = View(shop, shop)
    upsert(shop, "offers", offer("o-1"))
    first = view.offers()
    assert first.offers[0].benefit.kind is BenefitKind.PERCENT
    upsert(shop, "customers", customer())
    assert view.offers() is first
    upsert(shop, "offers", offer("o-1", value=20))
    assert view.offers().offers[0].benefit.value == 20
    changes.apply(shop, [Change("offers", "o-1", "delete")], "cursor", NOON)
    assert view.offers().offers == ()


def test_products_stock_staff_and_fences_are_read_back(shop: Connection) -> None:
    product = {"title": "Jacke", "category": "coats", "price_minor": 9900}
    upsert(shop, "products", product | {"sku": "sku-1"}, key="sku-1")
    stock = {"store": "store-1", "sku": "sku-1", "size": "M", "quantity": 3}
    upsert(shop, "stock", stock | {"as_of": NOON.isoformat()}, key="store-1/sku-1/M")
    upsert(shop, "staff", {"id": "bea", "name": "Bea", "role": "associate"})
    upsert(shop, "fences", {"type": "Feature", "properties": {}}, key="door")
    assert list(catalog.products(shop, ["sku-1", "sku-2", "sku-1"])) == ["sku-1"]
    assert [row.quantity for row in catalog.stock_of(shop, "sku-1")] == [3]
    assert [member.name for member in catalog.staff(shop)] == ["Bea"]
    assert catalog.fences(shop) == [{"type": "Feature", "properties": {}}]


LOT = {
    "lot_id": "lot-1",
    "offer_id": "o-1",
    "store_id": "s-1",
    "store_epoch": "epoch-1",
    "amount": 10,
}


@pytest.mark.parametrize(
    ("collection", "key", "doc", "reason"),
    [
        ("offers", "o-1", offer("o-1", value=0), "benefit.value: 1 to 100 for percent"),
        ("offers", "o-1", offer("o-1") | {"currency": "Euro"}, "currency: three capital letters"),
        ("vouchers", "v-1", voucher("v-1") | {"title": {}}, "title: needs a text"),
        ("lots", "lot-1", LOT | {"amount": 0}, "amount: 1 to"),
        ("lots", "lot-2", LOT, "the document's id is not its key"),
    ],
)
def test_a_rule_that_makes_no_sense_is_put_aside_by_name_and_the_rest_goes_on(
    shop: Connection, collection: str, key: str, doc: dict[str, Any], reason: str
) -> None:
    batch = [
        Change(collection, key, "upsert", doc),
        Change("offers", "o-9", "upsert", offer("o-9")),
        Change("vouchers", "v-9", "upsert", voucher("v-9")),
        Change("lots", "lot-9", "upsert", LOT | {"lot_id": "lot-9"}),
    ]
    applied = changes.apply(shop, batch, "cursor", NOON)
    assert (applied.upserts, applied.quarantined) == (3, 1)
    ((where, name, why),) = shop.execute("SELECT collection, key, reason FROM quarantine")
    assert (where, name) == (collection, key)
    assert reason in why
    assert shop.execute(f"SELECT id FROM {collection}").fetchall() == [
        ({"offers": "o-9", "vouchers": "v-9", "lots": "lot-9"}[collection],)
    ]


def test_a_kill_switch_gets_through_whatever_else_the_offer_says(shop: Connection) -> None:
    upsert(shop, "offers", offer("o-1"))
    applied = upsert(shop, "offers", offer("o-1", value=0) | {"stopped": True})
    assert (applied.upserts, applied.quarantined) == (1, 0)
    assert [one.stopped for one in catalog.offers(shop)] == [True]
