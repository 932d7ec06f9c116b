"""Everything a platform, a proxy or a captive portal can answer instead of the right thing."""

import asyncio
import gc
from datetime import UTC, datetime

import httpx
import orjson
import pytest
import zstandard

from sync.errors import CursorLostError, TooSlowError, TransportError, UnreachableError
from sync.feed import HttpFeed
from sync.outbox import OutboxRow
from sync.transports import platform_http
from sync.transports.http import HttpLine
from sync.transports.platform_http import PlatformHttpTransport, encode_batch

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
PROBLEM = {"content-type": "application/problem+json"}


def row(number: int) -> OutboxRow:
    return OutboxRow(number, f"e{number}", "t", "c1", "2026-11-21T10:00:00.000000Z", b'{"n":1}')


def rows(count: int) -> list[OutboxRow]:
    return [row(number) for number in range(count)]


def line(handler) -> HttpLine:
    return HttpLine("http://platform", "token", lambda: AT, httpx.MockTransport(handler))


def is_question(request: httpx.Request) -> bool:
    """Whether it asks what the platform takes."""
    return request.method == "GET" and request.url.path == "/v1/stores/s1"


def transport(handler, capabilities: dict | None = None) -> PlatformHttpTransport:
    """Without `capabilities` the platform has no such door."""

    def answer(request: httpx.Request) -> httpx.Response:
        if is_question(request):
            return httpx.Response(200, json=capabilities) if capabilities else httpx.Response(404)
        return handler(request)

    return PlatformHttpTransport(line(answer), "s1", "epoch1")


def sent_events(request: httpx.Request) -> list[dict]:
    return orjson.loads(zstandard.decompress(request.content))


def accept(request: httpx.Request) -> httpx.Response:
    results = [{"id": event["id"], "status": "accepted"} for event in sent_events(request)]
    return httpx.Response(200, json={"results": results, "reconnect_window_s": 7})


def answering(*args, **kwargs):
    return lambda request: httpx.Response(*args, **kwargs)


def results_of(*results):
    return answering(200, json={"results": list(results)})


@pytest.mark.asyncio
async def test_events_go_out_as_cloudevents_with_their_data_untouched():
    seen = []
    it = transport(lambda request: seen.append(request) or accept(request))
    await it.send(rows(1))
    [request] = seen
    assert request.url.path == "/v1/stores/s1/events"
    assert request.headers["authorization"] == "Bearer token"
    assert sent_events(request) == [
        {
            "specversion": "1.0",
            "id": "e0",
            "source": "/stores/s1/epoch1",
            "type": "t",
            "subject": "c1",
            "time": "2026-11-21T10:00:00.000000Z",
            "sequence": "00000000000000000000",
            "datacontenttype": "application/json",
            "data": {"n": 1},
        }
    ]
    assert it.reconnect_window_s == 7


MISBEHAVIOURS = {
    "500": answering(500, text="oops"),
    "html": answering(200, html="<html>log in to the wifi</html>"),
    "half a body": answering(200, content=b'{"results":[{"id":"e0","sta'),
    "nothing": answering(200, content=b""),
    "a list": answering(200, json=[1, 2]),
    "no results": answering(200, json={"ok": True}),
    "too few results": results_of({"id": "e0", "status": "accepted"}),
    "too many results": results_of(*[{"id": f"e{n}", "status": "accepted"} for n in range(3)]),
    "unknown ids": results_of(*[{"id": f"x{n}", "status": "accepted"} for n in range(2)]),
    "the same id twice": results_of(*[{"id": "e0", "status": "accepted"}] * 2),
    "unknown status": results_of(*[{"id": f"e{n}", "status": "maybe"} for n in range(2)]),
    "results of text": results_of("accepted", "accepted"),
    "ids that are lists": results_of(*[{"id": [], "status": "accepted"}] * 2),
    "redirect": answering(302, headers={"location": "http://portal.example.com/"}),
    "broken gzip": answering(200, headers={"content-encoding": "gzip"}, content=b"no gzip"),
    "204": answering(204),
    "html 400 of a proxy": answering(400, html="<html>bad</html>"),
}


