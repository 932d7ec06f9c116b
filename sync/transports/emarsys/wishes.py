"""What an event of the shop asks of Emarsys, step by step. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any

import orjson

from sync.outbox import OutboxRow
from sync.transports.emarsys import sales
from sync.transports.emarsys.directory import FieldIds
from sync.transports.emarsys.settings import MAIL_CONSENT, NULL, ConsentField, SalesData, Settings
from sync.transports.emarsys.times import event_time, true_time
from sync.transports.emarsys.waves import Step

CONSENT = "store.consent.changed"
SALE = "store.sale.recorded"
VOID = "store.sale.voided"
RETURN = "store.return.recorded"
WITHDRAWN = "withdrawn"
RESERVED = frozenset({"ems_event_time", "store", "event_id", "event_type", "occurred_at"})
RENAMED = "shop_"  # in front of a field of ours whose name means something else over there
MAX_EVENT_BYTES = 1024 * 1024  # refused above
DATABASE_TIME = "%Y-%m-%d %H:%M:%S"


class Kind(Enum):
    """Calls of one kind can be shared by several contacts."""

    UPDATE = auto()
    PROOF = auto()
    UNSUBSCRIBE = auto()
    SALE = auto()
    TAKE_BACK = auto()


@dataclass(frozen=True, slots=True)
class Trigger:
    """An external event; `item` is its entry in the batch."""

    event_id: int
    item: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Update:
    """Contact fields by id; None empties one."""

    fields: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Proof:
    """One record of the table of consents."""

    record: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """The withdrawal as Emarsys' mailings count it."""


@dataclass(frozen=True, slots=True)
class Sell:
    """A receipt for the sales data, and its name in the ledger of sent ones."""

    key: str
    receipt: sales.Receipt


@dataclass(frozen=True, slots=True)
class TakeBack:
    """A sale is void (`lines` is None), or some of its lines came back."""

    key: str
    order: str
    at: datetime
    lines: Mapping[str, Any] | None


Wanted = Trigger | Update | Proof | Unsubscribe | Sell | TakeBack


@dataclass(frozen=True, slots=True)
class Job:
    """One step of one event, with the row it belongs to."""

    row: OutboxRow
    wanted: Wanted


class UnusableEventError(Exception):
    """Emarsys could never take this event; `code` and the message say why."""

    def __init__(self, code: str, reason: str) -> None:
        """Neither holds a customer's data."""
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class Account:
    """What was found out at the start, and what the settings say."""

    store_id: str
    settings: Settings
    fields: FieldIds
    events: Mapping[str, int]


def steps(row: OutboxRow, account: Account) -> list[Step[Job]]:
    """All steps of one event, in order; none when Emarsys is not to hear of it.

    Raises UnusableEventError.
    """
    if row.type in {VOID, RETURN}:
        return _taking_back(row, account.settings.sales)
    if row.subject is None or not _is_carried(row, account):
        return []
    data = _data(row)
    wanted: list[tuple[Any, Wanted]] = []
    if row.type == CONSENT:
        wanted += _consent(row, data, account)
    if row.type in account.events:
        event_id = account.events[row.type]
        wanted.append((event_id, Trigger(event_id, _trigger(row, data, account.store_id))))
    if row.type == SALE and account.settings.sales is not None:
        wanted += _sale(row, data, account)
    return [
        Step(row.subject, kind, Job(row, one), in_order=kind is Kind.SALE) for kind, one in wanted
    ]


def _is_carried(row: OutboxRow, account: Account) -> bool:
    if row.type == CONSENT or row.type in account.events:
        return True
    return row.type == SALE and account.settings.sales is not None


def _trigger(row: OutboxRow, data: dict[str, Any], store_id: str) -> dict[str, Any]:
    """The entry of a trigger batch. `trigger_id` is the event's id: a repeat changes nothing."""
    at = event_time(true_time(row.occurred_at, row.offset_s))
    shown = {RENAMED + name if name in RESERVED else name: value for name, value in data.items()}
    shown |= {"store": store_id, "event_id": row.id, "event_type": row.type, "occurred_at": at}
    return {"external_id": row.subject, "trigger_id": row.id, "event_time": at, "data": shown}


