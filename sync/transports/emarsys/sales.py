"""Receipts as lines of Emarsys' sales data. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

import orjson

from sync.transports.emarsys.settings import ReturnsAs, SalesData, SaleSource

TIMESTAMP = "%Y-%m-%dT%H:%M:%SZ"
# Digits behind the point, where they are not two. ISO 4217.
NO_DIGITS = frozenset(
    (
        *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"),
        *("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
    )
)
THREE_DIGITS = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))
FOUR_DIGITS = frozenset(("CLF", "UYW"))
MOST_DECIMALS = 6  # of a quantity


class UnreadableSaleError(Exception):
    """The event holds no receipt that could be written as sales data."""


@dataclass(frozen=True, slots=True)
class SaleLine:
    """One article: `total_minor` is what its pieces cost together, in minor units."""

    line_id: str
    item: str
    quantity: Decimal
    total_minor: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """One order as the CSV has it. `sources` fill custom columns."""

    order: str
    customer: str
    at: datetime
    currency: str
    lines: tuple[SaleLine, ...]
    sources: Mapping[SaleSource, str] = field(default_factory=dict)


def receipt(
    data: Mapping[str, Any], customer: str, at: datetime, store_id: str, returns: ReturnsAs
) -> Receipt:
    """The receipt in the data of `store.sale.recorded`. Raises UnreadableSaleError.

    What was paid is what counts: a discount on the whole is spread over the lines.
    """
    try:
        currency, order = str(data["currency"]), str(data["txn_id"])
        lines = [_line(one) for one in data["lines"]]
        total = int(data["total"])
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise UnreadableSaleError from error
    sold = [line for line in lines if line.quantity > 0]
    if len(sold) == len(lines):
        lines = _paid(lines, total)
    elif returns is ReturnsAs.IGNORED:
        lines = sold
    sources = {
        SaleSource.STORE: store_id,
        SaleSource.TILL: str(data.get("till") or ""),
        SaleSource.RECEIPT: str(data.get("receipt_number") or ""),
        SaleSource.CURRENCY: currency,
        SaleSource.BUSINESS_DATE: str(data.get("business_date") or ""),
    }
    return Receipt(order, customer, at, currency, tuple(lines), sources)


def voided(sale: Receipt, at: datetime) -> Receipt:
    """The whole sale once more, negative."""
    lines = tuple(
        replace(line, quantity=-line.quantity, total_minor=-line.total_minor) for line in sale.lines
    )
    return replace(sale, at=at, lines=lines)


def returned(sale: Receipt, data: Mapping[str, Any], at: datetime) -> Receipt:
    """The lines of `store.return.recorded`, negative. Raises UnreadableSaleError.

    Lines that the sale did not hold are left out: nobody knows their article.
    """
    items = {line.line_id: line.item for line in sale.lines}
    try:
        lines = tuple(
            SaleLine(
                str(one["line_id"]),
                items[str(one["line_id"])],
                -abs(_decimal(one["qty"])),
                -abs(int(one["refund_amount"])),
            )
            for one in data["lines"]
            if str(one["line_id"]) in items
        )
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise UnreadableSaleError from error
    return replace(sale, at=at, lines=lines)


def dump(one: Receipt) -> bytes:
    """A receipt to be kept for what may come back of it."""
    lines = [[x.line_id, x.item, str(x.quantity), x.total_minor] for x in one.lines]
    document = {"customer": one.customer, "currency": one.currency, "lines": lines}
    return orjson.dumps(document | {"sources": {str(k): v for k, v in one.sources.items()}})


def load(order: str, kept: bytes, at: datetime) -> Receipt:
    """The inverse of `dump`."""
    document = orjson.loads(kept)
    lines = tuple(SaleLine(a, b, Decimal(c), d) for a, b, c, d in document["lines"])
    sources = {SaleSource(name): value for name, value in document["sources"].items()}
    return Receipt(order, document["customer"], at, document["currency"], lines, sources)


def to_csv(receipts: Iterable[Receipt], settings: SalesData) -> bytes:
    """The body of one call: the agreed columns in the agreed order, one line per article."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(settings.columns)
    for one in receipts:
        writer.writerows(_cells(one, settings))
    return text.getvalue().encode()


def major(amount_minor: int, currency: str) -> str:
    """Minor units as the amount people write: 1990 EUR = 19.90, 1990 JPY = 1990."""
    digits = exponent(currency)
    return f"{Decimal(amount_minor).scaleb(-digits):.{digits}f}"


def exponent(currency: str) -> int:
    """Digits behind the point of a currency."""
    if currency in NO_DIGITS:
        return 0
    if currency in THREE_DIGITS:
        return 3
    return 4 if currency in FOUR_DIGITS else 2


def _cells(one: Receipt, settings: SalesData) -> Iterable[list[str]]:
    for line in one.lines:
        cells = {
            "item": line.item,
            "price": major(line.total_minor, one.currency),
            "order": one.order,
            "timestamp": one.at.astimezone(UTC).strftime(TIMESTAMP),
            "customer": one.customer,
            "email": one.customer,
            "quantity": f"{line.quantity.normalize():f}",
        }
        cells |= {name: one.sources.get(source, "") for name, source in settings.custom.items()}
        yield [cells[name] for name in settings.columns]


def _line(one: Mapping[str, Any]) -> SaleLine:
    quantity = _decimal(one["qty"])
    total = (quantity * int(one["unit_price"])).to_integral_value(ROUND_HALF_UP)
    return SaleLine(str(one["line_id"]), str(one["sku"]), quantity, int(total))


def _decimal(text: Any) -> Decimal:
    try:
        value = Decimal(str(text))
    except InvalidOperation as error:
        raise ValueError("no quantity") from error
    digits = value.as_tuple().exponent
    if not isinstance(digits, int) or abs(digits) > MOST_DECIMALS:
        raise ValueError("no quantity")
    return value


def _paid(lines: Sequence[SaleLine], total: int) -> list[SaleLine]:
    """Spread what the whole cost less over the lines, by their share; the sum is exact."""
    listed = sum(line.total_minor for line in lines)
    if not 0 <= total < listed:
        return list(lines)
    paid: list[SaleLine] = []
    before = spent = 0
    for line in lines:
        before += line.total_minor
        share = before * total // listed - spent
        spent += share
        paid.append(replace(line, total_minor=share))
    return paid
