"""OwnTracks as it is, fences in and out, positions of the feed, claims."""

import base64

import orjson
import pytest
from builders import bearer, customer, grant, shop, wallet_pass
from presence_builders import FAR, INDOORS, RADIOS, UUID, fences, noticed, present, traces, walk

from geofences.owntracks_envelope import Envelope
from store_agent.app.feed import SyncCache
from store_agent.demo import place
from store_agent.domain.arrival import ArrivalStage
from sync.feed import Change, ChangeOp

BASIC = "Basic " + base64.b64encode(b"c-1:relay-token").decode()


def location(running, **more):
    doc = {"_type": "location", "lat": INDOORS[0], "lon": INDOORS[1], "acc": 8}
    return doc | {"tst": int(running.clock.now().timestamp())} | more


async def say(running, document, **headers):
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    return await running.client.post(
        "/api/v1/owntracks", content=body, headers={"Authorization": BASIC} | headers
    )


@pytest.mark.asyncio
async def test_the_app_signs_in_with_basic_and_its_user_is_the_customer(tmp_path):
    async with shop(tmp_path, [noticed(), fences()]) as running:
        await running.agent.presence.watch.sweep()
        for _ in range(30):
            running.clock.advance(15)
            answer = await say(running, location(running))
            assert (answer.status_code, answer.json()) == (200, [])
            await running.agent.presence.watch.sweep()
        assert len(await present(running)) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'{"_type":"lwt","tst":1}', b'{"_type":"location"}', b"\xff"],
)
async def test_the_app_is_never_told_to_send_again(tmp_path, body):
    async with shop(tmp_path, [noticed(), fences()]) as running:
        answer = await say(running, body)
        assert (answer.status_code, answer.json()) == (200, [])
        assert await traces(running) == 0


@pytest.mark.asyncio
async def test_a_wrong_password_is_refused(tmp_path):
    wrong = "Basic " + base64.b64encode(b"c-1:nope").decode()
    async with shop(tmp_path) as running:
        for authorization in (wrong, "Basic ???", "Basic"):
            answer = await say(running, b"", Authorization=authorization)
            assert answer.status_code == 401


@pytest.mark.asyncio
async def test_the_header_of_the_app_wins_over_the_user_name(tmp_path):
    async with shop(tmp_path, [noticed("c-2"), fences()]) as running:
        await running.agent.presence.watch.sweep()
        await say(running, location(running), **{"X-Limit-U": "c-2"})
        running.clock.advance(10)
        await running.agent.presence.watch.sweep()
        assert await traces(running) > 0


@pytest.mark.asyncio
async def test_a_beacon_of_the_shop_that_the_phone_hears_is_a_place_in_it(tmp_path):
    fixed = {"id": "z-1", "kind": "ibeacon", "zone": "women", "uuid": UUID, "major": 9, "minor": 1}
    known = [noticed(), fences(), ("beacons", "z-1", fixed)]
    async with shop(tmp_path, known) as running:
        await running.agent.presence.watch.sweep()
        heard = {"_type": "beacon", "uuid": UUID, "major": 9, "minor": 1}
        await say(running, heard | {"tst": int(running.clock.now().timestamp())})
        (visit,) = await present(running)
        assert (visit["zone"], visit["evidence"]) == ("women", "beacon")


@pytest.mark.asyncio
async def test_a_region_of_the_app_named_like_a_zone_is_that_zone(tmp_path):
    async with shop(tmp_path, [noticed(), fences()]) as running:
        await running.agent.presence.watch.sweep()
        message = {"_type": "transition", "t": "b", "event": "enter", "desc": "Damen"}
        now = int(running.clock.now().timestamp())
        await say(running, message | {"lat": 0, "lon": 0, "tst": now})
        assert [visit["zone"] for visit in await present(running)] == ["women"]


@pytest.mark.asyncio
async def test_an_encrypted_message_is_opened_with_the_configured_key(tmp_path):
    key = {"owntracks_key": "kein Geheimnis"}
    async with shop(tmp_path, [noticed(), fences()], presence=key) as running:
        await running.agent.presence.watch.sweep()
        data = Envelope("kein Geheimnis").seal(orjson.dumps(location(running)))
        await say(running, {"_type": "encrypted", "data": data})
        assert await traces(running) > 0


async def put(running, document):
    return await running.client.put(
        "/api/v1/fences", content=orjson.dumps(document), headers=bearer("admin")
    )


