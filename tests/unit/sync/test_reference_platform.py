"""The reference platform: accepting events, the feed, the snapshot, and who may ask."""

import asyncio
import tracemalloc
from contextlib import closing

import orjson
import pytest
import zstandard
from unit.sync.platform_bench import opened_platform

from sync.reference_platform import EventRefusedError, PlatformStore
from sync.reference_platform import feed as platform_feed
from sync.reference_platform.feed import UnknownCursorError, changes_after
from sync.reference_platform.line import Line, is_open_door

EVENTS = "/v1/stores/s1/events"
CHANGES = "/v1/stores/s1/changes"
BATCH_TYPE = {"content-type": "application/cloudevents-batch+json"}


def event(number: int = 1, **fields) -> dict:
    made = {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": "/stores/s1/epoch1",
        "type": "store.person.changed",
        "sequence": f"{number:020}",
        "time": "2026-11-21T10:00:00Z",
        "data": {"n": number},
    }
    return made | fields


async def post(client, *events, **headers):
    return await client.post(EVENTS, content=orjson.dumps(events), headers=BATCH_TYPE | headers)


async def snapshot_lines(client) -> list[dict]:
    answer = await client.get("/v1/stores/s1/snapshot")
    assert answer.headers["content-encoding"] == "zstd"
    return [orjson.loads(line) for line in answer.text.splitlines()]


async def cursor_now(client) -> str:
    return (await snapshot_lines(client))[-1]["cursor"]


@pytest.mark.asyncio
async def test_the_same_event_counts_once_however_late_it_comes_again(tmp_path):
    async with opened_platform(tmp_path) as (_, client):
        first = await post(client, event(1))
        again = await post(client, event(1), event(2), event(1))
        other_epoch = await post(client, event(1, source="/stores/s1/epoch2"))
        assert first.json()["results"] == [{"id": "e1", "status": "accepted"}]
        statuses = [result["status"] for result in again.json()["results"]]
        assert statuses == ["duplicate", "accepted", "duplicate"]
        assert other_epoch.json()["results"][0]["status"] == "accepted"
        assert again.json()["reconnect_window_s"] == 2.0


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "bad",
    [
        "text",
        event(specversion="0.3"),
        event(id=""),
        event(id=7),
        event(type=None),
        event(source="/stores/other/epoch1"),
        event(subject=5),
        event(data=[1]),
        event(sequence="1"),
        event(time="yesterday"),
        event(time="2026-11-21T10:00:00"),
    ],
)
async def test_what_is_no_cloudevent_of_this_store_is_rejected_alone_and_for_good(tmp_path, bad):
    async with opened_platform(tmp_path) as (_, client):
        answer = await post(client, event(8), bad, event(9))
        first, rejected, last = answer.json()["results"]
        assert (first["status"], last["status"]) == ("accepted", "accepted")
        assert rejected["status"] == "rejected"
        assert rejected["permanent"] is True
        assert rejected["reason"]


@pytest.mark.asyncio
async def test_a_whole_batch_that_is_unreadable_is_a_problem_document(tmp_path):
    async with opened_platform(tmp_path, max_events=3) as (_, client):
        bomb = zstandard.compress(b" " * 50_000_000)
        for content, headers, status in [
            (b"{}", BATCH_TYPE, 400),
            (b"[torn", BATCH_TYPE, 400),
            (b"no zstd", BATCH_TYPE | {"content-encoding": "zstd"}, 400),
            (bomb, BATCH_TYPE | {"content-encoding": "zstd"}, 413),
            (orjson.dumps([event(n) for n in range(4)]), BATCH_TYPE, 413),
            (b" " * 3_000_000, BATCH_TYPE, 413),
            (b"[]", {"content-type": "application/json"}, 415),
        ]:
            answer = await client.post(EVENTS, content=content, headers=headers)
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["title"]


