"""`POST /api/v1/scans`: answers, idempotency, and everything a till may get wrong."""

from __future__ import annotations

import asyncio

import pytest
from builders import customer, grant, offer, shop, wallet_pass
from hypothesis import given, settings
from hypothesis import strategies as st

SCANS = "/api/v1/scans"


@pytest.mark.asyncio
async def test_a_known_pass_is_greeted_and_one_scan_event_is_written(tmp_path):
    async with shop(tmp_path, [customer(), wallet_pass(), offer()]) as running:
        answer = (await running.scan()).json()
        assert answer["customer"] == {
            "id": "c-1",
            "display_name": "Mira Musterfrau",
            "tier": "Gold",
        }
        assert answer["reason"] is None
        assert [o["offer_id"] for o in answer["offers"]] == ["o-1"]
        assert answer["as_of"] == "2026-11-21T08:00:00Z"
        types = await running.types()
    assert sum("scan" in kind for kind in types) == 1
    assert set(types) == {"store.scan.recorded", "store.visit.started", "store.offer.exposed"}


@pytest.mark.asyncio
async def test_an_unknown_pass_is_an_answer_without_a_name(tmp_path):
    async with shop(tmp_path) as running:
        answer = await running.scan("NOBODY")
        assert answer.status_code == 200
        assert answer.json() == {
            "visit_id": None,
            "customer": None,
            "reason": "unknown_pass",
            "offers": [],
            "as_of": None,
        }
        assert await running.types() == ["store.scan.recorded"]


@pytest.mark.asyncio
async def test_a_second_scan_goes_on_with_the_same_visit(tmp_path):
    async with shop(tmp_path) as running:
        first = (await running.scan()).json()["visit_id"]
        running.clock.advance(600)
        second = (await running.scan(lane="till-1")).json()["visit_id"]
        types = await running.types()
    assert first == second
    assert types.count("store.visit.started") == 1
    assert types.count("store.scan.recorded") == 2


@pytest.mark.asyncio
async def test_a_retry_with_the_same_id_gets_the_same_answer_and_no_second_event(tmp_path):
    async with shop(tmp_path) as running:
        first = await running.scan(scan_id="s-1")
        again = await running.scan(scan_id="s-1")
        assert first.content == again.content
        assert (await running.types()).count("store.scan.recorded") == 1


@pytest.mark.asyncio
async def test_the_same_id_for_another_scan_is_a_conflict(tmp_path):
    async with shop(tmp_path) as running:
        await running.scan(scan_id="s-1")
        answer = await running.scan("OTHER", scan_id="s-1")
        assert answer.status_code == 409
        assert len(await running.types()) == 2


@pytest.mark.asyncio
async def test_twins_at_the_same_moment_are_one_scan_and_one_visit(tmp_path):
    async with shop(tmp_path) as running:
        answers = await asyncio.gather(*(running.scan(scan_id="s-1") for _ in range(20)))
        visits = await asyncio.gather(*(running.scan() for _ in range(20)))
        types = await running.types()
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.json()["visit_id"] for answer in visits}) == 1
    assert types.count("store.visit.started") == 1
    assert types.count("store.scan.recorded") == 21


BAD_BODIES = [
    ({"lane": "nowhere", "data": "x"}, 422, "lane"),
    ({"lane": "till-0"}, 422, "data"),
    ({"data": "x"}, 422, "lane"),
    ({"lane": "till-0", "data": 5}, 422, "data"),
    ({"lane": "till-0", "data": None}, 422, "data"),
    ({"lane": "till-0", "data": "x", "scanned_at": "yesterday"}, 422, "scanned_at"),
    ({"lane": "till-0", "data": "x", "scan_id": ""}, 422, "scan_id"),
    ([], 422, None),
    ("text", 422, None),
    (b"", 422, None),
    (b"{", 400, None),
    (b"\xff\xfe\x00", 400, None),
    (b'{"lane": "till-0", "data": "\xc3"}', 400, None),
    (b"\x00" * 100, 400, None),
]


@pytest.mark.asyncio
async def test_a_bad_body_is_a_clear_problem_and_changes_nothing(tmp_path):
    async with shop(tmp_path) as running:
        for body, status, field in BAD_BODIES:
            answer = await running.post(SCANS, body)
            problem = answer.json()
            assert (answer.status_code, problem.get("field")) == (status, field), body
            assert answer.headers["content-type"] == "application/problem+json"
            assert problem["hint"]
            assert "Traceback" not in answer.text
        assert await running.types() == []


@pytest.mark.asyncio
async def test_odd_data_is_an_answer_not_an_error(tmp_path):
    async with shop(tmp_path) as running:
        for data in ("", "\x00", "x" * 8000, "ü\u202e🎁", "]Q1", "\r\n"):
            answer = await running.scan(data)
            assert answer.status_code == 200
            assert answer.json()["customer"] is None
            assert answer.json()["reason"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"consents": []}, "no_consent"),
        ({"consents": [grant(state="withdrawn")]}, "no_consent"),
        ({"consents": [grant("marketing.email")]}, "no_consent"),
        ({"states": ["deceased"]}, "not_addressable"),
        ({"states": ["not_this_person"]}, "not_this_person"),
    ],
)
async def test_who_may_not_be_named_is_named_nowhere(tmp_path, fields, reason):
    async with shop(tmp_path, [customer(**fields), wallet_pass()]) as running:
        answer = (await running.scan()).json()
        assert (answer["customer"], answer["reason"]) == (None, reason)
        assert answer["visit_id"] is None
        ((kind, subject, data),) = await running.events()
        assert (kind, subject, data["pass_id"]) == ("store.scan.recorded", None, None)
        assert (await running.get("/api/v1/customers?q=musterfrau")).json() == {"customers": []}
        assert (await running.get("/api/v1/customers/c-1")).status_code == 404
        assert (await running.get("/api/v1/presence")).json() == {"visits": [], "arrivals": []}


@pytest.mark.asyncio
async def test_a_pass_whose_owner_was_deleted_names_nobody(tmp_path):
    async with shop(tmp_path, [wallet_pass()]) as running:
        assert (await running.scan()).json()["reason"] == "customer_gone"


@pytest.mark.asyncio
async def test_a_colleague_is_served_but_is_no_visit(tmp_path):
    async with shop(tmp_path, [customer(states=["colleague"]), wallet_pass()]) as running:
        answer = (await running.scan()).json()
        assert answer["customer"]["id"] == "c-1"
        assert answer["visit_id"] is None
        assert await running.types() == ["store.scan.recorded"]


@pytest.mark.asyncio
async def test_a_clock_of_1970_still_greets_a_static_pass(tmp_path):
    async with shop(tmp_path) as running:
        running.clock.wall = running.clock.wall.replace(year=1970)
        assert (await running.scan()).json()["customer"]["id"] == "c-1"


@pytest.mark.asyncio
async def test_the_scanned_text_is_in_no_event(tmp_path):
    async with shop(tmp_path) as running:
        await running.scan("SECRET-MEMBER-CODE")
        assert "SECRET" not in str(await running.events())


@settings(max_examples=5)
@given(bodies=st.lists(st.binary(max_size=200), min_size=20, max_size=20))
def test_no_body_gets_a_traceback_or_a_500(tmp_path_factory, bodies):
    async def post() -> None:
        async with shop(tmp_path_factory.mktemp("fuzz")) as running:
            for body in bodies:
                answer = await running.post(SCANS, body)
                assert answer.status_code in {400, 422}

    asyncio.run(post())
