"""What the shop sends follows what the platform says it takes, and falls back where it says no."""

import asyncio
from datetime import UTC, datetime

import httpx
import orjson
import pytest
import zstandard

from sync.errors import TransportError
from sync.outbox import OutboxRow
from sync.transports import platform_http
from sync.transports.capabilities import Capabilities
from sync.transports.http import HttpLine, told_time
from sync.transports.pace import MAX_PAUSE_S, Pace, used_up_for_s
from sync.transports.platform_http import PlatformHttpTransport

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
PROBLEM = {"content-type": "application/problem+json"}
BATCH, SINGLE = "application/cloudevents-batch+json", "application/cloudevents+json"


def row(number: int, data: bytes = b'{"n":1}') -> OutboxRow:
    return OutboxRow(number, f"e{number}", "t", "c1", "2026-11-21T10:00:00.000000Z", data)


def rows(count: int) -> list[OutboxRow]:
    return [row(number) for number in range(count)]


class Receiver:
    """A platform that says `capabilities` (a status instead: it has no such door) and takes all.

    `unread` are (content type, encoding) it answers with 415; `answers` come before anything else.
    """

    def __init__(self, capabilities=404, unread=(), answers=()) -> None:
        self.capabilities = capabilities
        self.unread = set(unread)
        self.answers = list(answers)
        self.questions = 0
        self.posts: list[httpx.Request] = []
        line = HttpLine("http://platform", "token", lambda: AT, httpx.MockTransport(self.answer))
        self.transport = PlatformHttpTransport(line, "s1", "epoch1")

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/stores/s1":
            self.questions += 1
            if isinstance(self.capabilities, int):
                return httpx.Response(self.capabilities, text="<html>no such page</html>")
            return httpx.Response(200, json=self.capabilities)
        self.posts.append(request)
        if self.answers:
            return self.answers.pop(0)
        if self.form(request) in self.unread:
            return httpx.Response(415)
        results = [{"id": event["id"], "status": "accepted"} for event in events_of(request)]
        return httpx.Response(200, json={"results": results, "server_time": "2026-11-21T09:00:00Z"})

    @staticmethod
    def form(request: httpx.Request) -> tuple[str, str]:
        return request.headers["content-type"], request.headers.get("content-encoding", "")

    @property
    def forms(self) -> list[tuple[str, str]]:
        return [self.form(post) for post in self.posts]

    @property
    def sizes(self) -> list[int]:
        return [len(events_of(post)) for post in self.posts]


def events_of(request: httpx.Request) -> list[dict]:
    body = request.content
    if request.headers.get("content-encoding") == "zstd":
        body = zstandard.decompress(body)
    found = orjson.loads(body)
    return found if isinstance(found, list) else [found]


@pytest.mark.asyncio
async def test_a_platform_that_does_not_say_what_it_takes_gets_what_the_contract_says():
    for status in (404, 405, 500, 501, 200):
        platform = Receiver({"hello": "world"} if status == 200 else status)
        assert len(await platform.transport.send(rows(500))) == 500
        assert len(await platform.transport.send(rows(1))) == 1
        assert platform.forms == [(BATCH, "zstd")] * 2
        assert platform.questions == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [401, 403, 429, 503, 302, 511])
async def test_a_question_that_is_refused_is_an_error_like_any_other(status):
    platform = Receiver(status)
    with pytest.raises(TransportError) as caught:
        await platform.transport.send(rows(1))
    assert caught.value.permanent is (status in (401, 403))
    assert caught.value.hint
    assert platform.posts == []


@pytest.mark.asyncio
async def test_batches_are_no_larger_than_the_platform_takes():
    platform = Receiver({"events": {"batch": True, "max_events": 7}})
    assert [len(await platform.transport.send(rows(20))) for _ in range(2)] == [7, 7]
    assert platform.sizes == [7, 7]


@pytest.mark.asyncio
@pytest.mark.parametrize("limit", ["max_bytes", "max_decompressed_bytes"])
async def test_bodies_are_no_larger_than_the_platform_takes(limit):
    encodings = ["identity"] if limit == "max_bytes" else ["zstd"]
    platform = Receiver({"events": {limit: 2000, "encodings": encodings}})
    delivered = await platform.transport.send(rows(200))
    [request] = platform.posts
    sent = request.content if limit == "max_bytes" else zstandard.decompress(request.content)
    assert len(sent) <= 2000
    assert 1 < len(delivered) < 20
    [result] = await platform.transport.send([row(1, b'{"x":"%s"}' % (b"x" * 5000))])
    assert result.delivered, "one event goes out whatever its size: the platform decides"


