"""The decisions about lots, on values only; code and exhaustive model both use them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from store_agent.domain.rights import Lot, LotClass, LotGrant, LotState

LOW_SHARE = 4


def may_take_in(grant: LotGrant, store_id: str, epoch: str, *, is_known: bool) -> bool:
    """A grant counts once, for the store and epoch it was made out to; never after its close."""
    return grant.store_id == store_id and grant.store_epoch == epoch and not is_known


def can_spend(lot: Lot, now: datetime) -> bool:
    """Active, something left, and not ended. `now` never runs backwards."""
    if lot.state is not LotState.ACTIVE or lot.remaining <= 0:
        return False
    return lot.spend_until is None or now < lot.spend_until


def pick(lots: Iterable[Lot], units: int, now: datetime) -> list[tuple[str, int]]:
    """From which lots `units` come, those that end first leading; [] when there is not enough."""
    picked: list[tuple[str, int]] = []
    for lot in lots:
        if units <= 0:
            break
        if can_spend(lot, now):
            part = min(units, lot.remaining)
            picked.append((lot.lot_id, part))
            units -= part
    return picked if units <= 0 else []


def provable(lots: Iterable[Lot]) -> list[Lot]:
    """Those that may be spent by a clock that nobody has checked: nobody takes them by time."""
    return [lot for lot in lots if lot.lot_class is LotClass.STRICT or lot.spend_until is None]


def spendable(lots: Iterable[Lot], now: datetime) -> int:
    """Units that could be spent now."""
    return sum(lot.remaining for lot in lots if can_spend(lot, now))


def is_low(lots: Iterable[Lot], now: datetime) -> bool:
    """A quarter of the largest grant or less is left: time to ask for more."""
    some = tuple(lots)
    granted = max((lot.amount for lot in some), default=0)
    return spendable(some, now) * LOW_SHARE <= granted


def has_ended(lot: Lot, now: datetime) -> bool:
    """Nothing can be spent of it any more: it may be closed."""
    return lot.remaining == 0 or (lot.spend_until is not None and now >= lot.spend_until)
