"""`POST /api/v1/owntracks`: the OwnTracks app as it is, in HTTP mode.

Whatever is not 2xx the app sends again, and it blocks what comes after it; so everything from
somebody with a token is answered with 200 and `[]`, and what cannot be used is counted.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request, Response

from geofences import owntracks
from geofences.model import Fix, Observation, Sense
from geofences.owntracks import BeaconSeen, Unusable
from store_agent.api.callers import basic_user
from store_agent.api.metrics import Metrics
from store_agent.clock import Clock
from store_agent.domain.greeting import Evidence
from store_agent.presence.air import Air
from store_agent.presence.noticing import Noticing


def router(
    noticing: Noticing,
    air: Air,
    clock: Clock,
    metrics: Metrics,
    open_envelope: Callable[[str], bytes] | None,
) -> APIRouter:
    """The door of the app. Without `open_envelope` it must send in clear."""
    routes = APIRouter()

    @routes.post("/api/v1/owntracks", response_class=Response)
    async def post_owntracks(request: Request) -> Response:
        """Take positions and beacon evidence of one customer's phone; the user name says whose."""
        messages = owntracks.read(
            await request.body(), _subject(request), clock.now(), open_envelope
        )
        fixes = [one for one in messages if isinstance(one, Fix)]
        metrics.unusable.inc(sum(isinstance(one, Unusable) for one in messages))
        metrics.fixes.inc((await noticing.on_fixes(fixes)).count(""))
        heard = (_observed(one, air, noticing, clock) for one in messages)
        await noticing.on_observations([one for one in heard if one is not None])
        return Response(b"[]", media_type="application/json")

    return routes


def _subject(request: Request) -> str:
    return owntracks.subject_of(
        request.headers.get("x-limit-u", ""),
        request.query_params.get("u", ""),
        basic_user(request.headers.get("authorization", "")),
    )


def _observed(
    message: owntracks.Message, air: Air, noticing: Noticing, clock: Clock
) -> Observation | None:
    """Evidence of a zone, where the beacon is one that is fixed in this shop."""
    if not isinstance(message, BeaconSeen):
        return None
    zone = air.zone_of(message.uuid, message.major, message.minor)
    if zone is None and message.region:
        zone = noticing.plan.named(message.region)
    if zone is None:
        return None
    sense = Sense.PRESENT if message.present else Sense.GONE
    return Observation(message.subject, zone, message.at, clock.now(), Evidence.BEACON.value, sense)
