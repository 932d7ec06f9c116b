"""One event as one line of a daily file (RFC 4180). Pure.

The columns are a promise: new ones are added at the end, none is renamed or moved. What a type
has beyond them stands in `data` as JSON, as the platform gets it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from sync.outbox import OutboxRow, to_rfc3339
from sync.transports.amounts import in_units
from sync.transports.happened import happened_at, is_certain

COLUMNS = (
    "event_id",
    "type",
    "occurred_at",
    "time_is_certain",
    "business_day",
    "store_id",
    "epoch",
    "sequence",
    "customer_id",
    "visit_id",
    "txn_id",
    "place",
    "amount",
    "currency",
    "points",
    "data",
)
# A spreadsheet takes a cell that begins like this for a formula, and would run it.
_FORMULA = re.compile(r"^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"^-?[0-9]+(\.[0-9]+)?$")

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shop:
    """What is the same in every line."""

    store_id: str
    epoch: str
    currency: str


def heading() -> bytes:
    """The first line of every file."""
    return _line(COLUMNS)


def line(row: OutboxRow, day: date, shop: Shop) -> bytes:
    """The line of one event. Raises ValueError when its data is not JSON."""
    data: Data = orjson.loads(row.data)
    currency = str(data.get("currency") or shop.currency)
    amount = _amount(row.type, data)
    return _line(
        [
            row.id,
            row.type,
            to_rfc3339(happened_at(row)),
            "yes" if is_certain(row) else "no",
            day.isoformat(),
            shop.store_id,
            shop.epoch,
            row.sequence,
            row.subject or "",
            _text(data.get("visit_id")),
            _text(data.get("txn_id")),
            _text(data.get("till") or data.get("lane") or data.get("fence_id")),
            "" if amount is None else str(in_units(amount, currency)),
            "" if amount is None else currency,
            _text(data.get("points")),
            row.data.decode(),
        ]
    )


def _line(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([_harmless(cell) for cell in cells])
    return text.getvalue().encode()


def _harmless(cell: str) -> str:
    """With an apostrophe in front where a spreadsheet would calculate; numbers stay numbers."""
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.match(cell) else cell


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _amount(kind: str, data: Data) -> int | None:
    """What the event is about in money, in minor units; None when it is about none."""
    found = AMOUNTS[kind](data) if kind in AMOUNTS else None
    return found if isinstance(found, int) else None


def _total(data: Data) -> Any:
    return data.get("total")


def _worth(data: Data) -> Any:
    return data.get("amount")


def _refund(data: Data) -> int:
    return sum(one.get("refund_amount") or 0 for one in data.get("lines") or ())


AMOUNTS: Mapping[str, Callable[[Data], Any]] = {
    "store.sale.recorded": _total,
    "store.redemption.recorded": _worth,
    "store.redemption.voided": _worth,
    "store.redemption.restored": _worth,
    "store.return.recorded": _refund,
}
