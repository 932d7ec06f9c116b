"""The platform's HTTP doors, as docs/platform-api.md describes them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sync.reference_platform import document_doors, event_doors, lookups
from sync.reference_platform.exchange import (
    Platform,
    answer,
    enter,
    object_of,
    problem_of,
    store_of,
)

__all__ = ["Platform", "create_app"]


def create_app(platform: Platform) -> Starlette:
    """The ASGI application over one platform."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
        yield {"line": platform.line, "platform": platform}

    store = "/v1/stores/{store}"
    return Starlette(
        routes=[
            Route(store, _get_store),
            Route(f"{store}/events", event_doors.post_events, methods=["POST"]),
            Route(f"{store}/events", event_doors.get_events, methods=["GET"]),
            Route(f"{store}/sources", event_doors.get_sources),
            Route(f"{store}/changes", document_doors.get_changes),
            Route(f"{store}/snapshot", document_doors.get_snapshot),
            Route(f"{store}/lookups", document_doors.post_lookup, methods=["POST"]),
            Route("/v1/demo/line", _post_line, methods=["POST"]),
        ],
        exception_handlers={HTTPException: problem_of},
        lifespan=lifespan,
    )


async def _get_store(request: Request) -> Response:
    """What this platform takes from this store."""
    platform = enter(request)
    capabilities = {"store": store_of(request), "lookups": list(lookups.KINDS)}
    return answer(capabilities | platform.limits.as_document() | platform.told())


async def _post_line(request: Request) -> Response:
    platform = enter(request)
    up = (await object_of(request)).get("up")
    if not isinstance(up, bool):
        raise HTTPException(422, "up must be true or false")
    if up:
        platform.line.restore()
    else:
        platform.line.cut()
    return answer({"up": platform.line.up})