@pytest.mark.asyncio
async def test_a_platform_without_zstd_gets_plain_batches():
    platform = Receiver({"events": {"encodings": ["identity"]}})
    assert len(await platform.transport.send(rows(3))) == 3
    assert platform.forms == [(BATCH, "")]


@pytest.mark.asyncio
async def test_a_platform_that_asks_for_no_batches_gets_single_events_in_order():
    platform = Receiver({"events": {"batch": False, "encodings": []}})
    results = await platform.transport.send(rows(5))
    assert [result.id for result in results] == ["e0", "e1", "e2", "e3", "e4"]
    assert platform.forms == [(SINGLE, "")] * 5
    assert [events_of(post)[0]["id"] for post in platform.posts] == ["e0", "e1", "e2", "e3", "e4"]
    assert events_of(platform.posts[0])[0]["data"] == {"n": 1}


@pytest.mark.asyncio
async def test_415_leads_to_plain_batches_then_to_single_events_and_no_further():
    zstd, plain, single = (BATCH, "zstd"), (BATCH, ""), (SINGLE, "")
    one = Receiver(unread=[zstd])
    assert len(await one.transport.send(rows(3))) == 3
    assert one.forms == [zstd, plain]
    two = Receiver(unread=[zstd, plain])
    assert len(await two.transport.send(rows(3))) == 3
    assert two.forms == [zstd, plain, single, single, single]
    await two.transport.send(rows(1))
    assert two.forms[-1] == single, "what was learned is kept"
    three = Receiver(unread=[zstd, plain, single])
    with pytest.raises(TransportError) as caught:
        await three.transport.send(rows(3))
    assert caught.value.permanent
    assert caught.value.hint


@pytest.mark.asyncio
async def test_after_an_hour_the_platform_is_asked_again_and_may_take_more(monkeypatch):
    platform = Receiver(unread=[(BATCH, "zstd"), (BATCH, "")])
    await platform.transport.send(rows(3))
    platform.unread, platform.capabilities = set(), {"events": {"max_events": 100}}
    clock = asyncio.get_running_loop().time() + platform_http.KNOWN_FOR_S
    monkeypatch.setattr(platform_http, "_loop_time", lambda: clock)
    assert len(await platform.transport.send(rows(300))) == 100
    assert platform.questions == 2
    assert platform.forms[-1] == (BATCH, "zstd")


@pytest.mark.asyncio
async def test_what_is_no_platform_is_asked_again_after_a_minute(monkeypatch):
    platform = Receiver(500)
    await platform.transport.send(rows(1))
    clock = asyncio.get_running_loop().time() + platform_http.GUESSED_FOR_S
    monkeypatch.setattr(platform_http, "_loop_time", lambda: clock)
    await platform.transport.send(rows(1))
    assert platform.questions == 2


@pytest.mark.asyncio
async def test_single_events_end_behind_one_that_is_wanted_later_or_an_unreadable_one():
    later = {"id": "e1", "status": "rejected", "code": "not_now", "permanent": False}
    fine = {"id": "e0", "status": "accepted"}
    platform = Receiver(
        {"events": {"batch": False}},
        answers=[
            httpx.Response(200, json={"results": [fine]}),
            httpx.Response(200, json={"results": [later]}),
        ],
    )
    results = await platform.transport.send(rows(5))
    assert [(r.id, r.delivered, r.permanent) for r in results] == [
        ("e0", True, False),
        ("e1", False, False),
    ]
    platform.answers = [httpx.Response(400, headers=PROBLEM, json={"status": 400})]
    results = await platform.transport.send(rows(2))
    assert [(r.delivered, r.permanent, r.code) for r in results] == [
        (False, True, "unreadable"),
        (True, False, ""),
    ]


class Picky(Receiver):
    """Answers 400 as a problem whenever one of `unreadable` is in the body."""

    def __init__(self, capabilities=404, unreadable=()) -> None:
        super().__init__(capabilities)
        self.unreadable = set(unreadable)

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and self.unreadable & {e["id"] for e in events_of(request)}:
            return httpx.Response(400, headers=PROBLEM, json={"status": 400})
        return super().answer(request)


