"""The shipped fake: a receiver in memory with the quirks of the real ones.

Segment's way: 200 `{"success": true}` also for a wrong write key, for a call that names nobody and
for a workspace that lives on the other continent; all these are silently dropped. RudderStack's
way: plain text, and 401 for a wrong key. Both take a repeated `messageId` for a day (RudderStack
names seven) as the same call, and give a call without one a new id on arrival.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

EVENT_BYTES = 32 * 1024
MAX_NESTING = 200


@dataclass(frozen=True, slots=True)
class _Manner:
    """How a product behaves where the two differ."""

    batch_bytes: int
    remembers: timedelta
    is_open_about_keys: bool


class Product(Enum):
    """Whose quirks."""

    SEGMENT = _Manner(500 * 1024, timedelta(hours=24), is_open_about_keys=False)
    RUDDERSTACK = _Manner(4 * 1024 * 1024, timedelta(days=7), is_open_about_keys=True)


@dataclass(slots=True)
class FakeReceiver:
    """What arrived. `calls` are those kept, `dropped` the silently lost, `repeated` the doubled.

    `lives_here` False: the workspace is on the other continent. Ids in `unwanted` make a batch
    fail with 400, as invalid JSON would; `patience` answers that many requests with 429 first.
    """

    write_key: str
    now: Callable[[], datetime]
    product: Product = Product.SEGMENT
    lives_here: bool = True
    unwanted: set[str] = field(default_factory=set)
    patience: int = 0
    calls: list[dict[str, Any]] = field(default_factory=list)
    dropped: list[dict[str, Any]] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    batch_sizes: list[int] = field(default_factory=list)
    _seen_at: dict[str, datetime] = field(default_factory=dict)

    @property
    def manner(self) -> _Manner:
        """The product's."""
        return self.product.value

    def take(self, authorization: str, body: bytes) -> Response:
        """Answer one batch."""
        if self.patience:
            self.patience -= 1
            return PlainTextResponse("Too Many Requests", 429)
        key_fits = authorization == "Basic " + b64encode(f"{self.write_key}:".encode()).decode()
        if not key_fits and self.manner.is_open_about_keys:
            return PlainTextResponse("Failed to read body due to invalid write key", 401)
        if len(body) > self.manner.batch_bytes:
            return self._refusal("Request size exceeds max limit", 413)
        calls = self._read(body)
        if calls is None:
            return self._refusal("Invalid request", 400)
        self.batch_sizes.append(len(calls))
        for call in calls:
            self._keep(call, is_ours=key_fits and self.lives_here)
        if self.product is Product.RUDDERSTACK:
            return PlainTextResponse("OK")
        return JSONResponse({"success": True})

    def _read(self, body: bytes) -> list[dict[str, Any]] | None:
        try:
            calls: list[dict[str, Any]] = orjson.loads(body)["batch"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return None
        return None if any(self._is_unreadable(call) for call in calls) else calls

    def _refusal(self, text: str, status: int) -> Response:
        if self.product is Product.RUDDERSTACK:
            return PlainTextResponse(text, status)
        return JSONResponse({"success": False, "message": text}, 400)

    def _is_unreadable(self, call: dict[str, Any]) -> bool:
        return (
            len(orjson.dumps(call)) > EVENT_BYTES
            or call.get("messageId") in self.unwanted
            or _is_deeper(call, MAX_NESTING)
        )

    def _keep(self, call: dict[str, Any], *, is_ours: bool) -> None:
        names_somebody = call.get("userId") or call.get("anonymousId")
        is_complete = call.get("type") == "identify" or call.get("event")
        if not (is_ours and names_somebody and is_complete):
            self.dropped.append(call)
            return
        now = self.now()
        call_id = call.setdefault("messageId", f"assigned-{len(self.calls)}")
        if call_id in self._seen_at and now - self._seen_at[call_id] <= self.manner.remembers:
            self.repeated.append(call_id)
            return
        self._seen_at[call_id] = now
        self.calls.append(call)


def create_app(receiver: FakeReceiver) -> Starlette:
    """The receiver as an ASGI application."""

    async def batch(request: Request) -> Response:
        return receiver.take(request.headers.get("authorization", ""), await request.body())

    return Starlette(routes=[Route("/v1/batch", batch, methods=["POST"])])


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    if levels == 0:
        return True
    inner = value.values() if isinstance(value, dict) else value
    return any(_is_deeper(one, levels - 1) for one in inner)