def _consent(row: OutboxRow, data: dict[str, Any], account: Account) -> list[tuple[Kind, Wanted]]:
    settings = account.settings
    purpose, state = str(data.get("purpose")), str(data.get("state"))
    is_withdrawn = state == WITHDRAWN
    rule = settings.consents.get(purpose)
    wanted: list[tuple[Kind, Wanted]] = []
    if rule is not None:
        fields = {account.fields[rule.field]: _value(rule, is_withdrawn=is_withdrawn)}
        fields |= _proof_fields(row, data, account)
        wanted.append((Kind.UPDATE, Update(fields)))
    if settings.proof == "table":
        wanted.append((Kind.PROOF, Proof(_record(row, data, account.store_id))))
    if is_withdrawn and purpose == MAIL_CONSENT and settings.unsubscribe.enabled:
        # Last: whatever the account's opt-in values mean, the person ends up unsubscribed.
        wanted.append((Kind.UNSUBSCRIBE, Unsubscribe()))
    return wanted


def _value(rule: ConsentField, *, is_withdrawn: bool) -> str | None:
    value = rule.withdrawn if is_withdrawn else rule.granted
    return None if value == NULL else value


def _proof_fields(row: OutboxRow, data: dict[str, Any], account: Account) -> dict[str, str | None]:
    if account.settings.proof != "fields":
        return {}
    named = account.settings.proof_fields
    given = {
        named.how: str(data.get("how") or ""),
        named.at: event_time(true_time(row.occurred_at, row.offset_s)),
        named.text_version: str(data.get("text_version") or ""),
        named.language: str(data.get("language") or ""),
    }
    return {account.fields[name]: value for name, value in given.items() if name}


def _record(row: OutboxRow, data: dict[str, Any], store_id: str) -> dict[str, str]:
    at = true_time(row.occurred_at, row.offset_s).astimezone(UTC)
    told = ("purpose", "state", "how", "text_version", "language")
    record = {name: str(data.get(name) or "") for name in told}
    record |= {"event_id": row.id, "customer": row.subject or "", "store": store_id}
    return record | {"decided_at": at.strftime(DATABASE_TIME)}


def _sale(row: OutboxRow, data: dict[str, Any], account: Account) -> list[tuple[Kind, Wanted]]:
    settings = account.settings.sales
    if settings is None or row.subject is None:
        return []
    at = true_time(row.occurred_at, row.offset_s)
    try:
        one = sales.receipt(data, row.subject, at, account.store_id, settings.returns)
    except sales.UnreadableSaleError as error:
        raise UnusableEventError("unreadable", "the sale has no lines that can be read") from error
    return [(Kind.SALE, Sell(one.order, one))] if one.lines else []


def _taking_back(row: OutboxRow, settings: SalesData | None) -> list[Step[Job]]:
    if settings is None:
        return []
    data = _data(row)
    order = data.get("txn_id")
    if not isinstance(order, str) or not order:
        return []  # what came back was bought where nobody here knows
    at = true_time(row.occurred_at, row.offset_s)
    is_void = row.type == VOID
    key = f"void:{order}" if is_void else f"return:{data.get('return_txn_id')}"
    wanted = TakeBack(key, order, at, None if is_void else data)
    return [Step(f"order:{order}", Kind.TAKE_BACK, Job(row, wanted))]


def _data(row: OutboxRow) -> dict[str, Any]:
    if len(row.data) > MAX_EVENT_BYTES:
        raise UnusableEventError("too_large", "Emarsys takes 1 MB per event")
    try:
        value = orjson.loads(row.data)
    except orjson.JSONDecodeError as error:
        raise UnusableEventError("unreadable", "the event is not JSON") from error
    if not isinstance(value, dict):
        raise UnusableEventError("unreadable", "the event is no JSON object")
    return value
