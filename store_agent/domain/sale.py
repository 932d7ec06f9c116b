"""A sale as the till hook takes it, first form: what happened, never a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class SaleLine:
    """One basket line; amounts in minor units, `qty` a decimal string as tills send it."""

    line_id: str
    sku: str
    qty: str
    unit_price: int


@dataclass(frozen=True, slots=True)
class Tender:
    """One payment of a sale."""

    kind: str
    amount: int


@dataclass(frozen=True, slots=True)
class Sale:
    """A finished basket. Key: `txn_id`, made by the till and stable until the receipt."""

    txn_id: str
    till: str
    currency: str
    total: int
    lines: tuple[SaleLine, ...]
    tenders: tuple[Tender, ...]
    receipt_number: str
    business_date: date
    received_at: datetime
    customer_ref: str | None = None
