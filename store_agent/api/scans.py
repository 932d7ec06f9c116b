"""`POST /api/v1/scans`: a till or a satellite scanned something."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from store_agent.api.body_route import BodyRoute
from store_agent.api.metrics import Metrics
from store_agent.clienteling import Clienteling
from store_agent.clock import Clock
from store_agent.domain.errors import InvalidInput
from store_agent.domain.scan import Scan, ScanSource

# The largest wallet barcode is far below; what is longer is told apart and recorded, not rejected.
MAX_DATA_CHARS = 8192
RETRY_AFTER_S = 5  # a full disk does not become empty at once


class ScanBody(BaseModel):
    """One scan as the till sends it."""

    model_config = ConfigDict(extra="ignore")

    lane: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    data: Annotated[str, StringConstraints(max_length=MAX_DATA_CHARS)] = Field(
        description="the decoded text; an AIM prefix may lead it"
    )
    symbology: Annotated[str, StringConstraints(max_length=32)] | None = Field(
        None, description='AIM identifier, e.g. "]Q1"'
    )
    scanned_at: datetime | None = Field(None, description="the reader's own clock")
    scan_id: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = Field(
        None, description="makes a retry idempotent"
    )


EXAMPLE: dict[str, Any] = {
    "visit_id": "01932c07-4c1e-7cc3-9d0a-2f7f5e9b1a11",
    "customer": {"id": "c-000001", "display_name": "Mira Musterfrau", "tier": "Gold"},
    "reason": None,
    "offers": [
        {
            "offer_id": "accessoires-20",
            "voucher_id": None,
            "title": "20 % auf Accessoires",
            "detail": "Treue Gold",
            "reason": "matches",
            "valid_until": None,
        }
    ],
    "as_of": "2026-11-21T13:58:00Z",
}


def router(
    clienteling: Clienteling, lanes: frozenset[str], clock: Clock, metrics: Metrics
) -> APIRouter:
    """The scan door; an unknown lane is refused, an unknown pass is an answer."""
    routes = APIRouter(route_class=BodyRoute)

    @routes.post(
        "/api/v1/scans",
        response_class=Response,
        responses={
            200: {"content": {"application/json": {"example": EXAMPLE}}},
            202: {
                "description": "the disk is full: shown, not recorded; the body as of 200 and"
                " `recorded` false. Send the same `scan_id` again until it is 200.",
                "content": {"application/json": {"example": EXAMPLE | {"recorded": False}}},
            },
        },
    )
    async def post_scan(body: ScanBody) -> Response:
        """Durable once answered 200. A `customer` of null comes with the `reason`."""
        if body.lane not in lanes:
            raise InvalidInput(
                "unknown lane", hint="Use a lane from the agent's settings.", field="lane"
            )
        started = clock.monotonic()
        scan = Scan(
            lane=body.lane,
            data=body.data,
            source=ScanSource.HTTP,
            received_at=clock.now(),
            symbology=body.symbology,
            scanned_at=body.scanned_at,
            scan_id=body.scan_id,
        )
        outcome = await clienteling.on_scan(scan)
        metrics.scan_seconds.observe(clock.monotonic() - started)
        if not outcome.is_recorded:
            later = {"Retry-After": str(RETRY_AFTER_S)}
            return Response(outcome.answer, 202, later, media_type="application/json")
        return Response(outcome.answer, media_type="application/json")

    return routes
