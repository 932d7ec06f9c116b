"""The table of doors: every route is in it, and it is the only way in."""

from __future__ import annotations

import itertools

import pytest
from builders import TOKENS, bearer, shop
from fastapi.routing import iter_route_contexts

from store_agent.api.doors import DOORS, Door, DoorTable
from store_agent.config import Audience

MACHINES = [audience for audience in Audience if audience.value in TOKENS]
CLOSED = [door for door in DOORS if Audience.PUBLIC not in door.audiences]
PUBLIC_PATHS = {
    "/healthz",
    "/ca.crt",
    "/pair",
    "/language",
    "/static/{digest}/{name:path}",
    "/sw.js",
    "/manifest.webmanifest",
    "/offline",
}


def url(door: Door) -> str:
    return (
        door.path.replace("{name:path}", "app.js")
        .replace("{customer_id:path}", "c-1")
        .replace("{", "")
        .replace("}", "")
    )


def names(door: Door) -> str:
    return f"{door.method} {door.path}"


@pytest.mark.asyncio
async def test_the_table_and_the_routes_are_the_same(tmp_path):
    async with shop(tmp_path) as running:
        routes = {
            (method, context.path)
            for context in iter_route_contexts(running.agent.web._app.routes)
            for method in context.methods or ()
            if method != "HEAD"
        }
    assert routes == {(door.method, door.path) for door in DOORS}


def test_only_the_known_few_answer_everybody():
    public = {door.path for door in DOORS if Audience.PUBLIC in door.audiences}
    assert public == PUBLIC_PATHS


@pytest.mark.asyncio
async def test_a_stranger_is_turned_away_at_every_door_that_is_not_public(tmp_path):
    async with shop(tmp_path) as running:
        for door in CLOSED:
            answer = await running.client.request(door.method, url(door))
            assert answer.status_code == 401, names(door)
            assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.asyncio
async def test_each_machine_gets_through_its_own_doors_only(tmp_path):
    async with shop(tmp_path) as running:
        for door, machine in itertools.product(CLOSED, MACHINES):
            answer = await running.client.request(
                door.method, url(door), headers=bearer(machine.value)
            )
            refused = answer.status_code == 403 and "audience" in answer.text
            assert refused == (machine not in door.audiences), (names(door), machine)


@pytest.mark.asyncio
async def test_a_wrong_token_is_told_so_even_at_a_public_door(tmp_path):
    async with shop(tmp_path) as running:
        answer = await running.client.get("/healthz", headers={"Authorization": "Bearer nope"})
    assert answer.status_code == 401


@pytest.mark.asyncio
async def test_a_browser_is_led_to_the_pairing_page(tmp_path):
    async with shop(tmp_path) as running:
        page = await running.client.get("/", headers={"Accept": "text/html"})
        fragment = await running.client.get("/search?q=a", headers={"HX-Request": "true"})
    assert (page.status_code, page.headers["location"]) == (303, "/pair")
    assert fragment.headers["hx-redirect"] == "/pair"


@pytest.mark.asyncio
async def test_a_foreign_host_name_is_not_served(tmp_path):
    async with shop(tmp_path) as running:
        answer = await running.client.get("/pair", headers={"Host": "evil.example.com"})
    assert answer.status_code == 421


@pytest.mark.asyncio
async def test_a_cross_site_request_with_cookies_is_refused(tmp_path):
    cases = [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example.com"}, 403),
        ({}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 401),
        ({"Origin": "http://127.0.0.1"}, 401),
    ]
    async with shop(tmp_path) as running:
        for headers, status in cases:
            answer = await running.client.post("/scan", headers={"Cookie": "device=x", **headers})
            assert answer.status_code == status, headers


@pytest.mark.asyncio
async def test_a_body_over_the_limit_is_refused_with_or_without_a_declared_length(tmp_path):
    async def stream(limit):
        for _ in range(limit // 1024 + 1):
            yield b" " * 1024

    machine_doors = [d for d in DOORS if d.method == "POST" and Audience.ADMIN in d.audiences]
    async with shop(tmp_path) as running:
        for door in machine_doors:
            for content in (b" " * (door.body_limit + 1), stream(door.body_limit)):
                answer = await running.client.post(
                    url(door), content=content, headers=bearer("admin") | {"Idempotency-Key": "k"}
                )
                assert answer.status_code == 413, names(door)
    assert machine_doors


@pytest.mark.asyncio
async def test_every_answer_carries_the_security_headers(tmp_path):
    async with shop(tmp_path) as running:
        for answer in (await running.scan(), await running.client.get("/pair")):
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] in {"no-referrer", "same-origin"}


def test_a_template_matches_one_segment_and_a_path_the_rest():
    table = DoorTable(DOORS)
    assert table.find("POST", "/pos/v1/baskets/t-1/commit") is not None
    assert table.find("POST", "/pos/v1/baskets/t/1/commit") is None
    assert table.find("GET", "/static/abc/deep/app.js") is not None
    assert table.find("DELETE", "/api/v1/scans") is None
