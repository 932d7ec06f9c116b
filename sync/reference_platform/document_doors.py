"""The doors for documents: changes behind a cursor, the snapshot, and single customers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from sync.reference_platform import feed, lookups, scope
from sync.reference_platform.exchange import (
    Platform,
    answer,
    enter,
    number_of,
    object_of,
    rfc3339,
    store_of,
)
from sync.reference_platform.limits import SnapshotScope
from sync.reference_platform.snapshots import SnapshotFailedError, Stream, offset_of

MAX_WAIT_S = 55.0  # below the 60 s at which common proxies give up
RECHECK_S = 1.0  # how often a long poll looks for changes another process wrote


async def get_changes(request: Request) -> Response:
    """What follows a cursor; a long poll."""
    platform = enter(request)
    cursor = request.query_params.get("cursor", "")
    wait_s = min(number_of(request, "wait", 0.0), MAX_WAIT_S)
    try:
        page = await _page_when_changed(platform, request, cursor, wait_s)
    except feed.UnknownCursorError as error:
        raise HTTPException(409, "this cursor is unknown or too old; take a snapshot") from error
    found = {"changes": page.changes, "cursor": page.cursor, "up_to_date": page.up_to_date}
    return answer(found | platform.told())


async def _page_when_changed(
    platform: Platform, request: Request, cursor: str, wait_s: float
) -> feed.FeedPage:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_s
    read = partial(
        feed.changes_after,
        platform.store,
        cursor,
        store_of(request),
        is_narrow=_is_narrow(platform),
    )
    while True:
        changed = platform.changed
        page = await run_in_threadpool(read)
        left_s = deadline - loop.time()
        if page.changes or left_s <= 0 or platform.stopping or await request.is_disconnected():
            return page
        try:
            await asyncio.wait_for(changed.wait(), min(left_s, RECHECK_S))
        except TimeoutError:
            continue


async def get_snapshot(request: Request) -> Response:
    """The whole state as a stored stream, or the rest of one that was cut (RFC 9110, ranges)."""
    platform = enter(request)
    offset = offset_of(request.headers.get("range"))
    resumed = platform.shelf.resumed(request.headers.get("if-range", ""))
    if offset is None or resumed is None:
        return _sent(platform, await _current(platform, store_of(request)), 0)
    await resumed.done.wait()  # only then the length is known, which a part has to tell
    if resumed.total_bytes is not None and offset >= resumed.total_bytes:
        total = {"content-range": f"bytes */{resumed.total_bytes}", "etag": resumed.tag}
        raise HTTPException(416, "all of this snapshot is there", total)
    return _sent(platform, resumed, offset)


async def _current(platform: Platform, store_id: str) -> Stream:
    narrow_to = store_id if _is_narrow(platform) else None
    path, as_of = platform.store.path, rfc3339(platform.now())
    head = await run_in_threadpool(feed.head, path)
    return platform.shelf.current(
        narrow_to or "", head, partial(feed.snapshot, path, as_of, narrow_to)
    )


def _sent(platform: Platform, stream: Stream, offset: int) -> Response:
    headers = {"content-encoding": "zstd", "etag": stream.tag, "accept-ranges": "bytes"}
    if stream.total_bytes is not None:
        headers["content-length"] = str(stream.total_bytes - offset)
        if offset:
            last, total = stream.total_bytes - 1, stream.total_bytes
            headers["content-range"] = f"bytes {offset}-{last}/{total}"
    return StreamingResponse(
        _pieces(platform, stream, offset),
        206 if offset else 200,
        headers,
        media_type="application/x-ndjson",
    )


async def _pieces(platform: Platform, stream: Stream, offset: int) -> AsyncIterator[bytes]:
    try:
        async for piece in stream.read(offset, lambda: platform.stopping):
            yield piece
    except SnapshotFailedError as error:
        raise ConnectionAbortedError("the snapshot cannot be finished") from error


async def post_lookup(request: Request) -> Response:
    """All documents of one customer, who is in this store's scope from now on."""
    platform = enter(request)
    wanted = await object_of(request)
    if len(wanted) != 1 or not wanted.keys() <= set(lookups.KINDS):
        raise HTTPException(422, f"ask for exactly one of: {', '.join(lookups.KINDS)}")
    [(kind, value)] = wanted.items()
    if not isinstance(value, str):
        raise HTTPException(422, f"{kind} must be a text")
    documents = await run_in_threadpool(lookups.find, platform.store, kind, value)
    if not documents:
        raise HTTPException(404, "nobody is known by this")
    customer_id = lookups.customer_in(documents)
    if customer_id is not None and _is_narrow(platform):
        at = rfc3339(platform.now())
        await run_in_threadpool(scope.enter, platform.store, store_of(request), customer_id, at)
        platform.wake()
    return answer({"documents": documents} | platform.told())


def _is_narrow(platform: Platform) -> bool:
    return platform.limits.scope is SnapshotScope.SHOP