@pytest.mark.asyncio
async def test_nothing_answers_without_the_token(tmp_path):
    async with opened_platform(tmp_path) as (_, client):
        for method, path in [
            ("POST", EVENTS),
            ("GET", EVENTS),
            ("GET", "/v1/stores/s1"),
            ("GET", "/v1/stores/s1/sources"),
            ("GET", CHANGES),
            ("GET", "/v1/stores/s1/snapshot"),
            ("POST", "/v1/stores/s1/lookups"),
            ("POST", "/v1/demo/line"),
        ]:
            answer = await client.request(method, path, headers={"authorization": "Bearer no"})
            assert answer.status_code == 401
            assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.asyncio
async def test_events_are_read_back_in_pages_and_per_store(tmp_path):
    async with opened_platform(tmp_path) as (_, client):
        await post(client, *[event(n) for n in range(1, 6)])
        ids, after = [], ""
        for _ in range(4):
            page = (await client.get(EVENTS, params={"after": after, "limit": 2})).json()
            ids += [e["id"] for e in page["events"]]
            after = page["next"]
        assert ids == ["e1", "e2", "e3", "e4", "e5"]
        assert (await client.get("/v1/stores/s2/events")).json() == {"events": [], "next": ""}


class Settling:
    """Answers an event with a changed customer; refuses some."""

    def apply(self, event, store) -> None:
        store.put("customers", "c1", {"id": "c1", "n": event.data["n"]}, confirms=event.id)
        if event.data["n"] == 13:
            raise EventRefusedError("unlucky", "not this one")
        if event.data["n"] == 666:
            raise RuntimeError


@pytest.mark.asyncio
async def test_rules_settle_an_event_once_and_the_change_confirms_it(tmp_path):
    async with opened_platform(tmp_path, Settling()) as (platform, client):
        cursor = await cursor_now(client)
        await post(client, event(1))
        await post(client, event(1))
        await post(client, event(13))
        page = (await client.get(CHANGES, params={"cursor": cursor})).json()
        assert page["changes"] == [
            {
                "collection": "customers",
                "key": "c1",
                "op": "upsert",
                "doc": {"id": "c1", "n": 1},
                "confirms": "e1",
            }
        ]
        assert platform.store.get("customers", "c1") == {"id": "c1", "n": 1}


@pytest.mark.asyncio
async def test_rules_that_break_take_nothing_of_the_batch(tmp_path):
    async with opened_platform(tmp_path, Settling()) as (platform, client):
        with pytest.raises(RuntimeError):
            await post(client, event(1), event(666))
        assert platform.store.get("customers", "c1") is None
        assert (await client.get(EVENTS)).json()["events"] == []


@pytest.mark.asyncio
async def test_a_long_poll_answers_when_something_changes_and_when_time_is_up(tmp_path):
    async with opened_platform(tmp_path) as (platform, client):
        cursor = await cursor_now(client)
        loop = asyncio.get_running_loop()
        began = loop.time()
        quiet = await client.get(CHANGES, params={"cursor": cursor, "wait": 0.2})
        assert 0.2 <= loop.time() - began < 1
        assert (quiet.json()["changes"], quiet.json()["up_to_date"]) == ([], True)
        waiting = asyncio.create_task(client.get(CHANGES, params={"cursor": cursor, "wait": 20}))
        await asyncio.sleep(0.05)
        platform.store.delete("customers", "c9", confirms="e9")
        page = (await waiting).json()
        [change] = page["changes"]
        expected = {"collection": "customers", "key": "c9", "op": "delete", "confirms": "e9"}
        assert change == expected
        assert page["server_time"] == "2026-11-21T10:00:00.000000Z"
        assert loop.time() - began < 3


@pytest.mark.asyncio
async def test_a_cursor_that_is_unknown_or_too_old_is_lost(tmp_path):
    async with opened_platform(tmp_path) as (platform, client):
        cursor = await cursor_now(client)
        log = cursor.partition(".")[0]
        for bad in ["", "x", f"{log}.7", f"{log}.-1", f"{log}.", "other.0"]:
            answer = await client.get(CHANGES, params={"cursor": bad})
            assert answer.status_code == 409
        platform.store.seed("customers", [("c1", {"id": "c1"})])
        assert (await client.get(CHANGES, params={"cursor": cursor})).status_code == 409
        fresh = await cursor_now(client)
        assert (await client.get(CHANGES, params={"cursor": fresh})).status_code == 200


