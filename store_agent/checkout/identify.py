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
from store_agent.domain.scan import OnceCode, Resolution, ScanKind
from store_agent.identity.resolve import resolve
from store_agent.offers.windows import moment_of, out_of_dates
from store_agent.redemption.standing import Asked, voucher_fault
from store_agent.storage import Storage, View, catalog, customers, once_codes, words
from store_agent.storage.pass_book import StoredPassBook
from sync.lookup import Wanted, WantedKind
from sync.lookup_desk import LookupDesk

HASH = re.compile(r"[0-9a-fA-F]{64}")
HASH_KINDS = {"phone_hash": WantedKind.PHONE_SHA256, "email_hash": WantedKind.EMAIL_SHA256}
NOBODY: Answer = {"customer_ref": None, "greeting": None, "vouchers": []}


@dataclass(frozen=True, slots=True)
class Shown:
    """What was shown at which basket."""

    kind: str
    value: str
    txn_id: str
    language: str


@dataclass(frozen=True, slots=True)
class _Found:
    """What this shop knows: the answer, a code that is used up by it, and what it lacks."""

    answer: Answer | None
    once: OnceCode | None = None
    wanted: Wanted | None = None


class Identify:
    """The verb `identify`. It writes nothing but the use of a code that counts once."""

    def __init__(
        self, storage: Storage, counter: Counter, clock: Clock, desk: LookupDesk | None = None
    ) -> None:
        """Over one storage; `desk` asks the platform about who is not known here."""
        self._desk = desk
        self._storage = storage
        self._counter = counter
        self._clock = clock

    async def __call__(self, shown: Shown) -> Answer:
        """`{customer_ref, greeting, vouchers[]}`; unknown and unusable look alike."""
        now = self._clock.now()
        found = await self._storage.read(lambda view: self._look(view, shown, now))
        if self._desk and found.wanted and await self._desk.ask(found.wanted):
            found = await self._storage.read(lambda view: self._look(view, shown, now))
        answer, code = found.answer, found.once
        if answer is None or code is None:
            return answer or NOBODY
        fresh = await self._storage.write(lambda tx: once_codes.burn(tx, code, now))
        return answer if fresh else NOBODY

    def _look(self, view: View, shown: Shown, now: datetime) -> _Found:
        resolution = self._find(view, shown, now)
        customer_id = resolution.customer_id
        customer = briefing.customer(view, customer_id) if customer_id else None
        wanted = _wanted(resolution, shown, customer)
        if customer is None or PersonState.DECEASED in customer.states:
            return _Found(None, wanted=wanted)
        return _Found(self._told(view, customer, shown, now), resolution.once, wanted)

    def _find(self, view: View, shown: Shown, now: datetime) -> Resolution:
        if shown.kind == "qr":
            return resolve(shown.value, None, StoredPassBook(view), now, is_plausible(now))
        word = _word(shown)
        person = customers.by_word(view.cache, word) if word else None
        return Resolution(ScanKind.UNKNOWN, customer_id=person.id if person else None)

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


def _wanted(resolution: Resolution, shown: Shown, customer: Customer | None) -> Wanted | None:
    """What the platform may know of who is not, or not wholly, known here."""
    if shown.kind == "qr" or resolution.customer_id is not None:
        return briefing.wanted(resolution, shown.value, customer)
    if shown.kind == "card" and shown.value.strip():
        return Wanted(WantedKind.MEMBER_NUMBER, shown.value.strip())
    kind = HASH_KINDS.get(shown.kind)
    if kind is None or not HASH.fullmatch(shown.value):
        return None
    return Wanted(kind, shown.value.lower())


def _word(shown: Shown) -> str:
    """The word under which a card or a hash is found; a receipt proves no customer."""
    if shown.kind == "card" and shown.value.strip():
        return words.member(shown.value)
    if not HASH.fullmatch(shown.value):
        return ""
    if shown.kind == "phone_hash":
        return words.phone_hash(shown.value)
    return words.mail_hash(shown.value) if shown.kind == "email_hash" else ""
