"""Budgets and lots at the centre: grant, count, settle once, write off. Escrow; strict class only.

Nothing comes back by time: what a store does not account for stays out of `free`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from pydantic import TypeAdapter

from store_agent.demo.settlement.accounts import (
    AccountState,
    Budget,
    LotAccount,
    Wish,
    epoch_of,
    read_account,
    read_budget,
    store_lots,
    write_account,
    write_budget,
    write_store_lots,
)
from store_agent.domain.rights import LotGrant
from sync.reference_platform.rules import Documents, EventRefusedError, PlatformEvent

LOTS = "lots"
LOTS_PER_BUDGET = 10  # a lot is a tenth, so that no store strands much of a budget


@dataclass(frozen=True, slots=True)
class _Wanted:
    offer_id: str


@dataclass(frozen=True, slots=True)
class _Statement:
    """The closing statement of a store; how big the lot was the centre knows itself."""

    lot_id: str
    consumed: int


_read_wanted = TypeAdapter(_Wanted).validate_python
_read_statement = TypeAdapter(_Statement).validate_python


def want(event: PlatformEvent, documents: Documents) -> None:
    """A store runs out: grant it a lot, or let it wait until something comes back."""
    budget = read_budget(documents, _read_wanted(event.data).offer_id)
    if budget is None:
        return
    wish = Wish(event.id, event.store_id, epoch_of(event))
    if wish in budget.waiting or read_account(documents, lot_id_of(wish)) is not None:
        return  # waits or was granted already
    if is_of_lost_ledger(documents, wish):
        return
    _serve(documents, replace(budget, waiting=(*budget.waiting, wish)))


def close(event: PlatformEvent, documents: Documents) -> None:
    """Settle a lot by its store's statement: what it did not spend is free again."""
    statement = _read_statement(event.data)
    account = read_account(documents, statement.lot_id)
    if account is None or not belongs_to(account, event):
        raise EventRefusedError("foreign_lot", "this lot was not granted to this ledger")
    if not 0 <= statement.consumed <= account.amount:
        raise EventRefusedError("invalid_data", f"{event.type} lacks a usable consumed")
    budget = read_budget(documents, account.offer_id)
    if budget is None or not may_settle(account):
        return
    consumed = max(0, statement.consumed - account.returned)
    settled = replace(account, state=AccountState.SETTLED, consumed=consumed)
    write_account(documents, settled)
    documents.delete(LOTS, account.lot_id, confirms=event.id)
    _serve(
        documents,
        replace(
            budget,
            free=budget.free + account.amount - consumed,
            open=budget.open - account.amount,
            settled=budget.settled + consumed,
        ),
    )


def write_off(event: PlatformEvent, documents: Documents) -> None:
    """A ledger is gone: what its lots were spent for is never known, so nothing of them returns."""
    known = store_lots(documents, event.store_id)
    newest = max(known.epoch, epoch_of(event))
    write_store_lots(documents, event.store_id, replace(known, epoch=newest))
    for lot_id in known.lot_ids:
        account = read_account(documents, lot_id)
        if account is None or account.store_epoch >= epoch_of(event):
            continue
        budget = read_budget(documents, account.offer_id)
        if budget is None:
            continue
        write_account(documents, replace(account, state=AccountState.WRITTEN_OFF))
        documents.delete(LOTS, lot_id, confirms=event.id)
        write_budget(
            documents,
            replace(
                budget,
                open=budget.open - account.amount,
                written_off=budget.written_off + account.amount,
            ),
        )


def spend(documents: Documents, account: LotAccount, units: int) -> bool:
    """Count a reported redemption while its lot is open; False when the lot did not hold that much.

    It happened, so it counts all the same; what is free never depends on it.
    """
    if account.state is not AccountState.OPEN:
        return True  # the statement has counted it: only a detail
    write_account(documents, replace(account, consumed=account.consumed + units))
    return account.consumed + units <= account.amount


def uncount(documents: Documents, account: LotAccount, units: int) -> None:
    """A redemption that was counted is undone; a settled account keeps what its store stated."""
    if account.state is AccountState.OPEN:
        write_account(documents, replace(account, consumed=max(0, account.consumed - units)))


def take_back(documents: Documents, account: LotAccount, units: int) -> None:
    """Units of a lot that its store had closed come back to the centre."""
    if account.state is AccountState.OPEN:
        write_account(documents, replace(account, returned=account.returned + units))
        return
    budget = read_budget(documents, account.offer_id)
    back = min(units, account.consumed)
    if budget is None or account.state is not AccountState.SETTLED or not back:
        return
    write_account(documents, replace(account, consumed=account.consumed - back))
    _serve(documents, replace(budget, free=budget.free + back, settled=budget.settled - back))


def belongs_to(account: LotAccount, event: PlatformEvent) -> bool:
    """The lot was granted to this very ledger of this store."""
    return (account.store_id, account.store_epoch) == (event.store_id, epoch_of(event))


def may_settle(account: LotAccount) -> bool:
    """Once: a settled or written-off lot stays what it is."""
    return account.state is AccountState.OPEN


def is_of_lost_ledger(documents: Documents, wish: Wish) -> bool:
    """A lot for it would never be taken in, and never come back."""
    return wish.epoch < store_lots(documents, wish.store_id).epoch


def lot_id_of(wish: Wish) -> str:
    """The same wish is always answered with the same lot."""
    return f"lot-{wish.event_id}"


def lot_size(budget: Budget) -> int:
    """Units of the next lot; 0 when nothing is free."""
    return min(budget.free, max(1, budget.budget // LOTS_PER_BUDGET))


def reserve(budget: Budget, units: int) -> Budget:
    """Take a lot out of what is free."""
    return replace(budget, free=budget.free - units, open=budget.open + units)


def _serve(documents: Documents, budget: Budget) -> None:
    """Grant lots to the stores that wait, in their order, while something is free; keep it all."""
    while budget.waiting and lot_size(budget):
        wish, *others = budget.waiting
        budget = replace(budget, waiting=tuple(others))
        if is_of_lost_ledger(documents, wish):
            continue
        units = lot_size(budget)
        budget = reserve(budget, units)
        _grant(documents, budget, wish, units)
    write_budget(documents, budget)


def _grant(documents: Documents, budget: Budget, wish: Wish, units: int) -> None:
    lot_id = lot_id_of(wish)
    account = LotAccount(lot_id, budget.offer_id, wish.store_id, wish.epoch, units)
    write_account(documents, account)
    grant = LotGrant(lot_id, budget.offer_id, wish.store_id, wish.epoch, units, budget.unit)
    documents.put(LOTS, lot_id, asdict(grant), confirms=wish.event_id)
