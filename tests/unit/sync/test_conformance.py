"""The check of other people's platforms: silent about good ones, and right about each fault."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import orjson
import pytest
from unit.sync.platform_bench import AT, TOKEN

from sync.conformance import Finding, Verdict, check_platform
from sync.reference_platform import Limits, PlatformStore, SnapshotScope
from sync.reference_platform.app import Platform, create_app
from sync.transports.http import HttpLine

pytestmark = pytest.mark.asyncio

Spoil = Callable[[httpx.Request, httpx.Response], httpx.Response]


class SpoiledLine(httpx.AsyncBaseTransport):
    """Lets `spoil` change the answers of the platform behind it."""

    def __init__(self, platform: httpx.AsyncBaseTransport, spoil: Spoil) -> None:
        self._platform = platform
        self._spoil = spoil

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._platform.handle_async_request(request)
        if "content-encoding" not in answer.headers:  # a snapshot goes on as it is
            await answer.aread()
        return self._spoil(request, answer)


async def check(
    folder: Path, spoil: Spoil | None = None, limits: Limits | None = None
) -> list[Finding]:
    store = PlatformStore(folder / "platform.db")
    platform = Platform(store, TOKEN, lambda: AT, limits=limits or Limits())
    app = create_app(platform)
    state = {"platform": platform, "line": platform.line}

    async def with_state(scope, receive, send):
        await app(scope | {"state": state}, receive, send)

    def line(token: str) -> HttpLine:
        transport: httpx.AsyncBaseTransport = httpx.ASGITransport(with_state)
        if spoil is not None:
            transport = SpoiledLine(transport, spoil)
        return HttpLine("http://platform", token, lambda: AT, transport)

    found = [finding async for finding in check_platform(line(TOKEN), line("x"), "s1", "run")]
    await platform.shelf.close()
    store.close()
    return found


def wrong(found: list[Finding]) -> dict[str, str]:
    return {f.asked: f.words for f in found if f.verdict is Verdict.WRONG}


@pytest.mark.parametrize(
    "limits",
    [
        Limits(),
        Limits(batches=False, encodings=("identity",), max_events=50),
        Limits(max_events=7, scope=SnapshotScope.SHOP),
    ],
    ids=["usual", "plain", "narrow"],
)
async def test_the_reference_platform_has_nothing_wrong_in_any_setting(tmp_path, limits):
    found = await check(tmp_path, limits=limits)
    assert wrong(found) == {}
    assert len(found) == 21


def is_events(request: httpx.Request) -> bool:
    return request.method == "POST" and request.url.path.endswith("/events")


def with_results(change: Callable[[dict], None]) -> Spoil:
    """Changes each result of a batch."""

    def spoil(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        if not (is_events(request) and answer.status_code == 200):
            return answer
        document = answer.json()
        for result in document["results"]:
            change(result)
        return httpx.Response(200, json=document)

    return spoil


def never_duplicate(result: dict) -> None:
    if result["status"] == "duplicate":
        result["status"] = "accepted"


def without_reason(result: dict) -> None:
    result.pop("reason", None)


def for_now(result: dict) -> None:
    if result["status"] == "rejected":
        result["permanent"] = False


def anonymous(result: dict) -> None:
    result["id"] = "another"


def status_instead(status: int, instead: int) -> Spoil:
    def spoil(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        if answer.status_code != status or "content-encoding" in answer.headers:
            return answer
        return httpx.Response(instead, headers={"content-type": "text/html"}, text="<h1>no</h1>")

    return spoil


def one_bad_spoils_all(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
    if is_events(request) and answer.status_code == 200:
        results = answer.json()["results"]
        if any(result["status"] == "rejected" for result in results):
            return httpx.Response(422, json={"title": "bad batch"})
    return answer


def reversed_results(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
    if is_events(request) and answer.status_code == 200:
        document = answer.json()
        document["results"].reverse()
        return httpx.Response(200, json=document)
    return answer


def odd_changes(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
    if request.url.path.endswith("/changes") and answer.status_code == 200:
        return httpx.Response(200, json=answer.json() | {"changes": [{"op": "explode"}]})
    return answer


AGAIN = "It knows an event again, whenever it comes"
BATCH = "It takes a batch and answers each event"
BAD = "One bad event does not hold up the others"
FAULTS = {
    "no dedupe": (with_results(never_duplicate), AGAIN, "unique index"),
    "dedupe under load": (
        with_results(never_duplicate),
        "Two copies of a batch at the same time count once",
        "same time",
    ),
    "no reason": (with_results(without_reason), BAD, "a code and a reason"),
    "rejected for now": (with_results(for_now), BAD, '"permanent": true'),
    "other ids": (with_results(anonymous), BATCH, "the id of each event"),
    "other order": (reversed_results, BATCH, "in the order of the batch"),
    "all or nothing": (one_bad_spoils_all, BAD, "one result per event"),
    "open to all": (
        status_instead(401, 200),
        "It answers nobody without the right token",
        "Answer 401",
    ),
    "html for torn JSON": (
        status_instead(400, 400),
        "A body that is no JSON is answered with a problem document",
        "application/problem+json",
    ),
    "500 for too much": (status_instead(413, 500), "A zstd bomb does not bring it down", "413"),
    "lost cursor as 404": (
        status_instead(409, 404),
        "A cursor that it does not know is answered 409",
        "Answer 409",
    ),
    "odd changes": (odd_changes, "Behind the snapshot's cursor it sends changes", "no change"),
}


@pytest.mark.parametrize(("spoil", "asked", "says"), FAULTS.values(), ids=FAULTS.keys())
async def test_each_fault_is_found_and_explained(tmp_path, spoil, asked, says):
    found = wrong(await check(tmp_path, spoil))
    assert says in found[asked]


async def test_a_platform_that_only_takes_events_lacks_what_it_may_lack(tmp_path):
    def only_events(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        return answer if is_events(request) else httpx.Response(404, text="nothing here")

    found = await check(tmp_path, only_events)
    assert wrong(found) == {}
    absent = [finding.asked for finding in found if finding.verdict is Verdict.ABSENT]
    assert absent == [
        "It says what it takes",
        "Its snapshot is complete NDJSON with zstd, and ends with a cursor",
        "It answers look-ups within the time of a scan",
    ]


async def test_a_platform_that_steers_nothing_is_noted(tmp_path):
    def silent(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        if not (is_events(request) and answer.status_code == 200):
            return answer
        return httpx.Response(200, json={"results": answer.json()["results"]})

    notes = [f.words for f in await check(tmp_path, silent) if f.verdict is Verdict.NOTE]
    assert any("reconnect_window_s" in words for words in notes)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (httpx.ConnectError("refused"), "no connection"),
        (httpx.Response(302, headers={"location": "http://portal"}), "redirect"),
        (httpx.Response(401), "refuses the token"),
    ],
    ids=["nobody", "portal", "token"],
)
async def test_a_platform_that_cannot_be_asked_is_told_in_a_line_or_two(answer, says):
    def respond(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=dict(answer.headers))

    line = HttpLine("http://platform", "t", lambda: AT, httpx.MockTransport(respond))
    found = [finding async for finding in check_platform(line, line, "s1", "run")]
    assert says in str(wrong(found)).lower() or says in str(wrong(found))


async def test_its_events_are_about_nobody(tmp_path):
    bodies: list[bytes] = []

    def remember(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        if request.headers.get("content-type", "").startswith("application/cloudevents"):
            bodies.append(request.content)
        return answer

    await check(tmp_path, remember)
    plain = [orjson.loads(body) for body in bodies if body.startswith(b'[{"specversion"')]
    assert plain
    assert not any("subject" in event for batch in plain for event in batch)
