"""A basket at a till, and what the offers make of it. Amounts are minor units of one currency."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from store_agent.domain.greeting import OfferReason


@dataclass(frozen=True, slots=True)
class BasketLine:
    """One line. `unit_price` is what the till asks now, `regular_price` before its own reductions.

    `qty` may be fractional (metres, kilograms) and is never negative: a return line says so.
    """

    line_id: str
    sku: str
    qty: Decimal
    unit_price: int
    regular_price: int | None = None
    gtin: str = ""
    tax_code: str = ""
    tax_rate: Decimal | None = None  # percent; only needed where prices exclude tax
    categories: tuple[str, ...] = ()
    discountable: bool = True
    is_return: bool = False


@dataclass(frozen=True, slots=True)
class Basket:
    """What is on the till now. `revision` grows with each change the till makes."""

    txn_id: str
    revision: int
    currency: str
    lines: tuple[BasketLine, ...]
    codes: tuple[str, ...] = ()
    prices_include_tax: bool = True


class Effect(StrEnum):
    """Where the till books what an offer gives."""

    LINE = "line"
    BASKET = "basket"
    TENDER = "tender"  # points paid with, like money


@dataclass(frozen=True, slots=True)
class Allocation:
    """The part of an offer's amount that falls on one line; never more than the line is worth."""

    line_id: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class AppliedOffer:
    """What one offer gives in this basket. The allocations add up to `amount_minor` exactly.

    `prefilled`: the till may apply it without asking. `points`: earned on top, or paid with.
    """

    offer_id: str
    effect: Effect
    amount_minor: int
    allocations: tuple[Allocation, ...]
    receipt_text: str
    voucher_id: str | None = None
    variant_id: str | None = None
    points: int = 0
    prefilled: bool = False
    stack_group: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RefusedOffer:
    """An offer, voucher or code that gives nothing here, and why; `sentence` can be read aloud.

    `missing_minor` is what the basket lacks, where that is the reason.
    """

    offer_id: str
    reason: OfferReason
    sentence: str
    voucher_id: str | None = None
    title: str = ""
    missing_minor: int | None = None


@dataclass(frozen=True, slots=True)
class PointsPreview:
    """What this basket would earn, and what could be paid with points (1 point = 0.01)."""

    earned: int = 0
    balance: int = 0
    payable_minor: int = 0


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The answer for one revision of a basket; it has no side effect."""

    revision: int
    applied: tuple[AppliedOffer, ...]
    refused: tuple[RefusedOffer, ...]
    points: PointsPreview = PointsPreview()
    is_complete: bool = True  # False: the search for the best deal was cut short
