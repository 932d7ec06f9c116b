"""What the shop has learned from purchases: read out of the cache, kept in the ledger."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from store_agent.insight.history import history
from store_agent.insight.peers import Peers, learn
from store_agent.insight.rhythm import Thresholds
from store_agent.storage import catalog, meta, shelves
from store_agent.storage.connection import Connection

SAMPLED_CUSTOMERS = 500
PURCHASES = 500  # of one customer
LAPSING_DAYS = "lapsing_days"


def peers(cache: Connection, currency: str, zone: ZoneInfo, today: date) -> Peers:
    """What a sample of the customers teaches; tens of milliseconds for some thousand purchases."""
    return learn(
        (
            history(catalog.purchases_of(cache, one, PURCHASES), currency, zone)
            for one in shelves.some_customers(cache, SAMPLED_CUSTOMERS)
        ),
        today,
    )


def keep(tx: Connection, found: Thresholds) -> None:
    """Remember after how many days a customer is missed; nothing that was not learned."""
    meta.put(tx, LAPSING_DAYS, found.lapsing_days if found.intervals else None)


def lapsing_days(ledger: Connection) -> int | None:
    """The days that were learned last, None = not yet."""
    known = meta.get(ledger, LAPSING_DAYS)
    return None if known is None else int(known)
