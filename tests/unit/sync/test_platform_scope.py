"""What a store of narrow scope gets: its own customers in full, stubs of others, look-ups."""

import hashlib
from datetime import timedelta

import orjson
import pytest
from unit.sync.platform_bench import AT, opened_platform

from sync.reference_platform import SnapshotScope
from sync.reference_platform.scope import STAY_DAYS
from sync.reference_platform.upkeep import tidy

NARROW = {"scope": SnapshotScope.SHOP}
EVENTS_HEADERS = {"content-type": "application/cloudevents-batch+json"}
ERIKA = {
    "id": "c-erika",
    "display_name": "Erika M.",
    "as_of": "2026-11-20T10:00:00Z",
    "home_store": "s2",
    "phone": "+491701234567",
    "email": " Erika@Example.com",
    "member_number": "2900000000017",
    "consents": [{"purpose": "clienteling", "state": "granted"}],
    "points": 700,
}
STUB = {
    "id": "c-erika",
    "display_name": "Erika M.",
    "as_of": "2026-11-20T10:00:00Z",
    "home_store": "s2",
    "consents": [{"purpose": "clienteling", "state": "granted"}],
    "stub": True,
}
KARL = {"id": "c-karl", "display_name": "Karl", "home_store": "s1", "points": 5}


def fill(store) -> None:
    store.put("customers", "c-erika", ERIKA)
    store.put("customers", "c-karl", KARL)
    store.put("passes", "p-erika", {"id": "p-erika", "customer_id": "c-erika", "message": "PASS-É"})
    store.put("passes", "p-karl", {"id": "p-karl", "customer_id": "c-karl", "message": "PASS-2"})
    for who in ("erika", "karl"):
        voucher = {"id": f"v-{who}", "customer_id": f"c-{who}", "code": f"CODE-{who}"}
        store.put("vouchers", f"v-{who}", voucher)
    store.put("purchases", "t-erika", {"id": "t-erika", "customer_id": "c-erika"})
    store.put("offers", "o1", {"id": "o1"})


async def snapshot(client, store="s1") -> tuple[dict, str]:
    answer = await client.get(f"/v1/stores/{store}/snapshot")
    start, *lines, end = [orjson.loads(line) for line in answer.text.splitlines()]
    assert start["snapshot"]["total"] == end["count"] == len(lines)
    return {(line["collection"], line["key"]): line["doc"] for line in lines}, end["cursor"]


async def changes(client, cursor, store="s1") -> tuple[list, str]:
    page = (await client.get(f"/v1/stores/{store}/changes", params={"cursor": cursor})).json()
    assert page["up_to_date"] is True
    found = [(c["collection"], c["key"], c.get("doc")) for c in page["changes"]]
    return found, page["cursor"]


@pytest.mark.asyncio
async def test_the_snapshot_holds_stubs_of_others_without_what_they_own(tmp_path):
    async with opened_platform(tmp_path, **NARROW) as (platform, client):
        fill(platform.store)
        here, _ = await snapshot(client)
        assert here["customers", "c-karl"] == KARL
        assert here["customers", "c-erika"] == STUB
        assert {key for collection, key in here if collection == "passes"} == {"p-erika", "p-karl"}
        assert {key for collection, key in here if collection == "vouchers"} == {"v-karl"}
        assert ("purchases", "t-erika") not in here
        assert ("offers", "o1") in here
        there, _ = await snapshot(client, "s2")
        assert there["customers", "c-erika"] == ERIKA
        assert there["customers", "c-karl"]["stub"] is True


@pytest.mark.asyncio
async def test_a_platform_of_full_scope_sends_everything_to_everybody(tmp_path):
    async with opened_platform(tmp_path) as (platform, client):
        fill(platform.store)
        here, _ = await snapshot(client)
        assert here["customers", "c-erika"] == ERIKA
        assert len(here) == 8


