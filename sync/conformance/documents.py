"""Checks of the way back: snapshot, changes, look-ups."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
import zstandard

from sync.conformance.asking import Asker
from sync.conformance.finding import AbsentError, NotedError, WrongError
from sync.errors import TransportError
from sync.feed import HttpFeed
from sync.snapshots import SnapshotPiece, SnapshotPosition

LOOKUP_S = 0.3  # what a scan waits for
WAIT_S = 1.0
UNKNOWN = "check-unknown"


async def sends_a_snapshot(ask: Asker) -> str:
    """Its snapshot is complete NDJSON with zstd, and ends with a cursor."""
    pieces = await _pieces(ask)
    start, documents, end = _lines(b"".join(piece.data for piece in pieces))
    if end["count"] != documents:
        raise WrongError(f"{documents} documents came, and the last line says {end['count']}.")
    return f"{documents} documents as of {start['as_of']}"


async def goes_on_with_a_snapshot(ask: Asker) -> str:
    """A snapshot that was cut can be taken up again."""
    pieces = await _pieces(ask)
    tag, whole = pieces[0].tag, b"".join(piece.data for piece in pieces)
    if tag is None:
        raise NotedError("no ETag: after a cut line the whole snapshot is sent again.")
    half = len(whole) // 2
    rest = await _pieces(ask, SnapshotPosition(tag, half))
    if rest and rest[0].offset == 0:
        raise NotedError("it starts another stream instead of going on: allowed, but slow.")
    if b"".join(piece.data for piece in rest) != whole[half:]:
        raise WrongError(
            "the rest is not the rest of the same bytes. Store the compressed stream, and give a"
            " new one another ETag."
        )
    return f"went on at byte {half}"


async def sends_changes(ask: Asker) -> str:
    """Behind the snapshot's cursor it sends changes."""
    page = await HttpFeed(ask.line, ask.store_id).changes(await _cursor(ask), 0)
    if page.malformed:
        raise WrongError(
            f"{page.malformed} entries are no change: {{collection, key, op, doc?, confirms?}}."
        )
    return f"{len(page.changes)} changes, {'up to date' if page.up_to_date else 'more to come'}"


async def waits_for_changes(ask: Asker) -> str:
    """When there is nothing new it waits instead of answering at once."""
    feed, cursor = HttpFeed(ask.line, ask.store_id), await _cursor(ask)
    loop = asyncio.get_running_loop()
    for _ in range(50):
        began_s = loop.time()
        page = await feed.changes(cursor, WAIT_S)
        if page.changes or not page.up_to_date:
            cursor = page.cursor
            continue
        if loop.time() - began_s < WAIT_S / 2:
            raise NotedError(
                "an empty page came at once: each shop asks every 2 s then. Wait up to `wait`"
                " seconds for something to tell."
            )
        return f"it held the question for {loop.time() - began_s:.1f} s"
    raise NotedError("there was always something new: not seen.")


async def says_when_a_cursor_is_lost(ask: Asker) -> str:
    """A cursor that it does not know is answered 409."""
    answer = await ask.line.request(
        "GET", f"{ask.path}/changes", params={"cursor": UNKNOWN, "wait": "0"}, deadline_s=15.0
    )
    if answer.status != 409:
        raise WrongError(
            f"an unknown cursor is answered {answer.status}. Answer 409: only then a shop takes a"
            " new snapshot; with anything else it waits for ever."
        )
    return "409"


async def answers_look_ups(ask: Asker) -> str:
    """It answers look-ups within the time of a scan."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    answer = await ask.line.request(
        "POST", f"{ask.path}/lookups", json={"pass_id": UNKNOWN}, deadline_s=15.0
    )
    took_s = loop.time() - began_s
    if answer.status == 405 or (answer.status == 404 and not answer.is_problem):
        raise AbsentError("not there: an unknown pass stays unknown until the feed brings it.")
    if answer.status != 404:
        raise WrongError(
            f"a pass that nobody has is answered {answer.status}: answer 404 as"
            " application/problem+json."
        )
    if took_s > LOOKUP_S:
        raise NotedError(
            f"it took {took_s:.2f} s; a scan waits {LOOKUP_S:g} s and goes on without."
        )
    return f"404 in {took_s * 1000:.0f} ms"


CHECKS = (
    sends_a_snapshot,
    goes_on_with_a_snapshot,
    sends_changes,
    waits_for_changes,
    says_when_a_cursor_is_lost,
)
LOOKUP_CHECKS = (answers_look_ups,)


async def _pieces(ask: Asker, position: SnapshotPosition | None = None) -> list[SnapshotPiece]:
    if position is None:
        await _is_there(ask)
    stream = HttpFeed(ask.line, ask.store_id).snapshot(position)
    try:
        return [piece async for piece in stream]
    except TransportError as error:
        raise WrongError(f"{error}. {error.hint}".strip()) from error


async def _is_there(ask: Asker) -> None:
    async with ask.line.stream("GET", f"{ask.path}/snapshot") as answer:
        if answer.status_code in {404, 405}:
            raise AbsentError(
                "GET snapshot is not there: a shop then knows nobody, and its events still arrive."
            )


def _lines(data: bytes) -> tuple[Mapping[str, Any], int, Mapping[str, Any]]:
    try:
        text = zstandard.ZstdDecompressor().decompressobj().decompress(data)
        lines = [orjson.loads(line) for line in text.splitlines()]
        start, *documents, end = lines
        for document in documents:
            _ = document["collection"], document["key"], document["doc"]
        return start["snapshot"], len(documents), {"cursor": end["cursor"], "count": end["count"]}
    except (zstandard.ZstdError, ValueError, KeyError, TypeError) as error:
        raise WrongError(
            "it is no snapshot: the first line is {snapshot: {total, as_of}}, then one document"
            " {collection, key, doc} a line, the last line is {cursor, count}."
        ) from error


async def _cursor(ask: Asker) -> str:
    _, _, end = _lines(b"".join([piece.data for piece in await _pieces(ask)]))
    return str(end["cursor"])
