"""Taking up a snapshot where the line was cut, and asking about one customer, over HTTP."""

import hashlib
from datetime import UTC, datetime

import httpx
import orjson
import pytest

from sync.errors import TransportError, UnreachableError
from sync.feed import Change, ChangeOp, HttpFeed
from sync.lookup import HttpLookups, Wanted, WantedKind
from sync.snapshots import SnapshotPiece, SnapshotPosition
from sync.transports.http import HttpLine

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
PROBLEM = {"content-type": "application/problem+json"}
STREAM = b"0123456789"
TAG = '"snapshot-7"'
HERE = SnapshotPosition(TAG, 4)


def line(handler) -> HttpLine:
    return HttpLine("http://platform", "token", lambda: AT, httpx.MockTransport(handler))


def stored_stream(request: httpx.Request) -> httpx.Response:
    """A platform that keeps the stream, as RFC 9110 says it."""
    headers = {"content-encoding": "zstd", "etag": TAG}
    begin = request.headers.get("range")
    if begin is None or request.headers.get("if-range") != TAG:
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(STREAM))
    offset = int(begin.removeprefix("bytes=").removesuffix("-"))
    if offset >= len(STREAM):
        return httpx.Response(416, headers={"content-range": f"bytes */{len(STREAM)}"})
    headers["content-range"] = f"bytes {offset}-{len(STREAM) - 1}/{len(STREAM)}"
    return httpx.Response(206, headers=headers, stream=httpx.ByteStream(STREAM[offset:]))


async def pieces(handler, position=None) -> list[SnapshotPiece]:
    return [piece async for piece in HttpFeed(line(handler), "s1").snapshot(position)]


@pytest.mark.asyncio
async def test_a_first_snapshot_begins_at_its_beginning_and_has_a_name():
    assert await pieces(stored_stream) == [SnapshotPiece(STREAM, 0, TAG)]


@pytest.mark.asyncio
async def test_a_cut_snapshot_goes_on_where_it_was_cut():
    assert await pieces(stored_stream, HERE) == [SnapshotPiece(STREAM[4:], 4, TAG)]


@pytest.mark.asyncio
async def test_another_snapshot_begins_at_its_beginning():
    position = SnapshotPosition('"snapshot-6"', 4)
    assert await pieces(stored_stream, position) == [SnapshotPiece(STREAM, 0, TAG)]


@pytest.mark.asyncio
async def test_nothing_follows_a_snapshot_that_is_all_here():
    assert await pieces(stored_stream, SnapshotPosition(TAG, len(STREAM))) == []


@pytest.mark.asyncio
async def test_a_platform_that_keeps_no_stream_sends_one_without_a_name():
    def fresh(_request):
        headers = {"content-encoding": "zstd"}
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(STREAM))

    assert await pieces(fresh, HERE) == [SnapshotPiece(STREAM, 0, None)]


@pytest.mark.asyncio
@pytest.mark.parametrize("content_range", [None, "bytes 5-9/10", "lines 4-9/10", "bytes 40-49/50"])
async def test_another_part_than_was_asked_for_is_refused(content_range):
    def wrong(_request):
        headers = {"content-encoding": "zstd", "etag": TAG}
        if content_range is not None:
            headers["content-range"] = content_range
        return httpx.Response(206, headers=headers, stream=httpx.ByteStream(STREAM[4:]))

    with pytest.raises(TransportError, match="another part"):
        await pieces(wrong, HERE)


ERIKA = Wanted(WantedKind.CUSTOMER_ID, "c-1")


async def asked(handler, wanted=ERIKA) -> tuple[Change, ...]:
    return await HttpLookups(line(handler), "s1").find(wanted)


@pytest.mark.asyncio
async def test_a_question_names_what_is_known_and_never_the_scanned_text():
    seen = []

    def answer(request):
        seen.append((request.method, request.url.path, orjson.loads(request.content)))
        return httpx.Response(200, json={"documents": []})

    await asked(answer, Wanted.barcode("MEMBER-1"))
    await asked(answer)
    [(method, path, hashed), (_, _, named)] = seen
    assert (method, path) == ("POST", "/v1/stores/s1/lookups")
    assert hashed.keys() == {"barcode_sha256"}
    assert hashed["barcode_sha256"] == hashlib.sha256(b"MEMBER-1").hexdigest()
    assert named == {"customer_id": "c-1"}


@pytest.mark.asyncio
async def test_the_documents_of_an_answer_are_upserts_and_what_is_none_is_left_out():
    documents = [
        {"collection": "customers", "key": "c-1", "doc": {"id": "c-1"}, "v": 2},
        {"collection": "passes", "key": "p-1", "doc": {"id": "p-1"}},
        {"collection": "passes", "key": "p-2"},
        {"key": "p-3", "doc": {}},
        "text",
    ]
    assert await asked(lambda _: httpx.Response(200, json={"documents": documents})) == (
        Change("customers", "c-1", ChangeOp.UPSERT, {"id": "c-1"}, version=2),
        Change("passes", "p-1", ChangeOp.UPSERT, {"id": "p-1"}),
    )


@pytest.mark.asyncio
async def test_nobody_is_an_answer_and_an_unknown_address_is_an_error():
    missing = {"status": 404, "title": "no such pass"}
    assert await asked(lambda _: httpx.Response(404, headers=PROBLEM, json=missing)) == ()
    with pytest.raises(TransportError) as caught:
        await asked(lambda _: httpx.Response(404, text="Not Found"))
    assert caught.value.permanent


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, json={}),
        httpx.Response(200, json={"documents": {}}),
        httpx.Response(200, json={"documents": [{}] * 2001}),
        httpx.Response(200, text="<html>"),
        httpx.Response(503),
        httpx.Response(302, headers={"location": "http://portal/"}),
    ],
    ids=["no documents", "no list", "too many", "html", "503", "portal"],
)
async def test_anything_else_is_a_failed_exchange(answer):
    with pytest.raises(TransportError):
        await asked(lambda _: answer)


@pytest.mark.asyncio
async def test_a_dead_line_is_a_failed_exchange():
    def dead(_request):
        raise httpx.ConnectError("no route")

    with pytest.raises(UnreachableError):
        await asked(dead)
