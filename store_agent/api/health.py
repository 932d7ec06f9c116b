"""Is it alive, is it ready, and how is it doing: /healthz, /readyz, /metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import orjson
from fastapi import APIRouter, Response

from store_agent.api.metrics import Metrics
from store_agent.domain.health import ComponentHealth, HealthState

Components = Callable[[], Sequence[ComponentHealth]]


def router(components: Components, metrics: Metrics) -> APIRouter:
    """The three doors. `components` tells the present state of every part."""
    routes = APIRouter()

    @routes.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @routes.get("/readyz", responses={503: {"description": "scans cannot be made durable"}})
    async def readyz() -> Response:
        """200 while scans can be made durable, with the state of every component."""
        rows = components()
        document = {"status": overall(rows), "components": rows}
        status = 503 if _cannot_store(rows) else 200
        return Response(
            orjson.dumps(document, option=orjson.OPT_UTC_Z), status, media_type="application/json"
        )

    @routes.get("/metrics")
    async def prometheus() -> Response:
        """Prometheus text format; no labels that name a person."""
        return Response(metrics.render(), media_type=metrics.content_type)

    return routes


def _cannot_store(rows: Sequence[ComponentHealth]) -> bool:
    return any(row.name == "ledger" and row.state is HealthState.DOWN for row in rows)


def overall(rows: Sequence[ComponentHealth]) -> HealthState:
    """Down without a ledger, degraded when any part is not well."""
    if _cannot_store(rows):
        return HealthState.DOWN
    well = all(row.state is HealthState.OK for row in rows)
    return HealthState.OK if well else HealthState.DEGRADED
