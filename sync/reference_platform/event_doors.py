"""The doors for events: taking them, reading them back, and what their sources look like."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sync.reference_platform import idempotency, intake, scope
from sync.reference_platform.exchange import (
    Platform,
    answer,
    body_of,
    enter,
    number_of,
    rfc3339,
    store_of,
)
from sync.reference_platform.limits import SnapshotScope
from sync.reference_platform.sources import sources_of


async def post_events(request: Request) -> Response:
    """Take a batch, or one event in structured mode."""
    platform = enter(request)
    limits = platform.limits
    if limits.retry_after_s is not None:
        wait = {"retry-after": str(limits.retry_after_s)}
        raise HTTPException(503, "under maintenance", wait)
    body = await body_of(request, limits.max_bytes)
    key = request.headers.get("idempotency-key")
    try:
        with platform.keys.working(store_of(request), key, body):
            batch = await run_in_threadpool(_parse, request, body, platform)
            results = await run_in_threadpool(_accept, platform, store_of(request), batch)
    except idempotency.MalformedKeyError as error:
        raise HTTPException(400, 'Idempotency-Key must be a String: "..." in quotes') from error
    except idempotency.StillWorkingError as error:
        raise HTTPException(409, "the first request with this key is not answered yet") from error
    except idempotency.ReusedKeyError as error:
        raise HTTPException(422, "this Idempotency-Key came with another body before") from error
    platform.wake()
    told = platform.told() | {"max_batches_per_s": limits.max_batches_per_s}
    return answer({"results": results} | told)


async def get_events(request: Request) -> Response:
    """Accepted events, for tests and audits."""
    platform = enter(request)
    limit = number_of(request, "limit", intake.READ_LIMIT)
    after = request.query_params.get("after", "")
    events, following = await run_in_threadpool(
        intake.read_events, platform.store, store_of(request), after, int(limit)
    )
    return answer({"events": events, "next": following})


async def get_sources(request: Request) -> Response:
    """The lives of this store's ledgers, and whether one of them is a copy."""
    platform = enter(request)
    sources = await run_in_threadpool(sources_of, platform.store, store_of(request))
    return answer({"sources": [asdict(source) for source in sources]})


def _parse(request: Request, body: bytes, platform: Platform) -> list[Any]:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    encoding = request.headers.get("content-encoding", "").strip().lower()
    try:
        return intake.parse(body, media_type, encoding, platform.limits)
    except intake.UnreadFormError as error:
        accepted = {"accept-encoding": ", ".join(platform.limits.encodings)}
        raise HTTPException(415, str(error), accepted) from error
    except intake.BatchTooLargeError as error:
        raise HTTPException(413, f"{error}; send smaller batches") from error
    except intake.BadBatchError as error:
        raise HTTPException(400, str(error)) from error


def _accept(platform: Platform, store_id: str, batch: list[Any]) -> list[dict[str, Any]]:
    results = intake.accept(platform.store, platform.rules, store_id, batch)
    if platform.limits.scope is SnapshotScope.SHOP:
        taken = zip(batch, results, strict=True)
        seen = {event.get("subject") for event, result in taken if result["status"] == "accepted"}
        for customer_id in seen - {None}:
            scope.enter(platform.store, store_id, customer_id, rfc3339(platform.now()))
    return results
