"""From what the files say to what the rules ask: the case of one basket."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from store_agent import briefing
from store_agent.checkout.refs import CustomerRefs
from store_agent.config import StoreSettings
from store_agent.domain.basket import Basket
from store_agent.domain.customer import Customer, PersonState
from store_agent.domain.offer import Voucher
from store_agent.offers.candidates import Case
from store_agent.offers.occasion import Occasion
from store_agent.redemption import standing
from store_agent.redemption.moment import effective_now
from store_agent.redemption.standing import Asked
from store_agent.storage import View, catalog, customers, visits


@dataclass(frozen=True, slots=True)
class Counter:
    """What all baskets of this shop share."""

    store: StoreSettings
    zone: ZoneInfo
    refs: CustomerRefs


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A basket's case, and what the ledger was asked for it."""

    case: Case
    asked: Asked


def customer_of(view: View, counter: Counter, ref: str | None, txn_id: str) -> Customer | None:
    """Whoever a till's reference means: an opaque one of this basket, or the id a scan gave."""
    if not ref:
        return None
    customer_id = counter.refs.open(ref, txn_id) or ref
    customer = briefing.customer(view, customer_id)
    if customer is None or PersonState.DECEASED in customer.states:
        return None
    return customer


def open_case(  # noqa: PLR0913, PLR0917  one basket, one person, one moment
    view: View,
    counter: Counter,
    basket: Basket,
    customer: Customer | None,
    at: datetime,
    language: str,
    is_online: bool,
) -> CaseFile:
    """Look everything up that the rules will ask."""
    now = effective_now(view.ledger, at)
    asked = Asked(
        basket.txn_id,
        customer.id if customer else None,
        customer.points if customer else 0,
        now,
        now.astimezone(counter.zone).date(),
        customers.merged_into(view.cache, customer.id) if customer else (),
    )
    vouchers = _vouchers(view, customer, basket.codes)
    book = view.offers()
    case = Case(
        customer=customer,
        book=book,
        vouchers=vouchers,
        standing=standing.read(view.ledger, asked, book.bounded, vouchers),
        occasion=_occasion(view, customer, now),
        at=now,
        zone=counter.zone,
        language=language,
        store_id=counter.store.id,
        is_online=is_online,
    )
    return CaseFile(case, asked)


def _vouchers(view: View, customer: Customer | None, codes: tuple[str, ...]) -> tuple[Voucher, ...]:
    found = {}
    if customer is not None:
        found = {one.id: one for one in catalog.vouchers_of(view.cache, customer.id)}
    for code in codes:
        for one in catalog.vouchers_by_code(view.cache, code):
            found.setdefault(one.id, one)
    return tuple(found.values())


def _occasion(view: View, customer: Customer | None, now: datetime) -> Occasion:
    customer_id = customer.id if customer else None
    visit = visits.find_open(view.ledger, customer_id) if customer_id else None
    scanned = visit is not None and bool(visit.lane)
    return briefing.occasion(view, customer_id, now, scanned=scanned, basket=True)
