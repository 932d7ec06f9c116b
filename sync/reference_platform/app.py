"""The platform's HTTP doors, as docs/platform-api.md describes them."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from sync.reference_platform import feed, intake
from sync.reference_platform.line import Line
from sync.reference_platform.rules import NoRules, Rules
from sync.reference_platform.store import PlatformStore

MAX_BODY_BYTES = 2 * 1024 * 1024  # as sent, compressed; 500 large events stay below
MAX_EVENTS = 500
MAX_WAIT_S = 55.0  # below the 60 s at which common proxies give up
RECHECK_S = 1.0  # how often a long poll looks for changes another process wrote


@dataclass(slots=True)
class Platform:
    """What the doors share. `now` is the platform's clock."""

    store: PlatformStore
    token: str
    now: Callable[[], datetime]
    rules: Rules = field(default_factory=NoRules)
    reconnect_window_s: float = 2.0
    max_events: int = MAX_EVENTS
    line: Line = field(init=False)
    stopping: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Take up the line as it was left."""
        self.line = Line(self.store)

    def wake(self) -> None:
        """Let every waiting long poll look again."""
        self.changed.set()
        self.changed = asyncio.Event()

    def stop(self) -> None:
        """Answer all waiting long polls now; streams end early."""
        self.stopping = True
        self.wake()


def create_app(platform: Platform) -> Starlette:
    """The ASGI application over one platform."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
        yield {"line": platform.line, "platform": platform}

    store = "/v1/stores/{store}"
    return Starlette(
        routes=[
            Route(f"{store}/events", _post_events, methods=["POST"]),
            Route(f"{store}/events", _get_events, methods=["GET"]),
            Route(f"{store}/changes", _get_changes),
            Route(f"{store}/snapshot", _get_snapshot),
            Route(f"{store}/lookups", _post_lookup, methods=["POST"]),
            Route("/v1/demo/line", _post_line, methods=["POST"]),
        ],
        exception_handlers={HTTPException: _problem_of},
        lifespan=lifespan,
    )


async def _post_events(request: Request) -> Response:
    platform = _enter(request)
    encoding = request.headers.get("content-encoding", "")
    if not request.headers.get("content-type", "").startswith("application/cloudevents-batch+json"):
        raise HTTPException(415, "send application/cloudevents-batch+json")
    body = await _body(request)
    try:
        batch = await run_in_threadpool(intake.parse_batch, body, encoding, platform.max_events)
    except intake.BatchTooLargeError as error:
        raise HTTPException(413, f"{error}; send smaller batches") from error
    except intake.BadBatchError as error:
        raise HTTPException(400, str(error)) from error
    results = await run_in_threadpool(
        intake.accept, platform.store, platform.rules, request.path_params["store"], batch
    )
    platform.wake()
    return _json({"results": results, "reconnect_window_s": platform.reconnect_window_s})


async def _get_events(request: Request) -> Response:
    platform = _enter(request)
    limit = _number(request, "limit", intake.READ_LIMIT)
    after = request.query_params.get("after", "")
    events, following = await run_in_threadpool(
        intake.read_events, platform.store, request.path_params["store"], after, int(limit)
    )
    return _json({"events": events, "next": following})


async def _get_changes(request: Request) -> Response:
    platform = _enter(request)
    cursor = request.query_params.get("cursor", "")
    wait_s = min(_number(request, "wait", 0.0), MAX_WAIT_S)
    try:
        page = await _page_when_changed(platform, request, cursor, wait_s)
    except feed.UnknownCursorError as error:
        raise HTTPException(409, "this cursor is unknown or too old; take a snapshot") from error
    return _json(
        {
            "changes": page.changes,
            "cursor": page.cursor,
            "up_to_date": page.up_to_date,
            "server_time": _rfc3339(platform.now()),
            "reconnect_window_s": platform.reconnect_window_s,
        }
    )


async def _page_when_changed(
    platform: Platform, request: Request, cursor: str, wait_s: float
) -> feed.FeedPage:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_s
    while True:
        changed = platform.changed
        page = await run_in_threadpool(feed.changes_after, platform.store, cursor)
        left_s = deadline - loop.time()
        if page.changes or left_s <= 0 or platform.stopping or await request.is_disconnected():
            return page
        try:
            await asyncio.wait_for(changed.wait(), min(left_s, RECHECK_S))
        except TimeoutError:
            continue


async def _get_snapshot(request: Request) -> Response:
    platform = _enter(request)
    pieces = feed.snapshot(platform.store.path, _rfc3339(platform.now()))
    return StreamingResponse(
        _until_stopped(platform, pieces),
        media_type="application/x-ndjson",
        headers={"content-encoding": "zstd"},
    )


async def _until_stopped(platform: Platform, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    async for piece in iterate_in_threadpool(pieces):
        if platform.stopping:
            raise ConnectionAbortedError("the platform is stopping")
        if piece:
            yield piece


async def _post_lookup(request: Request) -> Response:
    platform = _enter(request)
    wanted = _object(await _body(request)).get("pass_id")
    if not isinstance(wanted, str):
        raise HTTPException(422, "pass_id must be a text")
    found = await run_in_threadpool(platform.store.get, "passes", wanted)
    if found is None:
        raise HTTPException(404, "no pass of this id")
    documents = [{"collection": "passes", "key": wanted, "doc": found}]
    owner_id = found.get("customer_id")
    if isinstance(owner_id, str):
        owner = await run_in_threadpool(platform.store.get, "customers", owner_id)
        if owner is not None:
            documents.append({"collection": "customers", "key": owner_id, "doc": owner})
    return _json({"documents": documents})


async def _post_line(request: Request) -> Response:
    platform = _enter(request)
    up = _object(await _body(request)).get("up")
    if not isinstance(up, bool):
        raise HTTPException(422, "up must be true or false")
    if up:
        platform.line.restore()
    else:
        platform.line.cut()
    return _json({"up": platform.line.up})


def _enter(request: Request) -> Platform:
    """The platform, for a caller who knows the token."""
    platform: Platform = request.state.platform
    given = request.headers.get("authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {platform.token}".encode()):
        raise HTTPException(401, "send the platform token as Authorization: Bearer")
    return platform


async def _body(request: Request) -> bytes:
    pieces = bytearray()
    async for piece in request.stream():
        pieces += piece
        if len(pieces) > MAX_BODY_BYTES:
            raise HTTPException(413, f"at most {MAX_BODY_BYTES} bytes; send smaller batches")
    return bytes(pieces)


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise HTTPException(400, "the body is not JSON") from error
    if not isinstance(value, dict):
        raise HTTPException(400, "the body is not a JSON object")
    return value


def _number(request: Request, name: str, default: float) -> float:
    text = request.query_params.get(name)
    try:
        value = default if text is None else float(text)
    except ValueError as error:
        raise HTTPException(422, f"{name} must be a number") from error
    if not 0 <= value < 1_000_000:
        raise HTTPException(422, f"{name} must not be negative or huge")
    return value


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")


async def _problem_of(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    problem = {"type": "about:blank", "status": error.status_code, "title": error.detail}
    headers = dict(error.headers or {})
    if error.status_code == 401:
        headers["www-authenticate"] = "Bearer"
    return Response(
        orjson.dumps(problem), error.status_code, headers, media_type="application/problem+json"
    )


def _rfc3339(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
