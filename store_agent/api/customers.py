"""`GET /api/v1/customers`: search and profile, and `GET /api/v1/presence`: who is in the shop."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated
from zoneinfo import ZoneInfo

import orjson
from fastapi import APIRouter, Query, Request, Response

from store_agent import briefing
from store_agent.api.callers import caller_of
from store_agent.clock import Clock
from store_agent.config import Settings
from store_agent.domain.arrival import Arrival
from store_agent.domain.errors import NotFound
from store_agent.domain.greeting import Visit
from store_agent.domain.naming import why_unnamed
from store_agent.presence.noticing import Noticing
from store_agent.presence.people import showable, standing
from store_agent.storage import (
    Connection,
    Storage,
    View,
    access_log,
    arrivals,
    catalog,
    customers,
    visits,
)

MAX_HITS = 50
PURCHASES_IN_PROFILE = 50
Expiry = Callable[[View, Visit], datetime]


def router(storage: Storage, settings: Settings, clock: Clock, noticing: Noticing) -> APIRouter:
    """Read doors. Only people who agreed to be addressed are named."""
    routes = APIRouter()
    store = settings.store
    zone = ZoneInfo(store.zone)
    idle = timedelta(minutes=settings.visits.idle_minutes)
    claim_length = timedelta(minutes=settings.presence.claim_minutes)
    expires_at = partial(noticing.expires_at, idle=idle)

    @routes.get("/api/v1/customers", response_class=Response)
    async def search(
        q: Annotated[str, Query(max_length=200)],
        limit: Annotated[int, Query(ge=1, le=MAX_HITS)] = 20,
    ) -> Response:
        """Customers by name, phone digits, e-mail or member number; best first."""
        return _json(await storage.read(lambda view: _hits(view, q, limit), is_long=True))

    @routes.get("/api/v1/customers/{customer_id:path}", response_class=Response)
    async def profile(customer_id: str, request: Request) -> Response:
        """The full profile; the look is written to the access log first."""
        caller = caller_of(request)
        now = clock.now()

        def read(view: View) -> dict[str, object] | None:
            person = briefing.customer(view, customer_id)
            if person is None or why_unnamed(person) is not None:
                return None
            brief = briefing.brief(view, person, now, zone, store.language)
            return {
                **orjson.loads(orjson.dumps(person)),
                "relationship": brief.relationship,
                "sentence": brief.find_sentence(),
                "offers": brief.offers,
                "vouchers": catalog.vouchers_of(view.cache, customer_id),
                "purchases": catalog.purchases_of(view.cache, customer_id, PURCHASES_IN_PROFILE),
            }

        document = await storage.read(read, is_long=True)
        if document is None:
            raise NotFound("no customer with this id may be shown", field="customer_id")

        def log(tx: Connection) -> None:
            access_log.record(tx, now, caller.staff_id, caller.name, customer_id, "profile")

        await storage.write_or_keep(log)
        return _json(document)

    @routes.get("/api/v1/presence", response_class=Response)
    async def presence() -> Response:
        """Open visits of people who may be named, newest first, and who is on the way.

        `arrivals` name only those who agreed to be addressed.
        """
        now = clock.now()
        found = await storage.read(
            lambda view: _present(view, expires_at, claim_length, now), is_long=True
        )
        return _json(found)

    return routes


def _hits(view: View, query: str, limit: int) -> dict[str, object]:
    found = []
    for hit in customers.search(view.cache, query, limit):
        person = briefing.customer(view, hit.id)
        if person is not None and why_unnamed(person) is None:
            found.append(
                {
                    "id": person.id,
                    "display_name": person.display_name,
                    "tier": person.tier.name if person.tier else None,
                    "member_number": person.member_number,
                    "stub": person.stub,
                }
            )
    return {"customers": found}


def _present(
    view: View, expires_at: Expiry, claim_length: timedelta, now: datetime
) -> dict[str, object]:
    rows = []
    for visit in visits.present(view.ledger):
        person = briefing.customer(view, visit.customer_id)
        shown = None if person is None else showable(visit, person)
        if person is None or shown is None:
            continue
        is_claimed = visit.claimed_until(now, claim_length) is not None
        rows.append(
            {
                "visit_id": visit.id,
                "customer": {"id": person.id, "display_name": person.display_name},
                "since": visit.started_at,
                "last_seen_at": visit.last_seen_at,
                "expires_at": expires_at(view, visit),
                "lane": visit.lane,
                "zone": shown.zone,
                "evidence": visit.evidence,
                "confidence": visit.confidence_at(now),
                "claimed_by": visit.claimed_by if is_claimed else None,
            }
        )
    coming = (_arrival(view, one) for one in arrivals.everybody(view.ledger))
    return {"visits": rows, "arrivals": [one for one in coming if one is not None]}


def _arrival(view: View, arrival: Arrival) -> dict[str, object] | None:
    person = briefing.customer(view, arrival.customer_id)
    if person is None or not standing(person).noticed:
        return None
    visit = visits.find_open(view.ledger, person.id)
    named = standing(person).named and (visit is None or not visit.other_person)
    return {
        "customer": {"id": person.id, "display_name": person.display_name} if named else None,
        "fence_id": arrival.fence_id,
        "stage": arrival.stage,
        "since": arrival.since,
        "as_of": arrival.as_of,
        "eta_at": arrival.eta_at,
        "confidence": arrival.confidence,
    }


def _json(document: object) -> Response:
    return Response(orjson.dumps(document, option=orjson.OPT_UTC_Z), media_type="application/json")