@pytest.mark.asyncio
async def test_fences_come_back_with_version_and_who_is_inside(tmp_path):
    people = [noticed(), noticed("c-2", consents=noticed()[2]["consents"][1:]), fences()]
    async with shop(tmp_path, people) as running:
        for subject in ("c-1", "c-2"):
            await walk(running, INDOORS, 60, subject=subject)
        features = (await running.get("/api/v1/fences")).json()["features"]
        building = next(one for one in features if one["id"] == "building")["properties"]
        assert (building["inside"], building["inside_count"]) == (["c-1"], 2)
        assert len(building["version"]) == 16


@pytest.mark.asyncio
async def test_fences_drawn_here_act_at_once_and_go_to_the_platform(tmp_path):
    async with shop(tmp_path, [noticed(), fences()]) as running:
        await walk(running, INDOORS, 420)
        rest = place.fences_document()
        rest["features"] = [one for one in rest["features"] if one["id"] == "parking"]
        answer = await put(running, rest)
        assert answer.status_code == 200
        assert [one["id"] for one in answer.json()["features"]] == ["parking"]
        assert len(await present(running)) == 1  # whoever is here stays here
        assert "store.fences.changed" in await running.types()
        left = [data["reason"] for kind, _, data in await running.events() if "left" in kind]
        assert "fence_removed" in left
        await running.learn(fences(), cursor="2")  # the feed does not have them yet
        await running.agent.presence.watch.sweep()
        assert len((await running.get("/api/v1/fences")).json()["features"]) == 1


@pytest.mark.asyncio
async def test_who_stands_where_a_fence_is_drawn_comes_in_without_another_position(tmp_path):
    async with shop(tmp_path, [noticed(), fences()]) as running:
        await walk(running, FAR, 60)
        around = {"type": "Point", "coordinates": [FAR[1], FAR[0]]}
        tent = {"id": "tent", "kind": "area", "radius_m": 60}
        drawn = place.fences_document()
        drawn["features"].append({"type": "Feature", "properties": tent, "geometry": around})
        there = (await put(running, drawn)).json()["features"][-1]["properties"]
        assert (there["id"], there["inside"]) == ("tent", ["c-1"])
        entered = [data["reason"] for kind, _, data in await running.events() if "entered" in kind]
        assert entered == ["fence_changed"]


@pytest.mark.asyncio
async def test_a_bad_fence_is_named_and_changes_nothing(tmp_path):
    async with shop(tmp_path, [fences()]) as running:
        await running.agent.presence.watch.sweep()
        bad = place.fences_document()
        bad["features"][0]["geometry"]["coordinates"][0].pop()
        answer = await put(running, bad)
        assert (answer.status_code, answer.json()["field"]) == (422, "building")
        assert "closed" in answer.json()["detail"]
        assert len((await running.get("/api/v1/fences")).json()["features"]) == 8
        assert await running.types() == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "document",
    [
        {"features": []},
        {"type": "Topology", "features": []},
        place.fences_document() | {"crs": {"type": "name", "properties": {"name": "EPSG:3857"}}},
    ],
)
async def test_what_is_no_collection_of_fences_removes_none(tmp_path, document):
    async with shop(tmp_path, [fences()]) as running:
        await running.agent.presence.watch.sweep()
        assert (await put(running, document)).status_code == 422
        assert len((await running.get("/api/v1/fences")).json()["features"]) == 8


@pytest.mark.asyncio
async def test_bad_fences_of_the_platform_leave_the_last_good_ones_and_say_so(tmp_path):
    async with shop(tmp_path, [fences()]) as running:
        await running.agent.presence.watch.sweep()
        await running.learn(("fences", "x", {"type": "Feature", "geometry": None}), cursor="2")
        await running.agent.presence.watch.sweep()
        assert len((await running.get("/api/v1/fences")).json()["features"]) == 8
        rows = (await running.get("/readyz")).json()["components"]
        (row,) = [one for one in rows if one["name"] == "fences"]
        assert row["state"] == "degraded"


@pytest.mark.asyncio
async def test_positions_of_the_feed_are_used_and_never_stored(tmp_path):
    async with shop(tmp_path, [noticed(), fences()]) as running:
        await running.agent.presence.watch.sweep()
        for _ in range(30):
            running.clock.advance(15)
            at = running.clock.now().isoformat()
            doc = {"subject": "c-1", "lat": INDOORS[0], "lon": INDOORS[1], "fixed_at": at}
            await running.agent.presence.watch.on_positions([doc | {"accuracy_m": 8}, {"lat": 1}])
            await running.agent.presence.watch.sweep()
        assert len(await present(running)) == 1


