"""Stubs, what look-ups bring, newer schemas, unknown collections: what the cache keeps of each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from storage_builders import NOON, customer

from store_agent.storage import cache, catalog, changes, customers, documents, migrations, scope
from store_agent.storage.changes import AppliedChanges, Census, Change
from store_agent.storage.connection import CACHE_WRITER, Connection, open_connection

LATER = (NOON + timedelta(hours=1)).isoformat()
EARLIER = (NOON - timedelta(hours=1)).isoformat()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Connection]:
    connection = open_connection(tmp_path / "cache.db", None, CACHE_WRITER)
    migrations.apply(connection, [cache.MIGRATIONS])
    yield connection
    connection.close()


def full(**fields: Any) -> Change:
    return Change("customers", "c-1", "upsert", customer(points=70, phone="+49 30 5001") | fields)


def stub(**fields: Any) -> Change:
    return Change("customers", "c-1", "upsert", scope.stub_of(customer()) | fields)


def fed(shop: Connection, *news: Change) -> AppliedChanges:
    return changes.apply(shop, news, "cursor", NOON)


def points(shop: Connection) -> int | None:
    """Points of the full profile; None of a stub."""
    found = customers.get(shop, "c-1")
    assert found is not None
    return None if found.stub else found.points


def test_a_stub_is_recognised_and_found_by_name_and_tells_nothing_else(shop: Connection) -> None:
    fed(shop, stub())
    found = customers.get(shop, "c-1")
    assert found is not None
    assert (found.stub, found.display_name, found.phone) == (True, "Erika Musterfrau", "")
    assert [one.id for one in customers.search(shop, "musterfrau", 9)] == ["c-1"]


def test_the_feed_makes_somebody_full_and_a_stub_again(shop: Connection) -> None:
    fed(shop, stub())
    fed(shop, full())
    assert points(shop) == 70
    fed(shop, stub(as_of=LATER))
    assert points(shop) is None
    assert customers.search(shop, "5001", 9) == []


def test_who_leaves_the_scope_leaves_with_vouchers_and_purchases(shop: Connection) -> None:
    benefit = {"kind": "amount", "value": 500}
    voucher = {"id": "v-1", "customer_id": "c-1", "title": {"de": "5 EUR"}, "benefit": benefit}
    fed(shop, full(), Change("vouchers", "v-1", "upsert", voucher))
    fed(shop, full())
    assert len(catalog.vouchers_of(shop, "c-1")) == 1
    fed(shop, stub(as_of=LATER))
    assert catalog.vouchers_of(shop, "c-1") == ()


def test_a_stub_never_replaces_a_full_profile_of_a_later_time(shop: Connection) -> None:
    changes.take(shop, [full()], NOON)
    assert fed(shop, stub(as_of=EARLIER)).outdated == 1
    assert points(shop) == 70


def test_a_look_up_makes_a_stub_full_and_leaves_the_place_in_the_feed(shop: Connection) -> None:
    changes.apply(shop, [stub()], "cursor-5", NOON)
    brought = [full(), Change("passes", "p-1", "upsert", {"id": "p-1", "customer_id": "c-1"})]
    applied = changes.take(shop, brought, NOON + timedelta(days=1))
    assert (applied.upserts, points(shop)) == (2, 70)
    assert changes.cursor(shop) == "cursor-5"
    assert changes.as_of(shop) == NOON


def test_a_look_up_changes_nothing_that_is_newer_here(shop: Connection) -> None:
    fed(shop, full(points=90, as_of=LATER))
    assert changes.take(shop, [full()], NOON).outdated == 1
    assert changes.take(shop, [stub(as_of=EARLIER)], NOON).outdated == 1
    assert points(shop) == 90


def test_what_a_look_up_brings_and_nobody_can_read_is_left_out(shop: Connection) -> None:
    brought = [
        Change("customers", "c-1", "upsert", {"id": "c-1"}),
        Change("horoscopes", "aries", "upsert", {}),
        Change("passes", "p-1", "delete"),
        Change("passes", "p-2", "upsert", {"id": "p-2", "customer_id": "c-1"}, version=2),
        Change("passes", "p-3", "upsert", {"id": "p-3", "customer_id": "c-1"}),
    ]
    applied = changes.take(shop, brought, NOON)
    assert (applied.upserts, applied.ignored_unknown, applied.quarantined) == (1, 2, 2)
    assert changes.census(shop) == Census()


def test_who_was_looked_up_is_a_stub_again_unless_the_feed_took_them_up(shop: Connection) -> None:
    other = Change("customers", "c-2", "upsert", customer("c-2", "Max Beispiel"))
    benefit = {"kind": "amount", "value": 500}
    voucher = {"id": "v-1", "customer_id": "c-1", "title": {"de": "5 EUR"}, "benefit": benefit}
    consents = [{"purpose": "clienteling", "state": "granted", "decided_at": NOON.isoformat()}]
    looked_up = [full(consents=consents), other, Change("vouchers", "v-1", "upsert", voucher)]
    changes.take(shop, looked_up, NOON)
    fed(shop, other)
    later = NOON + timedelta(days=1)
    assert scope.looked_up_before(shop, NOON) == ()
    assert scope.looked_up_before(shop, later) == ("c-1",)
    scope.shrink(shop, ["c-1"])
    assert scope.looked_up_before(shop, later) == ()
    found = customers.get(shop, "c-1")
    assert found is not None
    assert (found.stub, found.points, len(found.consents)) == (True, 0, 1)
    assert catalog.vouchers_of(shop, "c-1") == ()


def test_who_is_gone_was_never_looked_up(shop: Connection) -> None:
    changes.take(shop, [full()], NOON)
    fed(shop, Change("customers", "c-1", "delete"))
    assert scope.looked_up_before(shop, NOON + timedelta(days=1)) == ()


def test_a_document_of_a_newer_schema_waits_and_the_old_one_goes_on(shop: Connection) -> None:
    fed(shop, full())
    newer = Change("customers", "c-1", "upsert", customer(points=7), "event-1", version=2)
    applied = fed(shop, newer)
    assert (applied.quarantined, applied.confirmed, points(shop)) == (1, (), 70)
    assert changes.census(shop) == Census(1, 0, ("customers",))
    assert changes.read_again(shop) == 0


def test_a_release_that_knows_the_schema_takes_up_what_waited(
    shop: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    fed(shop, Change("products", "sku-1", "upsert", {"sku": "sku-1"}))
    fed(shop, Change("customers", "c-1", "upsert", customer(points=7), version=2))
    known = {**documents.COLLECTIONS}
    kind = known["customers"]
    known["customers"] = documents.Collection(kind.table, kind.shape, version=2)
    monkeypatch.setattr(documents, "COLLECTIONS", known)
    assert changes.read_again(shop) == 1
    assert points(shop) == 7
    assert changes.census(shop) == Census(1, 0, ("products",))


def test_unknown_collections_are_counted_by_name_within_limits(shop: Connection) -> None:
    fed(shop, *(Change("horoscopes", str(n), "upsert", {}) for n in range(3)))
    fed(shop, *(Change(f"kind-{n}" * 50, "k", "upsert", {}) for n in range(200)))
    rows = dict(shop.execute("SELECT collection, n FROM ignored").fetchall())
    assert rows["horoscopes"] == 3
    assert len(rows) == changes.MAX_IGNORED_COLLECTIONS
    assert max(map(len, rows)) == changes.MAX_COLLECTION_NAME
    assert changes.census(shop).unknown == 102


def test_fields_of_a_later_release_survive_the_way_to_a_stub_and_back(shop: Connection) -> None:
    fed(shop, full(shoe_of_the_year={"left": 39}))
    fed(shop, full(shoe_of_the_year={"left": 40}))
    (raw,) = shop.execute("SELECT doc FROM customers").fetchone()
    assert orjson.loads(raw)["shoe_of_the_year"] == {"left": 40}
