"""What all doors share: the platform itself, who may enter, bodies in, JSON and problems out."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sync.reference_platform.idempotency import IdempotencyKeys
from sync.reference_platform.limits import Limits
from sync.reference_platform.line import Line
from sync.reference_platform.rules import NoRules, Rules
from sync.reference_platform.snapshots import FOLDER, SnapshotShelf
from sync.reference_platform.store import PlatformStore


@dataclass(slots=True)
class Platform:
    """What the doors share. `now` is the platform's clock."""

    store: PlatformStore
    token: str
    now: Callable[[], datetime]
    rules: Rules = field(default_factory=NoRules)
    limits: Limits = field(default_factory=Limits)
    line: Line = field(init=False)
    shelf: SnapshotShelf = field(init=False)
    keys: IdempotencyKeys = field(default_factory=IdempotencyKeys)
    stopping: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Take up the line as it was left."""
        self.line = Line(self.store)
        self.shelf = SnapshotShelf(self.store.path.parent / FOLDER, lambda: self.stopping)

    def wake(self) -> None:
        """Let every waiting long poll look again."""
        self.changed.set()
        self.changed = asyncio.Event()

    def stop(self) -> None:
        """Answer all waiting long polls now; streams end early."""
        self.stopping = True
        self.wake()

    def told(self) -> dict[str, Any]:
        """What every answer carries: the platform's clock and how it steers."""
        return {
            "server_time": rfc3339(self.now()),
            "reconnect_window_s": self.limits.reconnect_window_s,
        }


def enter(request: Request) -> Platform:
    """The platform, for a caller who knows the token."""
    platform: Platform = request.state.platform
    given = request.headers.get("authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {platform.token}".encode()):
        raise HTTPException(401, "send the platform token as Authorization: Bearer")
    return platform


def store_of(request: Request) -> str:
    """Which store a request is about."""
    store_id: str = request.path_params["store"]
    return store_id


async def body_of(request: Request, max_bytes: int) -> bytes:
    """The body, bounded."""
    pieces = bytearray()
    async for piece in request.stream():
        pieces += piece
        if len(pieces) > max_bytes:
            raise HTTPException(413, f"at most {max_bytes} bytes; send smaller batches")
    return bytes(pieces)


async def object_of(request: Request, max_bytes: int = 64 * 1024) -> dict[str, Any]:
    """The JSON object in the body."""
    try:
        value = orjson.loads(await body_of(request, max_bytes))
    except orjson.JSONDecodeError as error:
        raise HTTPException(400, "the body is not JSON") from error
    if not isinstance(value, dict):
        raise HTTPException(400, "the body is not a JSON object")
    return value


def number_of(request: Request, name: str, default: float) -> float:
    """A query parameter."""
    text = request.query_params.get(name)
    try:
        value = default if text is None else float(text)
    except ValueError as error:
        raise HTTPException(422, f"{name} must be a number") from error
    if not 0 <= value < 1_000_000:
        raise HTTPException(422, f"{name} must not be negative or huge")
    return value


def answer(value: Any) -> Response:
    """200 with JSON."""
    return Response(orjson.dumps(value), media_type="application/json")


async def problem_of(request: Request, error: Exception) -> Response:
    """An error as RFC 9457 has it."""
    del request
    if not isinstance(error, HTTPException):
        raise error
    problem = {"type": "about:blank", "status": error.status_code, "title": error.detail}
    headers = dict(error.headers or {})
    if error.status_code == 401:
        headers["www-authenticate"] = "Bearer"
    return Response(
        orjson.dumps(problem), error.status_code, headers, media_type="application/problem+json"
    )


def rfc3339(moment: datetime) -> str:
    """UTC with microseconds: one width, so that text order is time order."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
