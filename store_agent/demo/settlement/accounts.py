"""The centre's books: one budget per offer, one account per lot it ever granted.

Invariant, at every moment: free + open + settled + written_off == budget, and free >= 0, where
`open` is the amount of the open lots and `settled` what the settled ones were spent for.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from pydantic import TypeAdapter

from store_agent.domain.offer import BudgetUnit
from sync.reference_platform.rules import Documents, PlatformEvent

BUDGETS, ACCOUNTS, STORES = "budgets", "lot_accounts", "store_lots"


@dataclass(frozen=True, slots=True)
class Wish:
    """A store's `store.lot.wanted` that no budget was free for yet."""

    event_id: str
    store_id: str
    epoch: str


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be given away for an offer over all stores, in units of `unit`."""

    offer_id: str
    unit: BudgetUnit
    budget: int
    free: int
    open: int = 0
    settled: int = 0
    written_off: int = 0
    waiting: tuple[Wish, ...] = ()


class AccountState(StrEnum):
    """Only an open account can change, but for units that come back to the centre."""

    OPEN = "open"
    SETTLED = "settled"
    WRITTEN_OFF = "written_off"


@dataclass(frozen=True, slots=True)
class LotAccount:
    """What the centre knows of one lot. `consumed`: reported, and once settled as the store stated.

    `returned`: units that came back to the centre before the closing statement reached it.
    """

    lot_id: str
    offer_id: str
    store_id: str
    store_epoch: str
    amount: int
    state: AccountState = AccountState.OPEN
    consumed: int = 0
    returned: int = 0


@dataclass(frozen=True, slots=True)
class StoreLots:
    """The open lots of a store, so that they are found when its ledger is lost.

    `epoch` is its newest ledger once it has told of one; UUIDv7 in hex, so a later one is greater.
    """

    lot_ids: tuple[str, ...] = ()
    epoch: str = ""


_budget = TypeAdapter(Budget).validate_python
_account = TypeAdapter(LotAccount).validate_python
_store_lots = TypeAdapter(StoreLots).validate_python


def epoch_of(event: PlatformEvent) -> str:
    """The ledger an event comes from; `source` is /stores/{store}/{epoch}."""
    return event.source.removeprefix(f"/stores/{event.store_id}/")


def read_budget(documents: Documents, offer_id: str) -> Budget | None:
    """The budget of an offer, or None when it has none."""
    found = documents.get(BUDGETS, offer_id)
    return None if found is None else _budget(found)


def write_budget(documents: Documents, budget: Budget) -> None:
    """Keep a budget."""
    documents.put(BUDGETS, budget.offer_id, asdict(budget))


def read_account(documents: Documents, lot_id: str) -> LotAccount | None:
    """The account of a lot, whether it is open or not; None when it was never granted."""
    found = documents.get(ACCOUNTS, lot_id)
    return None if found is None else _account(found)


def write_account(documents: Documents, account: LotAccount) -> None:
    """Keep an account, and the store's list of the open ones."""
    documents.put(ACCOUNTS, account.lot_id, asdict(account))
    before = store_lots(documents, account.store_id)
    others = tuple(one for one in before.lot_ids if one != account.lot_id)
    after = (*others, account.lot_id) if account.state is AccountState.OPEN else others
    if set(after) != set(before.lot_ids):
        write_store_lots(documents, account.store_id, replace(before, lot_ids=after))


def store_lots(documents: Documents, store_id: str) -> StoreLots:
    """What is open in a store."""
    found = documents.get(STORES, store_id)
    return StoreLots() if found is None else _store_lots(found)


def write_store_lots(documents: Documents, store_id: str, lots: StoreLots) -> None:
    """Keep it."""
    documents.put(STORES, store_id, asdict(lots))