@pytest.mark.asyncio
@pytest.mark.parametrize("handler", MISBEHAVIOURS.values(), ids=MISBEHAVIOURS.keys())
async def test_every_misbehaviour_becomes_a_transport_error_worth_a_retry(handler):
    with pytest.raises(TransportError) as caught:
        await transport(handler).send(rows(2))
    assert not caught.value.permanent


NETWORK_FAULTS = [
    httpx.ConnectError("refused"),
    httpx.ConnectTimeout("slow"),
    httpx.ReadError("reset"),
    httpx.RemoteProtocolError("half an answer"),
    httpx.PoolTimeout("busy"),
    httpx.ProxyError("no proxy"),
    httpx.TooManyRedirects("round and round"),
]


@pytest.mark.asyncio
@pytest.mark.parametrize("fault", NETWORK_FAULTS, ids=lambda fault: type(fault).__name__)
async def test_every_network_fault_means_unreachable(fault):
    def fail(request):
        raise fault

    with pytest.raises(UnreachableError) as caught:
        await transport(fail).send(rows(2))
    assert "platform" in str(caught.value)


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_a_refused_token_or_store_needs_a_person_and_says_what_to_do(status):
    with pytest.raises(TransportError) as caught:
        await transport(answering(status)).send(rows(1))
    assert caught.value.permanent
    assert caught.value.hint


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("header", "expected_s"),
    [
        ("30", 30.0),
        ("Sat, 21 Nov 2026 10:01:30 GMT", 90.0),
        ("Sat, 21 Nov 2026 09:00:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_read_as_seconds_or_date(status, header, expected_s):
    it = transport(answering(status, headers={"retry-after": header}))
    with pytest.raises(TransportError) as caught:
        await it.send(rows(1))
    assert caught.value.retry_after_s == expected_s
    assert not caught.value.permanent


@pytest.mark.asyncio
async def test_a_platform_that_takes_less_gets_smaller_batches_from_then_on():
    sizes = []

    def small(request):
        sizes.append(len(sent_events(request)))
        return accept(request) if sizes[-1] <= 100 else httpx.Response(413)

    it = transport(small)
    assert len(await it.send(rows(500))) == 62
    assert len(await it.send(rows(500))) == 62
    assert sizes == [500, 250, 125, 62, 62]


@pytest.mark.asyncio
async def test_an_event_too_large_alone_is_rejected_for_good_and_the_rest_goes_on():
    def no_e0(request):
        ids = [event["id"] for event in sent_events(request)]
        return httpx.Response(413) if "e0" in ids else accept(request)

    it = transport(no_e0)
    [rejected] = await it.send(rows(5))
    assert (rejected.permanent, rejected.code) == (True, "too_large")
    assert (await it.send(rows(5)[1:]))[0].delivered


@pytest.mark.asyncio
async def test_a_slow_line_gets_smaller_batches_and_later_larger_ones_again():
    sizes = []

    def slow(request):
        sizes.append(len(sent_events(request)))
        if sizes[-1] > 300:
            raise httpx.ReadTimeout("too slow")
        return accept(request)

    it = transport(slow)
    with pytest.raises(TooSlowError):
        await it.send(rows(500))
    assert len(await it.send(rows(500))) == 250
    with pytest.raises(TooSlowError):
        await it.send(rows(500))
    assert sizes == [500, 250, 500]


@pytest.mark.asyncio
async def test_an_answer_that_never_ends_is_cut_off():
    async def endless():
        while True:
            yield b"x" * 65536
            await asyncio.sleep(0)

    it = transport(lambda request: httpx.Response(200, content=endless()))
    with pytest.raises(TransportError, match="longer than"):
        await it.send(rows(1))


@pytest.mark.asyncio
async def test_a_deadline_ends_an_exchange_that_drips():
    async def drip():
        while True:
            yield b" "
            await asyncio.sleep(0.01)

    it = line(lambda request: httpx.Response(200, content=drip()))
    with pytest.raises(TooSlowError):
        await it.request("GET", "/", deadline_s=0.1)


@pytest.mark.parametrize("address", ["", "platform", "ftp://platform", "http://", "http://h:x/"])
def test_an_address_that_is_no_url_is_a_settings_error(address):
    with pytest.raises(TransportError) as caught:
        HttpLine(address, "token", lambda: AT)
    assert caught.value.permanent


async def changes(handler):
    return await HttpFeed(line(handler), "s1").changes("log.1", 0)


@pytest.mark.asyncio
async def test_a_page_of_changes_is_read_and_what_is_no_change_is_counted():
    document = {
        "changes": [
            {"collection": "customers", "key": "c1", "op": "upsert", "doc": {"a": 1}},
            {"collection": "customers", "key": "c2", "op": "delete", "confirms": "e1"},
            {"collection": "customers", "key": "c3", "op": "upsert"},
            {"collection": "customers", "key": 4, "op": "delete"},
            {"op": "explode"},
            "text",
        ],
        "cursor": "log.6",
        "up_to_date": True,
        "server_time": "2026-11-21T10:00:00.5Z",
        "reconnect_window_s": 2,
    }
    page = await changes(answering(200, json=document))
    assert [(c.key, c.op, c.confirms) for c in page.changes] == [
        ("c1", "upsert", None),
        ("c2", "delete", "e1"),
    ]
    assert (page.malformed, page.cursor, page.up_to_date) == (4, "log.6", True)
    assert page.server_time.microsecond == 500_000
    assert page.reconnect_window_s == 2.0


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "document",
    [{}, {"changes": []}, {"changes": {}, "cursor": "a"}, {"changes": [], "cursor": ""}],
)
async def test_an_answer_that_is_no_page_moves_no_cursor(document):
    with pytest.raises(TransportError):
        await changes(answering(200, json=document))


@pytest.mark.asyncio
async def test_a_lost_cursor_has_an_error_of_its_own():
    with pytest.raises(CursorLostError):
        await changes(answering(409, headers=PROBLEM, json={"status": 409}))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "handler",
    [answering(500), answering(200, json={}), MISBEHAVIOURS["html"]],
    ids=["500", "json", "html"],
)
async def test_a_snapshot_that_is_none_is_an_error(handler):
    with pytest.raises(TransportError):
        async for _ in HttpFeed(line(handler), "s1").snapshot():
            pass


