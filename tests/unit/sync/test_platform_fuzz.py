"""Whatever is sent to the reference platform: an answer of the contract, never a crash."""

from __future__ import annotations

import asyncio
import string
from urllib.parse import quote

import httpx
import orjson
import pytest
import zstandard
from contract.test_contract_documents import check_answer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.sync.platform_bench import AT, TOKEN

from sync.reference_platform import Limits, PlatformStore, SnapshotScope
from sync.reference_platform.app import Platform, create_app
from sync.reference_platform.lookups import KINDS

EXAMPLES = 60
TEXT = st.text(max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
SOURCES = st.sampled_from(["/stores/s1/a", "/stores/s1/b", "/stores/s2/a"]) | TEXT
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "specversion": st.just("1.0") | JSON,
        "id": st.sampled_from(["e1", "e2", "e3"]) | JSON,
        "source": SOURCES,
        "type": st.just("store.scan.recorded") | JSON,
        "subject": st.sampled_from(["c1", "c2"]) | JSON,
        "sequence": st.sampled_from([f"{n:020}" for n in range(3)]) | JSON,
        "time": st.just("2026-11-21T10:00:00Z") | JSON,
        "data": st.just({}) | JSON,
    },
)
BODIES = st.binary(max_size=60) | (st.lists(EVENTS | JSON, max_size=5) | EVENTS | JSON).map(
    orjson.dumps
)
MEDIA_TYPES = st.sampled_from(
    ["application/cloudevents-batch+json", "application/cloudevents+json", "text/plain", ""]
)
PRINTABLE = st.text(string.printable.strip(), max_size=20)
HEADERS = st.fixed_dictionaries(
    {"content-type": MEDIA_TYPES},
    optional={
        "content-encoding": st.sampled_from(["zstd", "identity", "gzip", ""]),
        "idempotency-key": st.sampled_from(['"a"', '"b"', "a"]) | PRINTABLE,
        "range": st.sampled_from(["bytes=0-", "bytes=9-", "bytes=-1"]) | PRINTABLE,
        "if-range": PRINTABLE,
    },
)
VALUES = st.sampled_from(["0", "1", "-1", "nan", "inf", "1e9", "log.0"]) | TEXT
DOORS = st.sampled_from(
    [
        ("GET", ""),
        ("POST", "/events"),
        ("GET", "/events"),
        ("GET", "/sources"),
        ("GET", "/changes"),
        ("GET", "/snapshot"),
        ("POST", "/lookups"),
    ]
)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = PlatformStore(tmp_path_factory.mktemp("fuzz") / "platform.db")
    store.put("customers", "c1", {"id": "c1", "home_store": "s2"})
    store.put("vouchers", "v1", {"customer_id": "c1"})
    store.put("passes", "p1", {"customer_id": ["not", "a", "text"], "message": 7})
    yield store
    store.close()


async def ask(store, limits, method, url, **request) -> httpx.Response:
    platform = Platform(store, TOKEN, lambda: AT, limits=limits)
    app = create_app(platform)
    state = {"platform": platform, "line": platform.line}

    async def with_state(scope, receive, send):
        await app(scope | {"state": state}, receive, send)

    async with httpx.AsyncClient(
        base_url="http://platform", transport=httpx.ASGITransport(with_state)
    ) as client:
        answer = await client.request(method, url, **request)
    await platform.shelf.close()
    return answer


@pytest.mark.timeout(60)
def test_every_answer_is_one_of_the_contract(store):
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(
        door=DOORS,
        headers=HEADERS,
        body=BODIES,
        packed=st.booleans(),
        query=st.dictionaries(st.sampled_from(["after", "limit", "cursor"]), VALUES, max_size=3),
        scope=st.sampled_from(SnapshotScope),
    )
    def check(door, headers, body, packed, query, scope):  # noqa: PLR0917  one a strategy
        method, path = door
        if path == "/events" and method == "POST" and packed:
            body = zstandard.compress(body)
        url = f"/v1/stores/s1{path}"
        limits = Limits(scope=scope)
        answer = asyncio.run(
            ask(
                store,
                limits,
                method,
                url,
                params=query,
                content=body,
                headers=headers | {"authorization": f"Bearer {TOKEN}"},
            )
        )
        assert answer.status_code < 500
        if answer.status_code != 206:
            check_answer(method, url, answer)

    check()


@pytest.mark.timeout(60)
def test_every_question_about_a_customer_gets_an_answer(store):
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(kind=st.sampled_from(KINDS), value=st.sampled_from(["c1", "v1", "p1"]) | JSON)
    def check(kind, value):
        url = "/v1/stores/s1/lookups"
        headers = {"authorization": f"Bearer {TOKEN}"}
        answer = asyncio.run(
            ask(store, Limits(), "POST", url, content=orjson.dumps({kind: value}), headers=headers)
        )
        assert answer.status_code in {200, 404, 422}
        check_answer("POST", url, answer)

    check()


@pytest.mark.parametrize("store_id", ["", "a b", "a/b", "ü", "%00", "..", "x" * 500])
def test_a_store_of_any_name_is_a_store_or_a_404(store, store_id):
    url = f"/v1/stores/{quote(store_id, safe='%')}/events"
    headers = {"authorization": f"Bearer {TOKEN}"}
    answer = asyncio.run(ask(store, Limits(), "GET", url, headers=headers))
    assert answer.status_code in {200, 404}