@pytest.mark.asyncio
async def test_a_withdrawal_counts_for_the_positions_of_the_same_page_of_the_feed(tmp_path):
    async with shop(tmp_path, [noticed(), fences()]) as running:
        await running.agent.presence.watch.sweep()
        watch, clock = running.agent.presence.watch, running.clock
        cache = SyncCache(
            running.agent.storage,
            clock,
            lambda _: None,
            watch.on_positions,
            running.agent.upkeep.take_news,
        )
        doc = {"subject": "c-1", "lat": INDOORS[0], "lon": INDOORS[1], "accuracy_m": 8}
        doc["fixed_at"] = clock.now().isoformat()
        withdrawn = grant("location", at="2026-11-22T00:00:00Z", state="withdrawn")
        _, key, person = noticed(consents=[grant(), grant("location"), withdrawn])
        position = Change("positions", "c-1", ChangeOp.UPSERT, doc)
        await cache.apply([position, Change("customers", key, ChangeOp.UPSERT, person)], "2")
        assert await traces(running) == 0
        assert await cache.cursor() == "2"


@pytest.mark.asyncio
async def test_a_claim_is_seen_lets_go_by_itself_and_is_forgotten_with_the_visit(tmp_path):
    staff = ("staff", "s-bea", {"id": "s-bea", "name": "Bea Beispiel", "role": "associate"})
    people = [customer(), wallet_pass(), staff, fences()]
    async with shop(tmp_path, people, presence=RADIOS) as running:
        visit_id = (await running.scan()).json()["visit_id"]
        await running.agent.tablet.claim(visit_id, viewer())
        assert [visit["claimed_by"] for visit in await present(running)] == ["s-bea"]
        page = await running.agent.tablet.floor(viewer())
        assert page.rows[0].claim.staff_name == "Bea Beispiel"
        running.clock.advance(21 * 60)
        assert (await running.agent.tablet.floor(viewer())).rows[0].claim is None
        assert [visit["claimed_by"] for visit in await present(running)] == [None]
        await running.agent.clienteling.on_release(visit_id)
        assert not [kind for kind in await running.types() if "claim" in kind]


def viewer():
    from kiosk_ui.model import Role, Viewer

    return Viewer("d-1", "Tablet", "s-bea", "Bea Beispiel", Role.ASSOCIATE, "de")


@pytest.mark.asyncio
async def test_the_tablet_shows_the_plan_and_who_comes_for_what(tmp_path):
    from presence_builders import NEED_ONLY, pickup

    people = [
        noticed("c-1", open_orders=[pickup()]),
        customer("c-2", consents=NEED_ONLY, open_orders=[pickup()]),
        noticed("c-3"),
        fences(),
    ]
    async with shop(tmp_path, people) as running:
        for subject in ("c-1", "c-2", "c-3"):
            await walk(running, (50.9365, 6.9490), 60, subject=subject)
        floor = await running.agent.tablet.floor(viewer())
        coming = {(row.name, row.need, row.stage) for row in floor.coming}
        stage = ArrivalStage.AT_CURBSIDE
        assert coming == {
            ("Mira Musterfrau", "Abholung: Mantel Muster", stage),
            ("", "Abholung", stage),
        }
        assert {zone.id for zone in floor.plan.zones} >= {"building", "parking", "women"}
        assert 100 < floor.plan.width_m < 130


@pytest.mark.asyncio
async def test_the_feed_takes_over_the_fences_once_it_confirms_them(tmp_path):
    async with shop(tmp_path, [fences()]) as running:
        drawn = place.fences_document()
        drawn["features"] = drawn["features"][:1]
        await put(running, drawn)
        storage = running.agent.storage
        ((event_id,),) = await storage.read(
            lambda view: view.ledger.execute("SELECT event_id FROM fence_edits").fetchall()
        )

        async def no_positions(_documents):
            raise AssertionError("there are none in this page")

        cache = SyncCache(
            storage, running.clock, lambda _: None, no_positions, running.agent.upkeep.take_news
        )
        confirmed = Change("fences", place.STORE_ID, ChangeOp.UPSERT, drawn, event_id)
        await cache.apply([confirmed], "2")
        later = Change("fences", place.STORE_ID, ChangeOp.UPSERT, place.fences_document())
        await cache.apply([later], "3")
        await running.agent.presence.watch.sweep()
        assert len((await running.get("/api/v1/fences")).json()["features"]) == 8
