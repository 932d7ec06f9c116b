"""The sample shop as a stream of feed documents, deterministic by seed and flat in memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from store_agent.demo import advice, beacons, cast, place, till_campaigns
from store_agent.demo.assortment import articles, product_documents, stock_documents
from store_agent.demo.calendar import Calendar
from store_agent.demo.campaigns import offer_documents
from store_agent.demo.people import People
from store_agent.demo.wallet import signing_key_document
from store_agent.domain.errors import InvalidInput

Document = dict[str, Any]
Row = tuple[str, str, Document]  # collection, key, document

MIN_CUSTOMERS = cast.LEADS
MAX_CUSTOMERS = 1_000_000


def documents(seed: int, customers: int, now: datetime) -> Iterator[Row]:
    """Every document of the shop, the shop's own first, then customer by customer.

    The documents share parts with each other: read or serialise them, never change them. The same
    arguments give the same bytes. Raises InvalidInput unless 60 <= `customers` <= 1,000,000.
    """
    if not MIN_CUSTOMERS <= customers <= MAX_CUSTOMERS:
        raise InvalidInput(
            f"the sample shop has between {MIN_CUSTOMERS} and {MAX_CUSTOMERS} customers",
            hint="Choose another --customers.",
            field="customers",
        )
    return _documents(seed, customers, now)


def calendar(now: datetime) -> Calendar:
    """The shop's calendar at `now`."""
    return Calendar(now, ZoneInfo(place.ZONE_NAME))


def _documents(seed: int, customers: int, now: datetime) -> Iterator[Row]:
    when = calendar(now)
    yield from _shop_documents(seed, when)
    people = People(seed, when)
    for index in range(customers):
        entry = people.file(index)
        yield "customers", entry.customer["id"], entry.customer
        for wallet_pass in entry.passes:
            yield "passes", wallet_pass["id"], wallet_pass
        for voucher in entry.vouchers:
            yield "vouchers", voucher["id"], voucher
        for purchase in entry.purchases:
            yield "purchases", purchase["id"], purchase
        yield from advice.documents(index, entry.customer["id"], when)
        beacon = beacons.carried(seed, index, entry.customer)
        if beacon is not None:
            yield "beacons", beacon["id"], beacon


def _shop_documents(seed: int, when: Calendar) -> Iterator[Row]:
    goods = articles()
    yield ("signing_keys", *signing_key_document(seed))
    yield "fences", place.STORE_ID, place.fences_document()
    for doc in beacons.fixed():
        yield "beacons", doc["id"], doc
    for key, doc in place.staff_documents():
        yield "staff", key, doc
    for key, doc in (*offer_documents(when), *till_campaigns.offer_documents(when)):
        yield "offers", key, doc
    for key, doc in till_campaigns.budget_documents():
        yield "budgets", key, doc
    yield ("weather", *till_campaigns.weather_document(when))
    for key, doc in product_documents(goods):
        yield "products", key, doc
    for key, doc in stock_documents(goods, seed, when.minutes_ago[7]):
        yield "stock", key, doc
