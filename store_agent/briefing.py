"""What staff may know about one customer, put together from cache and ledger: card, offers, words.

One reader of a person for every door, so that consent and states are honoured everywhere alike.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from geofences import state as places
from store_agent import greeting as words
from store_agent import offers as rules
from store_agent.domain.answer import quiet_topics
from store_agent.domain.customer import Customer
from store_agent.domain.greeting import Briefing, Greeting, Sentence, Verdict
from store_agent.domain.offer import TriggerKind
from store_agent.domain.overlay import overlay
from store_agent.domain.scan import Resolution, ScanKind, ScanReason
from store_agent.identity.message import ScannedText, normalise
from store_agent.offers.occasion import Occasion
from store_agent.storage import (
    View,
    arrivals,
    catalog,
    consents,
    customers,
    learned,
    meta,
    persons,
    preferences,
    topics,
    visits,
    whereabouts,
)
from sync.lookup import Wanted, WantedKind


def customer(view: View, customer_id: str) -> Customer | None:
    """The cached customer with this shop's undelivered changes laid over it.

    A change made under an id that was merged into this customer since counts as well.
    """
    cached = customers.get(view.cache, customer_id)
    if cached is None:
        return None
    ids = (cached.id, *customers.merged_into(view.cache, cached.id))
    return overlay(
        cached,
        consents.undelivered(view.ledger, *ids),
        persons.pending(view.ledger, *ids),
        preferences.pending(view.ledger, *ids),
    )


def brief(view: View, person: Customer, at: datetime, zone: ZoneInfo, language: str) -> Briefing:
    """Judge every offer and find the one thing to say to somebody who may be named.

    `language` is the reader's; the sentence itself is in the customer's own.
    """
    judge = partial(
        rules.choose,
        person,
        view.offers(),
        catalog.vouchers_of(view.cache, person.id),
        owned_skus=catalog.owned_skus(view.cache, person.id),
        at=at,
        zone=zone,
        occasion=occasion(view, person.id, at, scanned=True),
    )
    decisions = judge(language=language)
    quiet = _quiet(view, person.id, at)
    relationship = words.relationship(
        person, at, long_absence_days=learned.lapsing_days(view.ledger) or words.LONG_ABSENCE_DAYS
    )

    def find_sentence() -> Sentence | None:
        # It quotes an offer's title, so it needs the titles in the language it is spoken in.
        spoken = words.spoken_language(person, language)
        quoted = decisions if spoken == language else judge(language=spoken)
        return words.sentence(
            person, relationship, quoted, at=at, zone=zone, language=language, quiet=quiet
        )

    return Briefing(person, relationship, decisions, find_sentence)


def _quiet(view: View, customer_id: str, at: datetime) -> frozenset[str]:
    """What this person does not want to hear of, in this visit or for a while."""
    answers = topics.of(view.ledger, customer_id)
    if not answers:
        return frozenset()
    visit = visits.find_open(view.ledger, customer_id)
    return quiet_topics(answers, None if visit is None else visit.id, at)


def wanted(
    resolution: Resolution, data: str, person: Customer | None, symbology: str | None = None
) -> Wanted | None:
    """What the platform could tell about who was scanned, when this shop does not know enough."""
    if resolution.customer_id is not None:
        return None if person is not None and not person.stub else whole(resolution.customer_id)
    if resolution.kind is not ScanKind.UNKNOWN or resolution.reason is not ScanReason.UNKNOWN_PASS:
        return None
    scanned = normalise(data, symbology)
    return Wanted.barcode(scanned.text) if isinstance(scanned, ScannedText) else None


def whole(customer_id: str) -> Wanted:
    """The full profile of somebody of whom this shop has a stub, or nothing."""
    return Wanted(WantedKind.CUSTOMER_ID, customer_id)


def occasion(
    view: View,
    customer_id: str | None,
    at: datetime,
    *,
    scanned: bool = False,
    basket: bool = False,
) -> Occasion:
    """What is going on with somebody now; only what some offer waits for is looked up."""
    waits_for = view.offers().triggers
    known = customer_id is not None
    return Occasion(
        scanned=scanned,
        has_basket=basket,
        dwelled_s=_dwelled(view, customer_id or "", at)
        if known and TriggerKind.ZONE_DWELL in waits_for
        else {},
        approaching=known
        and TriggerKind.APPROACH in waits_for
        and arrivals.is_expected(view.ledger, customer_id or ""),
        visit_number=_visit_number(view, customer_id or "")
        if known and TriggerKind.NTH_VISIT in waits_for
        else None,
        weather=_weather(view, at) if TriggerKind.WEATHER in waits_for else frozenset(),
    )


def _visit_number(view: View, customer_id: str) -> int:
    """Which visit this is; one that is just beginning counts."""
    begun = visits.find_open(view.ledger, customer_id) is not None
    return visits.count(view.ledger, customer_id) + (not begun)


def _weather(view: View, at: datetime) -> frozenset[str]:
    """What the platform says of this store, unless that is old."""
    found = catalog.weather(view.cache, meta.get(view.ledger, "store_id") or "")
    if found is None or not found.as_of <= at <= found.valid_until:
        return frozenset()
    return frozenset(found.conditions)


def _dwelled(view: View, customer_id: str, at: datetime) -> dict[str, float]:
    """Seconds in each zone they are in now."""
    document = whereabouts.get(view.ledger, customer_id)
    if document is None:
        return {}
    return {
        fence_id: (at - known.enter_at).total_seconds()
        for fence_id, known in places.load(document).fences.items()
        if known.is_within and known.enter_at is not None
    }


def scan_answer(greeting: Greeting) -> dict[str, Any]:
    """The body of `POST /api/v1/scans`."""
    person = greeting.customer
    shown = greeting.briefing.offers if greeting.briefing else ()
    return {
        "visit_id": greeting.visit.id if greeting.visit else None,
        "customer": person
        and {
            "id": person.id,
            "display_name": person.display_name,
            "tier": person.tier.name if person.tier else None,
        },
        "reason": greeting.reason,
        "offers": [
            {
                "offer_id": offer.offer_id,
                "voucher_id": offer.voucher_id,
                "title": offer.title,
                "detail": offer.detail,
                "reason": offer.reason,
                "valid_until": offer.valid_until,
            }
            for offer in shown
            if offer.verdict is Verdict.SHOWN
        ],
        "as_of": person.as_of if person else None,
    }