@pytest.mark.asyncio
async def test_changes_are_narrowed_like_the_snapshot(tmp_path):
    async with opened_platform(tmp_path, **NARROW) as (platform, client):
        fill(platform.store)
        _, cursor = await snapshot(client)
        platform.store.put("customers", "c-erika", ERIKA | {"points": 800})
        platform.store.put("vouchers", "v-new", {"id": "v-new", "customer_id": "c-erika"})
        platform.store.put("vouchers", "v-said", {"customer_id": "c-erika"}, confirms="e1")
        platform.store.delete("vouchers", "v-erika")
        found, cursor = await changes(client, cursor)
        assert found == [
            ("customers", "c-erika", STUB),
            ("vouchers", "v-said", {"customer_id": "c-erika"}),
            ("vouchers", "v-erika", None),
        ]
        assert (await changes(client, cursor))[0] == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "wanted",
    [
        {"pass_id": "p-erika"},
        {"customer_id": "c-erika"},
        {"barcode_sha256": hashlib.sha256("PASS-É".encode()).hexdigest()},
        {"voucher": "v-erika"},
        {"voucher": "CODE-erika"},
        {"member_number": "2900000000017"},
        {"phone_sha256": hashlib.sha256(b"+491701234567").hexdigest()},
        {"email_sha256": hashlib.sha256(b"erika@example.com").hexdigest()},
    ],
    ids=lambda wanted: next(iter(wanted)),
)
async def test_a_look_up_answers_all_of_a_customer_whose_news_follow_from_then_on(tmp_path, wanted):
    async with opened_platform(tmp_path, **NARROW) as (platform, client):
        fill(platform.store)
        _, cursor = await snapshot(client)
        answer = (await client.post("/v1/stores/s1/lookups", json=wanted)).json()
        names = [(d["collection"], d["key"]) for d in answer["documents"]]
        assert names == [
            ("customers", "c-erika"),
            ("passes", "p-erika"),
            ("purchases", "t-erika"),
            ("vouchers", "v-erika"),
        ]
        assert answer["documents"][0]["doc"] == ERIKA
        found, cursor = await changes(client, cursor)
        assert [name[:2] for name in found] == [n for n in names if n[0] != "passes"]
        assert found[0][2] == ERIKA
        platform.store.put("customers", "c-erika", ERIKA | {"points": 900})
        assert (await changes(client, cursor))[0] == [
            ("customers", "c-erika", ERIKA | {"points": 900})
        ]
        others, _ = await snapshot(client, "s3")
        assert others["customers", "c-erika"]["stub"] is True


@pytest.mark.asyncio
async def test_another_store_hears_nothing_of_a_look_up(tmp_path):
    async with opened_platform(tmp_path, **NARROW) as (platform, client):
        fill(platform.store)
        _, cursor = await snapshot(client, "s3")
        await client.post("/v1/stores/s1/lookups", json={"customer_id": "c-erika"})
        assert (await changes(client, cursor, "s3"))[0] == []


@pytest.mark.asyncio
async def test_a_customer_seen_in_a_store_is_in_its_scope_until_long_not_seen(tmp_path):
    async with opened_platform(tmp_path, **NARROW) as (platform, client):
        fill(platform.store)
        _, cursor = await snapshot(client)
        event = {"specversion": "1.0", "id": "e1", "source": "/stores/s1/e", "type": "t"}
        body = orjson.dumps([event | {"subject": "c-erika"}])
        await client.post("/v1/stores/s1/events", content=body, headers=EVENTS_HEADERS)
        found, cursor = await changes(client, cursor)
        assert found[0] == ("customers", "c-erika", ERIKA)
        assert (await snapshot(client))[0]["customers", "c-erika"] == ERIKA
        tidy(platform.store, AT + timedelta(days=STAY_DAYS))
        assert (await changes(client, cursor))[0] == []
        late = AT + timedelta(days=STAY_DAYS, seconds=1)
        tidy(platform.store, late)
        found, cursor = await changes(client, cursor)
        assert found == [
            ("customers", "c-erika", STUB | {"as_of": f"{late:%Y-%m-%dT%H:%M:%S.%fZ}"})
        ]
        assert (await snapshot(client))[0]["customers", "c-erika"]["stub"] is True


@pytest.mark.asyncio
async def test_what_changes_after_the_first_look_up_is_found_as_well(tmp_path):
    async with opened_platform(tmp_path) as (platform, client):

        async def found(**wanted) -> int:
            answer = await client.post("/v1/stores/s1/lookups", json=wanted)
            return len(answer.json()["documents"]) if answer.is_success else answer.status_code

        fill(platform.store)
        assert await found(voucher="CODE-erika") == 4
        platform.store.put("vouchers", "v2", {"customer_id": "c-erika", "code": "FRESH"})
        assert await found(voucher="FRESH") == 5
        platform.store.delete("vouchers", "v2")
        assert await found(voucher="FRESH") == 404
        platform.store.seed("vouchers", [("v3", {"customer_id": "c-karl", "code": "SEEDED"})])
        assert await found(voucher="SEEDED") == 4
        platform.store.put("passes", "p-nobody", {"id": "p-nobody"})
        assert await found(pass_id="p-nobody") == 1
        platform.store.delete("customers", "c-erika")
        assert await found(customer_id="c-erika") == 404


@pytest.mark.asyncio
async def test_a_question_that_is_none_is_refused(tmp_path):
    async with opened_platform(tmp_path) as (_, client):
        for wanted in ({}, {"name": "Erika"}, {"pass_id": 7}, {"pass_id": "a", "voucher": "b"}):
            answer = await client.post("/v1/stores/s1/lookups", json=wanted)
            assert answer.status_code == 422
