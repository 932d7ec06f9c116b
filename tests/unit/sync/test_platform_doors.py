"""How the reference platform says what it takes, steers, and notices copies of a box."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta

import orjson
import pytest
import zstandard
from unit.sync.platform_bench import AT, opened_platform

from sync.reference_platform import PlatformStore
from sync.reference_platform.feed import UnknownCursorError, changes_after, head
from sync.reference_platform.limits import Limits
from sync.reference_platform.upkeep import KEEP_CHANGES, tidy

STORE = "/v1/stores/s1"
EVENTS = f"{STORE}/events"
BATCH = {"content-type": "application/cloudevents-batch+json"}
SINGLE = {"content-type": "application/cloudevents+json; charset=utf-8"}


def event(number: int, **fields) -> dict:
    made = {"specversion": "1.0", "id": f"e{number}", "source": "/stores/s1/epoch1", "type": "t"}
    return made | {"sequence": f"{number:020}", "data": {"n": number}} | fields


async def post(client, *events, **headers):
    return await client.post(EVENTS, content=orjson.dumps(events), headers=BATCH | headers)


async def statuses(client, *events) -> list[str]:
    answer = await post(client, *events)
    return [result.get("code", result["status"]) for result in answer.json()["results"]]


@pytest.mark.asyncio
async def test_it_says_what_it_takes(tmp_path):
    async with opened_platform(tmp_path, max_events=7, max_batches_per_s=2.5) as (_, client):
        told = (await client.get(STORE)).json()
        assert told["store"] == "s1"
        assert told["events"] == {
            "batch": True,
            "max_events": 7,
            "max_bytes": 2097152,
            "max_decompressed_bytes": 16777216,
            "encodings": ["zstd", "identity"],
            "max_batches_per_s": 2.5,
        }
        assert told["server_time"] == "2026-11-21T10:00:00.000000Z"


@pytest.mark.asyncio
async def test_the_clock_and_the_window_are_in_every_answer_about_news(tmp_path):
    async with opened_platform(tmp_path, reconnect_window_s=9.0, max_batches_per_s=3.0) as (
        platform,
        client,
    ):
        platform.store.put("customers", "c1", {"id": "c1"})
        cursor = head(platform.store.path)
        answers = [
            await client.get(STORE),
            await post(client, event(1)),
            await client.get(f"{STORE}/changes", params={"cursor": cursor}),
            await client.post(f"{STORE}/lookups", json={"customer_id": "c1"}),
        ]
        for answer in answers:
            assert answer.json()["server_time"] == "2026-11-21T10:00:00.000000Z"
            assert answer.json()["reconnect_window_s"] == 9.0
        assert answers[1].json()["max_batches_per_s"] == 3.0


@pytest.mark.asyncio
async def test_one_event_alone_is_answered_as_in_a_batch(tmp_path):
    async with opened_platform(tmp_path) as (_, client):
        for expected in ("accepted", "duplicate"):
            answer = await client.post(EVENTS, content=orjson.dumps(event(1)), headers=SINGLE)
            assert answer.json()["results"] == [{"id": "e1", "status": expected}]
        packed = zstandard.compress(orjson.dumps(event(2)))
        headers = SINGLE | {"content-encoding": "zstd"}
        answer = await client.post(EVENTS, content=packed, headers=headers)
        assert answer.json()["results"] == [{"id": "e2", "status": "accepted"}]


@pytest.mark.asyncio
async def test_a_form_it_does_not_read_is_415_and_says_which_it_reads(tmp_path):
    plain = {"batches": False, "encodings": ("identity",)}
    async with opened_platform(tmp_path, **plain) as (_, client):
        for headers in (BATCH, SINGLE | {"content-encoding": "zstd"}, {"content-type": "text/x"}):
            answer = await client.post(EVENTS, content=b"[]", headers=headers)
            assert answer.status_code == 415
            assert answer.headers["accept-encoding"] == "identity"
            assert answer.headers["content-type"] == "application/problem+json"
        assert (
            await client.post(EVENTS, content=orjson.dumps(event(1)), headers=SINGLE)
        ).is_success


@pytest.mark.asyncio
async def test_under_maintenance_batches_wait_and_documents_do_not(tmp_path):
    async with opened_platform(tmp_path, retry_after_s=30) as (_, client):
        answer = await post(client, event(1))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
        assert (await client.get(f"{STORE}/snapshot")).is_success


@pytest.mark.asyncio
async def test_a_key_with_another_body_or_without_quotes_is_refused(tmp_path):
    async with opened_platform(tmp_path) as (_, client):
        key = {"idempotency-key": '"batch-1"'}
        assert (await post(client, event(1), **key)).is_success
        again = await post(client, event(1), **key)
        assert again.json()["results"] == [{"id": "e1", "status": "duplicate"}]
        assert (await post(client, event(2), **key)).status_code == 422
        for bad in ("batch-1", '""', '"', '"a"b"', ""):
            assert (await post(client, event(3), **{"idempotency-key": bad})).status_code == 400
        other_store = "/v1/stores/s2/events"
        moved = event(1, source="/stores/s2/e")
        answer = await client.post(other_store, content=orjson.dumps([moved]), headers=BATCH | key)
        assert answer.is_success


@pytest.mark.asyncio
async def test_a_key_whose_first_request_is_under_way_is_a_conflict(tmp_path):
    release = asyncio.Event()
    loop = asyncio.get_running_loop()

    class SlowRules:
        def apply(self, event, store) -> None:
            asyncio.run_coroutine_threadsafe(release.wait(), loop).result(3)

    async with opened_platform(tmp_path, SlowRules()) as (_, client):
        key = {"idempotency-key": '"batch-1"'}
        first = asyncio.create_task(post(client, event(1), **key))
        await asyncio.sleep(0.05)
        second = await post(client, event(1), **key)
        release.set()
        assert (second.status_code, (await first).status_code) == (409, 200)
        assert (await post(client, event(1), **key)).json()["results"][0]["status"] == "duplicate"


@pytest.mark.asyncio
async def test_two_events_at_one_place_are_a_copied_box_and_the_second_is_held(tmp_path):
    async with opened_platform(tmp_path) as (_, client):
        await post(client, event(1), event(2))
        copied = event(2, id="other")
        assert await statuses(client, copied, event(3)) == ["sequence_fork", "accepted"]
        assert await statuses(client, copied) == ["sequence_fork"]
        assert await statuses(client, event(2)) == ["duplicate"], "a repeat is no fork"
        [source] = (await client.get(f"{STORE}/sources")).json()["sources"]
        assert (source["state"], source["forks"], source["events"]) == ("forked", 2, 3)
        assert source["last_sequence"] == f"{3:020}"


@pytest.mark.asyncio
async def test_an_epoch_that_goes_on_after_its_successor_has_begun_is_flagged(tmp_path):
    async with opened_platform(tmp_path) as (_, client):
        new = {"source": "/stores/s1/epoch2"}

        async def states() -> list[str]:
            found = (await client.get(f"{STORE}/sources")).json()["sources"]
            return [source["state"] for source in found]

        assert await states() == []
        await post(client, event(1))
        assert await states() == ["current"]
        await post(client, event(1, **new))
        assert await states() == ["replaced", "current"]
        await post(client, event(1))
        assert await states() == ["replaced", "current"], "a repeat is no sign of life"
        assert await statuses(client, event(2)) == ["accepted"], "its events happened all the same"
        assert await states() == ["alive_beside", "current"]


def test_the_log_is_cut_by_age_and_a_cursor_before_the_cut_is_lost(tmp_path):
    with closing(PlatformStore(tmp_path / "platform.db")) as store:
        store.put("customers", "old", {"id": "old"})
        store.delete("customers", "old")
        start = f"{store.note('log')}.0"
        before = head(store.path)
        tidy(store, AT)
        store.put("customers", "young", {"id": "young"})
        tidy(store, AT + KEEP_CHANGES)
        assert len(changes_after(store, start, "s1").changes) == 3, "not a day too early"
        tidy(store, AT + KEEP_CHANGES + timedelta(seconds=1))
        assert [c["key"] for c in changes_after(store, before, "s1").changes] == ["young"]
        with pytest.raises(UnknownCursorError):
            changes_after(store, start, "s1")
        tidy(store, AT + 3 * KEEP_CHANGES)
        assert changes_after(store, head(store.path), "s1").changes == []


def test_a_file_of_an_earlier_release_is_taken_over(tmp_path):
    with closing(sqlite3.connect(tmp_path / "platform.db")) as old:
        old.executescript("""
            CREATE TABLE events (seq INTEGER PRIMARY KEY AUTOINCREMENT, store_id TEXT NOT NULL,
                source TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL, UNIQUE (source, id))
                STRICT;
            CREATE TABLE changes (seq INTEGER PRIMARY KEY AUTOINCREMENT, collection TEXT NOT NULL,
                key TEXT NOT NULL, op TEXT NOT NULL, doc BLOB, confirms TEXT) STRICT;
            INSERT INTO changes (collection, key, op) VALUES ('customers', 'c1', 'delete');
        """)
    with closing(PlatformStore(tmp_path / "platform.db")) as store:
        assert len(changes_after(store, f"{store.note('log')}.0", "s1").changes) == 1


def test_the_limits_a_shop_assumes_are_those_the_platform_has():
    from sync.transports.capabilities import Capabilities

    told = Limits().as_document()
    assert Capabilities.read(told) == Capabilities(reconnect_window_s=2.0)