async def all_answers(platform: Picky, batch: list[OutboxRow]) -> dict[str, bool]:
    """Whether each event was delivered, in as many steps and tries as it takes."""
    found: dict[str, bool] = {}
    for _ in range(99):
        rest = [one for one in batch if one.id not in found]
        if not rest:
            break
        try:
            found |= {one.id: one.delivered for one in await platform.transport.send(rest)}
        except TransportError:
            continue
    return found


@pytest.mark.asyncio
@pytest.mark.parametrize("capabilities", [404, {"events": {"batch": False}}])
async def test_unreadable_events_are_passed_by_when_others_are_read(capabilities):
    platform = Picky(capabilities, {f"e{n}" for n in (0, 1, 5, *range(10, 40), 49)})
    found = await all_answers(platform, rows(50))
    assert list(found) == [f"e{n}" for n in range(50)]
    assert {event_id for event_id, delivered in found.items() if not delivered} == (
        platform.unreadable
    )


@pytest.mark.asyncio
@pytest.mark.parametrize("capabilities", [404, {"events": {"batch": False}}])
async def test_a_platform_that_reads_nothing_does_not_empty_the_queue_into_quarantine(capabilities):
    platform = Picky(capabilities, {f"e{n}" for n in range(50)})
    for _ in range(9):
        with pytest.raises(TransportError) as caught:
            await platform.transport.send(rows(50))
        assert not caught.value.permanent
        assert "operator" in caught.value.hint
    platform.unreadable = set()
    assert all((await all_answers(platform, rows(50))).values())


@pytest.mark.asyncio
async def test_a_single_event_that_cannot_be_read_is_believed_once_and_then_again_after_a_success():
    platform = Picky(unreadable={"e0", "e1", "e3"})
    assert [r.permanent for r in await platform.transport.send([row(0)])] == [True]
    with pytest.raises(TransportError):
        await platform.transport.send([row(1)])
    assert [r.delivered for r in await platform.transport.send([row(1), row(2)])] == [False, True]
    assert [r.permanent for r in await platform.transport.send([row(3)])] == [True]


@pytest.mark.asyncio
async def test_on_a_line_too_slow_for_many_single_events_each_one_counts():
    platform = Receiver({"events": {"batch": False}})
    fine = [httpx.Response(200, json={"results": [{"id": "e0", "status": "accepted"}]})]
    platform.answers = fine.copy()

    def slow(request: httpx.Request) -> httpx.Response:
        if len(platform.posts) == 1:
            platform.posts.append(request)
            raise httpx.ReadTimeout("slow")
        return platform.answer(request)

    line = HttpLine("http://platform", "token", lambda: AT, httpx.MockTransport(slow))
    transport = PlatformHttpTransport(line, "s1", "epoch1")
    with pytest.raises(TransportError):
        await transport.send(rows(9))
    assert [len(await transport.send(rows(9))) for _ in range(3)] == [1, 2, 4]


@pytest.mark.asyncio
async def test_an_answer_to_a_single_event_that_names_no_result_is_none():
    for answer in (httpx.Response(204), httpx.Response(200, json={}), httpx.Response(202)):
        platform = Receiver({"events": {"batch": False}}, answers=[answer])
        with pytest.raises(TransportError) as caught:
            await platform.transport.send(rows(1))
        assert not caught.value.permanent


@pytest.mark.asyncio
async def test_each_batch_has_a_key_that_is_the_same_when_it_is_sent_again():
    first, second = Receiver(), Receiver()
    for platform in (first, second):
        platform.answers = [httpx.Response(500)]
        with pytest.raises(TransportError):
            await platform.transport.send(rows(3))
        await platform.transport.send(rows(3))
        await platform.transport.send(rows(2))
        await platform.transport.send([row(0), row(1), row(2, b'{"n":2}')])
    keys = [post.headers["idempotency-key"] for post in first.posts]
    assert keys == [post.headers["idempotency-key"] for post in second.posts]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3
    assert all(key[0] == key[-1] == '"' and key[1:-1].isalnum() for key in keys)


@pytest.mark.asyncio
async def test_a_batch_that_the_platform_still_works_on_is_sent_again_later():
    platform = Receiver(answers=[httpx.Response(409, headers=PROBLEM, json={"status": 409})])
    with pytest.raises(TransportError) as caught:
        await platform.transport.send(rows(3))
    assert not caught.value.permanent
    assert len(await platform.transport.send(rows(3))) == 3


