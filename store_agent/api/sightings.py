"""`POST /api/v1/sightings`: what the radios of other boxes in the shop heard."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Response
from pydantic import Field

from geofences.sightings import MAX_ADVERT_BYTES, SightingRefused, read_sighting
from store_agent.api.body_route import BodyRoute
from store_agent.domain.errors import InvalidInput
from store_agent.presence.air import Air

MAX_SIGHTINGS = 1000
SIGHTING_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["radio", "address", "rssi_dbm", "advert", "seen_at"],
    "properties": {
        "radio": {"type": "string", "minLength": 1, "maxLength": 64},
        "address": {"type": "string", "pattern": "^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$"},
        "rssi_dbm": {"type": "integer", "minimum": -127, "maximum": 20},
        "advert": {
            "type": "string",
            "pattern": "^([0-9A-Fa-f]{2})*$",
            "maxLength": 2 * MAX_ADVERT_BYTES,
        },
        "seen_at": {"type": "string", "format": "date-time"},
    },
}
EXAMPLE: list[dict[str, Any]] = [
    {
        "radio": "sat-1",
        "address": "C2:00:00:00:00:01",
        "rssi_dbm": -67,
        "advert": "0201061aff4c0002154142434445464748494041424344454600010002c5",
        "seen_at": "2026-11-21T13:58:00Z",
    }
]
REQUEST = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "array", "maxItems": MAX_SIGHTINGS, "items": SIGHTING_SCHEMA},
                "example": EXAMPLE,
            }
        },
    }
}


def router(air: Air) -> APIRouter:
    """The door of the satellites. A batch that is malformed anywhere changes nothing."""
    routes = APIRouter(route_class=BodyRoute)

    @routes.post("/api/v1/sightings", response_class=Response, openapi_extra=REQUEST)
    async def post_sightings(
        body: Annotated[list[dict[str, Any]], Field(max_length=MAX_SIGHTINGS)],
    ) -> Response:
        """Single sightings are not kept: only the rooms they lead to are."""
        heard = []
        for number, one in enumerate(body):
            try:
                sighting = read_sighting(one)
            except SightingRefused as refused:
                raise InvalidInput(
                    refused.reason,
                    hint="Correct this field and send again.",
                    field=f"{number}.{refused.field}",
                ) from None
            if not air.knows(sighting.radio):
                raise InvalidInput(
                    "unknown radio",
                    hint="Name it under [[presence.radios]] in the agent's settings.",
                    field=f"{number}.radio",
                )
            heard.append(sighting)
        for sighting in heard:
            air.hear(sighting)
        for radio in {sighting.radio for sighting in heard}:
            air.posted(radio)
        return Response(orjson.dumps({"accepted": len(heard)}), media_type="application/json")

    return routes