@pytest.mark.asyncio
async def test_an_exchange_leaves_nothing_for_the_collector():
    """The agent collects rarely: rings would keep the bodies of hundreds of batches."""
    http = line(answering(200))
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        await http.request("POST", "/", content=b"x", deadline_s=1)
        gc.collect()
        assert [one for one in gc.garbage if isinstance(one, httpx.Response)] == []
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    await http.close()


@pytest.mark.asyncio
async def test_the_next_batch_is_made_while_the_answer_is_awaited_and_is_what_was_foreseen(
    monkeypatch,
):
    made, sent = [], []

    def encode(batch, source):
        made.append([one.id for one in batch])
        return encode_batch(batch, source)

    def handle(request):
        sent.append([event["id"] for event in sent_events(request)])
        assert request.headers["content-length"] == str(len(request.content))
        return accept(request)

    monkeypatch.setattr(platform_http, "encode_batch", encode)
    first, second, other = rows(5)[:2], rows(5)[2:4], rows(9)[6:8]
    http = transport(handle)
    http.foresee(second)
    assert [one.id for one in await http.send(first)] == ["e0", "e1"]
    assert made == [["e0", "e1"], ["e2", "e3"]]
    http.foresee([])
    assert [one.id for one in await http.send(second)] == ["e2", "e3"]
    http.foresee(second)
    await http.send(first)
    await http.send(other)  # something urgent came
    assert sent == [["e0", "e1"], ["e2", "e3"], ["e0", "e1"], ["e6", "e7"]]
    assert made == [*sent[:3], ["e2", "e3"], ["e6", "e7"]]