@pytest.mark.asyncio
async def test_the_platforms_clock_is_heard_from_its_words_or_from_the_date_header():
    platform = Receiver()
    assert platform.transport.server_time is None
    await platform.transport.send(rows(1))
    assert platform.transport.server_time == datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    date = {"date": "Sat, 21 Nov 2026 08:00:00 GMT"}
    assert told_time(None, date) == datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
    assert told_time("2026-11-21T10:00:00+02:00", date).hour == 8
    for text, headers in [("soon", {}), (7, {"date": "today"}), ("2026-11-21T10:00:00", {})]:
        assert told_time(text, headers) is None


@pytest.mark.asyncio
async def test_the_window_and_the_rate_can_be_set_by_capabilities_and_by_answers(monkeypatch):
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(platform_http.asyncio, "sleep", wait)
    steering = {"events": {"max_batches_per_s": 2}, "reconnect_window_s": 44}
    platform = Receiver(steering)
    for _ in range(5):
        await platform.transport.send(rows(1))
    assert platform.transport.reconnect_window_s == 44
    assert waits[:3] == [0, 0, 0]
    assert 0 < waits[3] <= 0.5 < waits[4] <= 1.0
    results = [{"id": "e0", "status": "accepted"}]
    free = {"results": results, "max_batches_per_s": None, "reconnect_window_s": 3}
    platform.answers = [httpx.Response(200, json=free)]
    for _ in range(3):
        await platform.transport.send(rows(1))
    assert platform.transport.reconnect_window_s == 3
    assert waits[-1] == 0


@pytest.mark.asyncio
async def test_a_quota_that_is_used_up_holds_the_next_batch_and_explains_a_429(monkeypatch):
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(platform_http.asyncio, "sleep", wait)
    limit = {"RateLimit": '"burst";r=3;t=1, "day";r=0;t=4'}
    results = {"results": [{"id": "e0", "status": "accepted"}]}
    platform = Receiver(answers=[httpx.Response(200, json=results, headers=limit)])
    await platform.transport.send(rows(1))
    await platform.transport.send(rows(1))
    assert waits[0] == 0
    assert 3.5 < waits[1] <= 4
    platform.answers = [httpx.Response(429, headers={"RateLimit": '"day";r=0;t=30'})]
    with pytest.raises(TransportError) as caught:
        await platform.transport.send(rows(1))
    assert caught.value.retry_after_s == 30


@pytest.mark.parametrize(
    ("headers", "expected_s"),
    [
        ({}, None),
        ({"ratelimit": '"a";r=5;t=9'}, None),
        ({"ratelimit": '"a";r=0;t=9'}, 9),
        ({"ratelimit": '"a";t=9;r=0, "b";r=0;t=20;pk=:x:'}, 20),
        ({"ratelimit": '"a";r=0'}, None),
        ({"ratelimit": ";;;=r,r=0"}, None),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "12"}, 12),
        ({"ratelimit-remaining": "1", "ratelimit-reset": "12"}, None),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "tomorrow"}, None),
    ],
)
def test_ratelimit_headers_are_understood_and_never_required(headers, expected_s):
    assert used_up_for_s(headers) == expected_s


def test_a_pace_lets_a_burst_through_and_then_keeps_its_rate():
    pace = Pace()
    assert [pace.take(0.0) for _ in range(9)] == [0.0] * 9
    pace.limit(4)
    assert [pace.take(100.0) for _ in range(5)] == [0, 0, 0, 0.25, 0.5]
    assert pace.take(200.0) == 0
    pace.limit(0.001)
    for _ in range(4):
        pause_s = pace.take(300.0)
    assert pause_s == MAX_PAUSE_S
    pace.limit(None)
    pace.hold(400.0, 5.0)
    assert pace.take(401.0) == 4.0
    assert pace.take(406.0) == 0


@pytest.mark.parametrize(
    "nonsense",
    [
        {"events": 7},
        {"events": {"max_events": 0, "max_bytes": -1, "max_decompressed_bytes": "many"}},
        {"events": {"max_events": True, "encodings": "zstd", "max_batches_per_s": "fast"}},
        {"reconnect_window_s": False},
        {},
    ],
)
def test_capabilities_that_make_no_sense_are_the_contracts_own(nonsense):
    assert Capabilities.read(nonsense) == Capabilities()