@pytest.mark.asyncio
async def test_many_changes_come_in_pages_until_up_to_date(tmp_path):
    async with opened_platform(tmp_path) as (platform, client):
        cursor = await cursor_now(client)
        platform.store.put_many("products", [(f"p{n}", {"n": n}) for n in range(1200)])
        sizes, up_to_date = [], False
        while not up_to_date:
            page = (await client.get(CHANGES, params={"cursor": cursor})).json()
            sizes.append(len(page["changes"]))
            cursor, up_to_date = page["cursor"], page["up_to_date"]
        assert sizes == [500, 500, 200]


@pytest.mark.asyncio
async def test_the_snapshot_holds_the_current_state_and_a_cursor_that_follows_it(tmp_path):
    async with opened_platform(tmp_path) as (platform, client):
        platform.store.put("customers", "c1", {"id": "c1"})
        platform.store.put("customers", "c1", {"id": "c1", "points": 2})
        platform.store.put("customers", "gone", {})
        platform.store.delete("customers", "gone")
        head, document, tail = await snapshot_lines(client)
        assert head == {"snapshot": {"total": 1, "as_of": "2026-11-21T10:00:00.000000Z"}}
        doc = {"id": "c1", "points": 2}
        assert document == {"collection": "customers", "key": "c1", "doc": doc}
        assert tail["count"] == 1
        page = (await client.get(CHANGES, params={"cursor": tail["cursor"]})).json()
        assert page["changes"] == []


def test_the_snapshot_needs_the_same_memory_for_any_number_of_documents(tmp_path):
    with closing(PlatformStore(tmp_path / "platform.db")) as store:
        doc = orjson.dumps({"id": "c", "pad": "x" * 400})
        store.seed("customers", ((f"c{n:06}", doc) for n in range(20_000)))
    tracemalloc.start()
    pieces = sum(1 for _ in platform_feed.snapshot(tmp_path / "platform.db", "now"))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert pieces > 20
    assert peak_bytes < 4_000_000


@pytest.mark.asyncio
async def test_a_lookup_finds_a_pass_and_its_owner(tmp_path):
    async with opened_platform(tmp_path) as (platform, client):
        platform.store.put("passes", "p1", {"id": "p1", "customer_id": "c1"})
        platform.store.put("customers", "c1", {"id": "c1"})
        path = "/v1/stores/s1/lookups"
        found = (await client.post(path, json={"pass_id": "p1"})).json()["documents"]
        assert [(d["collection"], d["key"]) for d in found] == [
            ("customers", "c1"),
            ("passes", "p1"),
        ]
        assert (await client.post(path, json={"pass_id": "p2"})).status_code == 404
        assert (await client.post(path, json={"pass_id": 2})).status_code == 422
        assert (await client.post(path, content=b"torn")).status_code == 400


def test_the_line_is_remembered_in_the_file(tmp_path):
    with closing(PlatformStore(tmp_path / "platform.db")) as store:
        assert Line(store).up
        Line(store).cut()
    with closing(PlatformStore(tmp_path / "platform.db")) as store:
        line = Line(store)
        assert not line.up
        line.restore()
        assert Line(store).up


@pytest.mark.parametrize(
    ("method", "url", "is_open"),
    [
        (b"POST", b"/v1/demo/line", True),
        (b"GET", b"/v1/stores/s1/events?after=&limit=5", True),
        (b"POST", b"/v1/stores/s1/events", False),
        (b"GET", b"/v1/stores/s1/changes", False),
        (b"GET", b"/v1/stores/s1/snapshot", False),
        (b"GET", b"/v1/stores/s1/events/more", False),
        (b"GET", b"/v1/demo/line", False),
    ],
)
def test_only_two_doors_stay_open_while_the_line_is_cut(method, url, is_open):
    assert is_open_door(method, url) is is_open


def test_a_cursor_of_another_file_is_unknown(tmp_path):
    with closing(PlatformStore(tmp_path / "a.db")) as one:
        with closing(PlatformStore(tmp_path / "b.db")) as other:
            cursor = f"{other.note('log')}.0"
        with pytest.raises(UnknownCursorError):
            changes_after(one, cursor, "s1")
