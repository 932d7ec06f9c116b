"""Redemptions at the centre: counted once by their own id, undone once, whatever arrives first."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field, TypeAdapter

from store_agent.demo.settlement import budgets, conflicts, vouchers
from store_agent.demo.settlement.accounts import LotAccount, read_account
from store_agent.domain.rights import RedemptionState
from sync.reference_platform.rules import Documents, PlatformEvent

REDEMPTIONS = "redemptions"


class BackTo(StrEnum):
    """Where the units of an undone redemption went."""

    LOT = "lot"
    CENTRE = "centre"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Told:
    """What an event says about a redemption."""

    redemption_id: str
    units: Annotated[int, Field(ge=0)]
    lot_id: str | None = None
    voucher_id: str | None = None
    grant: str = ""
    state: RedemptionState = RedemptionState.REDEEMED
    reason: str | None = None
    back_to: BackTo = BackTo.NONE


@dataclass(frozen=True, slots=True)
class Known:
    """One redemption the centre has heard of. `counted`: its lot's account holds its units."""

    id: str
    is_undone: bool = False
    counted: bool = False


_read = TypeAdapter(Told).validate_python
_known = TypeAdapter(Known).validate_python


def record(event: PlatformEvent, documents: Documents) -> None:
    """A right was spent, or given away without one."""
    told = _read(event.data)
    if find(documents, told.redemption_id) is not None:
        return
    if told.state is RedemptionState.CONFLICT:
        _keep(documents, Known(told.redemption_id))
        conflicts.note(documents, event, told.redemption_id, told.reason or "conflict")
        return
    _keep(documents, Known(told.redemption_id, counted=_count(event, documents, told)))
    if told.voucher_id is not None:
        fault = vouchers.redeem(event, documents, told.voucher_id, told.redemption_id, told.grant)
        if fault:
            conflicts.note(documents, event, told.redemption_id, fault)


def undo(event: PlatformEvent, documents: Documents) -> None:
    """A void or a return gave the right back."""
    told = _read(event.data)
    known = find(documents, told.redemption_id) or Known(told.redemption_id)
    if known.is_undone:
        return
    _keep(documents, Known(told.redemption_id, is_undone=True))
    if known.counted:
        account = _account_of(event, documents, told)
        if account is not None:
            budgets.uncount(documents, account, told.units)
    account = _account_of(event, documents, told)
    if account is not None and told.back_to is BackTo.CENTRE:
        budgets.take_back(documents, account, told.units)
    if told.voucher_id is not None:
        vouchers.give_back(event, documents, told.voucher_id, told.redemption_id)


def find(documents: Documents, redemption_id: str) -> Known | None:
    """What is known of a redemption; None when it is news."""
    found = documents.get(REDEMPTIONS, redemption_id)
    return None if found is None else _known(found)


def _keep(documents: Documents, known: Known) -> None:
    documents.put(REDEMPTIONS, known.id, asdict(known))


def _count(event: PlatformEvent, documents: Documents, told: Told) -> bool:
    if told.lot_id is None:
        return False
    account = _account_of(event, documents, told)
    if account is None:
        conflicts.note(documents, event, told.redemption_id, "foreign_lot")
        return False
    if not budgets.spend(documents, account, told.units):
        conflicts.note(documents, event, told.redemption_id, "overspent")
    return True


def _account_of(event: PlatformEvent, documents: Documents, told: Told) -> LotAccount | None:
    """The account of the lot it came from, if that lot is this ledger's."""
    account = None if told.lot_id is None else read_account(documents, told.lot_id)
    return account if account is not None and budgets.belongs_to(account, event) else None
