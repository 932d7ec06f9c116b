"""Single-use vouchers at the centre: exactly one owner at a time, redeemed at most once.

`owner_store` "" = the centre. Each move has a new `grant`, the id of the event that caused it, and
names the ledger (`owner_epoch`) that asked: if that is lost, its successor cannot spend it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from store_agent.demo.settlement.accounts import epoch_of
from sync.reference_platform.rules import Documents, EventRefusedError, PlatformEvent

VOUCHERS = "vouchers"
WANTED_BY = "wanted_by"  # the store that waits for a recalled voucher; shops ignore it
WANTED_EPOCH = "wanted_epoch"  # the ledger of that store
REDEEMED_BY = "redeemed_by"  # the redemption that counts; shops ignore it

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Told:
    voucher_id: str
    grant: str


_read = TypeAdapter(_Told).validate_python


def want(event: PlatformEvent, documents: Documents) -> None:
    """Its owner stands in this store: hand the voucher over, or ask the other store for it."""
    told = _read(event.data)
    voucher = documents.get(VOUCHERS, told.voucher_id)
    if voucher is None or voucher.get("redeemed_at") or not _is_current(voucher, told.grant):
        return  # nothing to move, or the shop is about to hear of a newer grant
    owner = voucher.get("owner_store", "")
    if not owner:
        _move(documents, voucher, (event.store_id, epoch_of(event)), event)
    elif owner != event.store_id:
        wanted = {WANTED_BY: event.store_id, WANTED_EPOCH: epoch_of(event)}
        recalled = {**voucher, "recalled": True, **wanted}
        documents.put(VOUCHERS, told.voucher_id, recalled, confirms=event.id)


def release(event: PlatformEvent, documents: Documents) -> None:
    """Its owner gave it back unspent: it goes on to whoever wants it, or stays at the centre."""
    told = _read(event.data)
    voucher = documents.get(VOUCHERS, told.voucher_id)
    if (
        voucher is None
        or voucher.get("redeemed_at")
        or voucher.get("owner_store") != event.store_id
        or not _is_current(voucher, told.grant)
    ):
        return  # another owner's by now, or spent
    _move(documents, voucher, (voucher.get(WANTED_BY, ""), voucher.get(WANTED_EPOCH, "")), event)


def redeem(
    event: PlatformEvent, documents: Documents, voucher_id: str, redemption_id: str, grant: str
) -> str:
    """Mark a voucher as spent by this redemption. Returns what is wrong about it, or ""."""
    voucher = documents.get(VOUCHERS, voucher_id)
    if voucher is None:
        return "unknown_voucher"
    if voucher.get("redeemed_at"):
        return "already_redeemed"
    if event.time is None:
        raise EventRefusedError("invalid_data", f"{event.type} lacks a usable time")
    spent = {**voucher, "redeemed_at": event.time, REDEEMED_BY: redemption_id}
    documents.put(VOUCHERS, voucher_id, spent, confirms=event.id)
    is_owner = voucher.get("owner_store") == event.store_id and _is_current(voucher, grant)
    return "" if is_owner else "not_owner"


def give_back(
    event: PlatformEvent, documents: Documents, voucher_id: str, redemption_id: str
) -> None:
    """The redemption that counted is undone; a double one changed nothing and gives nothing."""
    voucher = documents.get(VOUCHERS, voucher_id)
    if voucher is None or voucher.get(REDEEMED_BY) != redemption_id:
        return
    documents.put(
        VOUCHERS, voucher_id, _without(voucher, "redeemed_at", REDEEMED_BY), confirms=event.id
    )


def _move(
    documents: Documents, voucher: Document, owner: tuple[str, str], event: PlatformEvent
) -> None:
    moved = {
        **_without(voucher, WANTED_BY, WANTED_EPOCH),
        "owner_store": owner[0],
        "owner_epoch": owner[1],
        "grant": event.id,
        "recalled": False,
    }
    documents.put(VOUCHERS, voucher["id"], moved, confirms=event.id)


def _is_current(voucher: Document, grant: str) -> bool:
    return bool(voucher.get("grant", "") == grant)


def _without(voucher: Document, *names: str) -> Document:
    return {name: value for name, value in voucher.items() if name not in names}
