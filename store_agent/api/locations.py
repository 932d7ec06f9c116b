"""`POST /api/v1/locations`: positions that the brand's app reported to whoever relays them."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Response
from pydantic import Field

from geofences.locations import KINDS, LocationRefused, read_location
from store_agent.api.body_route import BodyRoute
from store_agent.api.metrics import Metrics
from store_agent.clock import Clock
from store_agent.domain.errors import InvalidInput
from store_agent.presence.noticing import Noticing

MAX_FIXES = 1000
EXAMPLE: list[dict[str, Any]] = [
    {
        "subject": "c-000001",
        "lat": 50.9365,
        "lon": 6.948,
        "accuracy_m": 18.0,
        "accuracy_kind": "ios",
        "fixed_at": "2026-11-21T13:58:00Z",
        "source": "app",
    }
]
LOCATION_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["subject", "lat", "lon", "fixed_at"],
    "properties": {
        "subject": {"type": "string", "minLength": 1, "maxLength": 128},
        "lat": {"type": "number", "minimum": -90, "maximum": 90},
        "lon": {"type": "number", "minimum": -180, "maximum": 180},
        "accuracy_m": {"type": ["number", "null"]},
        "accuracy_kind": {"enum": [*KINDS, None]},
        "fixed_at": {"type": "string", "format": "date-time"},
        "source": {"type": "string", "maxLength": 64},
    },
}
REQUEST = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "array", "maxItems": MAX_FIXES, "items": LOCATION_SCHEMA},
                "example": EXAMPLE,
            }
        },
    }
}


def router(noticing: Noticing, clock: Clock, metrics: Metrics) -> APIRouter:
    """The door for positions. A batch that is malformed anywhere changes nothing."""
    routes = APIRouter(route_class=BodyRoute)

    @routes.post("/api/v1/locations", response_class=Response, openapi_extra=REQUEST)
    async def post_locations(
        body: Annotated[list[dict[str, Any]], Field(max_length=MAX_FIXES)],
    ) -> Response:
        """Durable once answered. `refused` names the fixes that were not used, and why."""
        now = clock.now()
        fixes = []
        for number, one in enumerate(body):
            try:
                fixes.append(read_location(one, now))
            except LocationRefused as refused:
                raise InvalidInput(
                    refused.reason,
                    hint="Correct this field and send again.",
                    field=f"{number}.{refused.field}",
                ) from None
        reasons = await noticing.on_fixes(fixes)
        metrics.fixes.inc(reasons.count(""))
        unused = [
            {"index": number, "reason": reason} for number, reason in enumerate(reasons) if reason
        ]
        answer = {"accepted": len(fixes) - len(unused), "refused": unused}
        return Response(orjson.dumps(answer), media_type="application/json")

    return routes
