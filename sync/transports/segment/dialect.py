"""An event in Segment's words: `identify` for what is now true of a person, else `track`. Pure.

Names a receiver's destinations already know are used where they exist: "Order Completed" and its
like with decimals, as Segment's e-commerce specification has them. All other events keep the
shop's own type as their name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson

from sync.outbox import OutboxRow
from sync.transports.amounts import in_units
from sync.transports.happened import happened_at, milliseconds

CONSENT_CHANGED = "store.consent.changed"
PERSON_CHANGED = "store.person.changed"
MAX_NESTING = 200  # RudderStack's; nothing the shop writes comes near it

Data = Mapping[str, Any]


class UntranslatableError(Exception):
    """This event cannot be said in this dialect; `code` as for a rejected event."""

    def __init__(self, code: str, reason: str) -> None:
        """`reason` is one sentence without a person's data."""
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Dialect:
    """What is the same for all events of a shop. `names` renames events by their type."""

    store_id: str
    epoch: str
    zone: str
    currency: str
    version: str
    names: Mapping[str, str]

    @property
    def nobody(self) -> str:
        """The `anonymousId` of events that concern no person: the shop itself."""
        return f"store-{self.store_id}"

    def payload(self, row: OutboxRow) -> bytes:
        """One call as JSON. Raises UntranslatableError."""
        data = _readable(row.data)
        call = _traits(row, data) or self._event(row, data)
        person = {"userId": row.subject} if row.subject else {"anonymousId": self.nobody}
        # `sentAt` stays out: from it Segment would "correct" the time of an event sent late.
        call |= person | {
            "messageId": row.id,
            "timestamp": milliseconds(happened_at(row)),
            "context": self._context(row),
        }
        return orjson.dumps(call, default=_number)

    def _context(self, row: OutboxRow) -> Data:
        return {
            "app": {"name": "store-agent", "version": self.version},
            "library": {"name": "store-agent", "version": self.version},
            "timezone": self.zone,
            "store": {"id": self.store_id, "epoch": self.epoch, "sequence": row.sequence},
        }

    def _event(self, row: OutboxRow, data: Data) -> dict[str, Any]:
        order = ORDERS.get(row.type)
        name, properties = row.type, data
        if order is not None:
            name, properties = order.name, order.properties(data, self.currency)
        return {
            "type": "track",
            "event": self.names.get(row.type, name),
            "properties": {"store_id": self.store_id, **properties},
        }


def _readable(text: bytes) -> Data:
    # Fewer opening brackets than levels are allowed: the usual case needs no walk.
    try:
        data: Data = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UntranslatableError("unreadable", "the event's data is not JSON") from error
    if text.count(b"{") + text.count(b"[") > MAX_NESTING and _depth(data) > MAX_NESTING - 2:
        raise UntranslatableError("too_deep", f"nested deeper than {MAX_NESTING} levels")
    return data


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    return depth


def _traits(row: OutboxRow, data: Data) -> dict[str, Any] | None:
    """What is now true of the person; None for an event that says nothing lasting."""
    if row.subject is None:
        return None
    if row.type == CONSENT_CHANGED and isinstance(data.get("purpose"), str):
        # Flat names: receivers replace a nested trait as a whole, and with it other purposes.
        name = f"consent_{data['purpose'].replace('.', '_')}"
        proof = {
            f"{name}_{detail}": data.get(detail) for detail in ("how", "text_version", "language")
        }
        at = {f"{name}_at": milliseconds(happened_at(row))}
        return {"type": "identify", "traits": {name: data.get("state")} | proof | at}
    if row.type == PERSON_CHANGED and "visit_id" not in data:
        return {"type": "identify", "traits": {f"state_{data.get('state')}": data.get("on")}}
    return None


def _number(value: Any) -> float:
    if isinstance(value, Decimal):
        return float(value)  # a receiver's JSON number; the shop's own books stay in minor units
    raise TypeError


@dataclass(frozen=True, slots=True)
class _Order:
    """How one type is called in the e-commerce specification."""

    name: str
    properties: Callable[[Data, str], Data]


def _completed(data: Data, currency: str) -> Data:
    currency = data.get("currency") or currency
    return {
        "order_id": data.get("txn_id"),
        "total": _money(data.get("total"), currency),
        "currency": currency,
        "products": [
            {
                "sku": line.get("sku"),
                "product_id": line.get("sku"),
                "quantity": _quantity(line.get("qty")),
                "price": _money(line.get("unit_price"), currency),
            }
            for line in data.get("lines") or ()
        ],
        "payment_methods": [tender.get("kind") for tender in data.get("tenders") or ()],
        "receipt_number": data.get("receipt_number"),
        "till": data.get("till"),
        "business_date": data.get("business_date"),
    }


def _cancelled(data: Data, _: str) -> Data:
    return {"order_id": data.get("txn_id")} | {name: data.get(name) for name in ("till", "reason")}


def _refunded(data: Data, currency: str) -> Data:
    lines = data.get("lines") or ()
    amounts = [line.get("refund_amount") or 0 for line in lines]
    return {
        "order_id": data.get("txn_id"),
        "refund_id": data.get("return_txn_id"),
        "total": _money(sum(amounts), currency),
        "currency": currency,
        "products": [
            {
                "line_id": line.get("line_id"),
                "quantity": _quantity(line.get("qty")),
                "refund": _money(line.get("refund_amount"), currency),
            }
            for line in lines
        ],
        "till": data.get("till"),
        "clawback": data.get("clawback"),
    }


def _money(amount: Any, currency: str) -> Decimal | None:
    return in_units(amount, currency) if isinstance(amount, int) else None


def _quantity(text: Any) -> float | None:
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


ORDERS: Mapping[str, _Order] = {
    "store.sale.recorded": _Order("Order Completed", _completed),
    "store.sale.voided": _Order("Order Cancelled", _cancelled),
    "store.return.recorded": _Order("Order Refunded", _refunded),
}
