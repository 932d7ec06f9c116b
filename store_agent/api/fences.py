"""`GET` and `PUT /api/v1/fences`: the zones as GeoJSON, checked, versioned, with who is inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from geofences import files
from geofences.model import FencesRefused
from store_agent.api.problems import problem
from store_agent.presence.noticing import Noticing
from store_agent.presence.people import Standing

MAX_FAULTS_TOLD = 20


def router(noticing: Noticing) -> APIRouter:
    """The doors of the fences."""
    routes = APIRouter()

    @routes.get("/api/v1/fences", response_class=Response)
    async def get_fences() -> Response:
        """The fences in use; each feature tells who is there, by id where they may be named."""
        return _answer(_document(noticing, await noticing.inside()))

    @routes.put(
        "/api/v1/fences",
        response_class=Response,
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/geo+json": {"schema": {"type": "object"}}},
            }
        },
    )
    async def put_fences(request: Request) -> Response:
        """Use these fences from now on; refused as a whole, with every fault by feature."""
        try:
            document = orjson.loads(await request.body())
        except orjson.JSONDecodeError:
            return problem(
                400, "the body is not valid JSON", hint="Send one GeoJSON document, UTF-8."
            )
        try:
            files.read(document)  # as a whole, not only what looks like its features
            await noticing.draw_fences(document)
        except FencesRefused as refused:
            return _refusal(refused)
        return _answer(_document(noticing, await noticing.inside()))

    return routes


def _document(noticing: Noticing, inside: Mapping[str, Sequence[Standing]]) -> dict[str, Any]:
    """Each feature as it was drawn, with what the agent made of it."""
    current = noticing.plan
    features = []
    drawn_as = zip(current.document["features"], current.fences.fences.values(), strict=True)
    for drawn, fence in drawn_as:
        there = inside.get(fence.id, ())
        properties = {
            **(drawn.get("properties") or {}),
            "id": fence.id,
            "name": fence.name,
            "kind": fence.kind,
            "version": fence.version,
            "inside": [person.customer_id for person in there if person.named],
            "inside_count": len(there),
        }
        features.append({**drawn, "id": fence.id, "properties": properties})
    return {"type": "FeatureCollection", "features": features}


def _refusal(refused: FencesRefused) -> Response:
    told = "; ".join(
        f"{fault.feature}: {fault.reason}" for fault in refused.faults[:MAX_FAULTS_TOLD]
    )
    return problem(
        422,
        told,
        hint="Mend these features; nothing was changed.",
        field=refused.faults[0].feature or None,
    )


def _answer(document: dict[str, Any]) -> Response:
    return Response(
        orjson.dumps(document, option=orjson.OPT_UTC_Z), media_type="application/geo+json"
    )
