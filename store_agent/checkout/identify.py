"""Who stands at the till: from what was shown to a reference, without telling who is a customer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from store_agent import briefing
from store_agent.checkout import answers
from store_agent.checkout.answers import Answer
from store_agent.checkout.cases import Counter
from store_agent.clock import Clock, is_plausible
from store_agent.domain.customer import Customer, PersonState
from store_agent.domain.greeting import OfferReason
from store_agent.domain.language import pick_text
from store_agent.domain.naming import why_unnamed
from store_agent.domain.offer import Voucher
from store_agent.domain.scan import OnceCode
from store_agent.identity.resolve import resolve
from store_agent.offers.windows import moment_of, out_of_dates
from store_agent.redemption.standing import Asked, voucher_fault
from store_agent.storage import Storage, View, catalog, customers, once_codes, words
from store_agent.storage.pass_book import StoredPassBook

HASH = re.compile(r"[0-9a-fA-F]{64}")
NOBODY: Answer = {"customer_ref": None, "greeting": None, "vouchers": []}


@dataclass(frozen=True, slots=True)
class Shown:
    """What was shown at which basket."""

    kind: str
    value: str
    txn_id: str
    language: str


class Identify:
    """The verb `identify`. It writes nothing but the use of a code that counts once."""

    def __init__(self, storage: Storage, counter: Counter, clock: Clock) -> None:
        """Over one storage."""
        self._storage = storage
        self._counter = counter
        self._clock = clock

    async def __call__(self, shown: Shown) -> Answer:
        """`{customer_ref, greeting, vouchers[]}`; unknown and unusable look alike."""
        now = self._clock.now()
        found, code = await self._storage.read(lambda view: self._look(view, shown, now))
        if found is None or code is None:
            return found or NOBODY
        fresh = await self._storage.write(lambda tx: once_codes.burn(tx, code, now))
        return found if fresh else NOBODY

    def _look(
        self, view: View, shown: Shown, now: datetime
    ) -> tuple[Answer | None, OnceCode | None]:
        customer_id, code = self._find(view, shown, now)
        customer = briefing.customer(view, customer_id) if customer_id else None
        if customer is None or PersonState.DECEASED in customer.states:
            return None, None
        return self._told(view, customer, shown, now), code

    def _find(self, view: View, shown: Shown, now: datetime) -> tuple[str | None, OnceCode | None]:
        if shown.kind == "qr":
            found = resolve(shown.value, None, StoredPassBook(view), now, is_plausible(now))
            return found.customer_id, found.once
        word = _word(shown)
        person = customers.by_word(view.cache, word) if word else None
        return (person.id if person else None), None

    def _told(self, view: View, customer: Customer, shown: Shown, now: datetime) -> Answer:
        """A reference for everybody known: rights are honoured. A greeting only with consent."""
        held = catalog.vouchers_of(view.cache, customer.id)
        asked = Asked(shown.txn_id, customer.id, 0, now, now.date())
        listed = [(one, self._fault(view, one, asked, now)) for one in held]
        over = {OfferReason.ALREADY_REDEEMED, OfferReason.EXPIRED}
        return {
            "customer_ref": self._counter.refs.seal(customer.id, shown.txn_id),
            "greeting": customer.display_name if why_unnamed(customer) is None else None,
            "vouchers": [
                answers.voucher(one, pick_text(one.title, shown.language), fault)
                for one, fault in listed
                if fault not in over
            ],
        }

    def _fault(self, view: View, one: Voucher, asked: Asked, now: datetime) -> OfferReason | None:
        if one.redeemed_at is not None:
            return OfferReason.ALREADY_REDEEMED
        if one.owner_store != self._counter.store.id:
            return OfferReason.NOT_OWNER
        fault = out_of_dates(one, moment_of(now, self._counter.zone))
        return fault or voucher_fault(view.ledger, one.id, one.grant, asked)


def _word(shown: Shown) -> str:
    """The word under which a card or a hash is found; a receipt proves no customer."""
    if shown.kind == "card" and shown.value.strip():
        return words.member(shown.value)
    if not HASH.fullmatch(shown.value):
        return ""
    if shown.kind == "phone_hash":
        return words.phone_hash(shown.value)
    return words.mail_hash(shown.value) if shown.kind == "email_hash" else ""
