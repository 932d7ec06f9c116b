"""Who is on the way and what for: rows for the tablet, with a name only where that was agreed."""

from __future__ import annotations

import hashlib
from datetime import datetime

from kiosk_ui import model
from store_agent import briefing
from store_agent.domain.arrival import Arrival, ArrivalStage
from store_agent.domain.customer import PersonState
from store_agent.domain.naming import why_unnamed
from store_agent.greeting.coming import need_of
from store_agent.presence.people import standing
from store_agent.storage import View, arrivals, visits

ON_THE_WAY = frozenset({ArrivalStage.APPROACHING, ArrivalStage.NEARBY})


def rows(view: View, language: str) -> tuple[model.ArrivalRow, ...]:
    """Whoever comes for something, at the curbside first, then the soonest."""
    found = (_row(view, one, language) for one in arrivals.everybody(view.ledger))
    known = [row for row in found if row is not None]
    known.sort(key=lambda row: (row.stage is not model.ArrivalStage.AT_CURBSIDE, _expected(row)))
    return tuple(known)


def _expected(row: model.ArrivalRow) -> datetime:
    return row.eta_at or row.since


def _row(view: View, arrival: Arrival, language: str) -> model.ArrivalRow | None:
    person = briefing.customer(view, arrival.customer_id)
    if person is None or not standing(person).noticed:
        return None
    named = why_unnamed(person) is None and PersonState.DO_NOT_APPROACH not in person.states
    need = need_of(person, language, named=named)
    if need is None or visits.find_open(view.ledger, person.id) is not None:
        return None  # nothing to prepare, or already a row of the floor
    return model.ArrivalRow(
        id=_alias(arrival),
        stage=model.ArrivalStage(arrival.stage),
        need=need.text,
        as_of=arrival.as_of,
        since=arrival.since,
        eta_at=arrival.eta_at if arrival.stage in ON_THE_WAY else None,
        confidence=model.Confidence(arrival.confidence),
        customer_id=person.id if named else "",
        name=person.display_name if named else "",
        place=need.place,
        zone_id=arrival.fence_id,
    )


def _alias(arrival: Arrival) -> str:
    """A page id that names nobody: a digest, because ids of customers may be e-mail addresses."""
    text = f"{arrival.customer_id}\n{arrival.fence_id}\n{arrival.since.isoformat()}"
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
