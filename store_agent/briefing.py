"""What staff may know about one customer, put together from cache and ledger: card, offers, words.

One reader of a person for every door, so that consent and states are honoured everywhere alike.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from store_agent import greeting as words
from store_agent import offers as rules
from store_agent.domain.customer import Customer
from store_agent.domain.greeting import Briefing, Greeting, Sentence, Verdict
from store_agent.domain.overlay import overlay
from store_agent.storage import View, catalog, consents, customers, persons


def customer(view: View, customer_id: str) -> Customer | None:
    """The cached customer with this shop's undelivered changes laid over it.

    A change made under an id that was merged into this customer since counts as well.
    """
    cached = customers.get(view.cache, customer_id)
    if cached is None:
        return None
    ids = (cached.id, *customers.merged_into(view.cache, cached.id))
    return overlay(
        cached, consents.undelivered(view.ledger, *ids), persons.pending(view.ledger, *ids)
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
    )
    decisions = judge(language=language)
    relationship = words.relationship(person, at)

    def find_sentence() -> Sentence | None:
        # It quotes an offer's title, so it needs the titles in the language it is spoken in.
        spoken = words.spoken_language(person, language)
        quoted = decisions if spoken == language else judge(language=spoken)
        return words.sentence(person, relationship, quoted, at=at, zone=zone, language=language)

    return Briefing(person, relationship, decisions, find_sentence)


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
