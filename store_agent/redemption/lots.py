"""Lots in the ledger: take in, spend, give back, close, ask for more."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from store_agent.clock import boot_id
from store_agent.domain import rights_events
from store_agent.domain.ids import NewId
from store_agent.domain.offer import BudgetUnit
from store_agent.domain.rights import Lot, LotGrant, LotState
from store_agent.outgoing import emit
from store_agent.redemption import escrow, moment
from store_agent.storage import Connection, lots, reservations
from store_agent.storage.times import to_text

WANTED = "lot"


def take_grants(
    tx: Connection, grants: Iterable[LotGrant], store_id: str, epoch: str, now: datetime
) -> int:
    """Take in what is new among `grants`; how many. A late copy of a known one changes nothing."""
    taken = 0
    for grant in grants:
        known = lots.is_known(tx, grant.lot_id)
        if escrow.may_take_in(grant, store_id, epoch, is_known=known):
            lots.insert(tx, grant, now)
            reservations.forget_wanted(tx, WANTED, grant.offer_id)
            taken += 1
    return taken


def left(connection: Connection, offer_id: str, now: datetime, but_txn: str = "") -> int:
    """Units that can be spent now and no other basket holds."""
    free = escrow.spendable(_usable(connection, offer_id), now)
    return max(0, free - lots.held(connection, offer_id, to_text(now), but_txn))


def spend(
    tx: Connection, offer_id: str, units: int, now: datetime, txn_id: str
) -> list[tuple[str, int]]:
    """Take `units` out of the lots; [] when there are not enough that nobody else holds."""
    if units > left(tx, offer_id, now, txn_id):
        return []
    picked = escrow.pick(_usable(tx, offer_id), units, now)
    for lot_id, part in picked:
        lots.change_remaining(tx, lot_id, -part)
    return picked


def _usable(connection: Connection, offer_id: str) -> list[Lot]:
    """Open lots; those the centre takes back by time only while this box knows the time."""
    some = lots.active(connection, offer_id)
    certain = escrow.provable(some)
    is_certain = len(certain) == len(some) or moment.is_proved(connection, boot_id())
    return some if is_certain else certain


def give_back(tx: Connection, lot_id: str, units: int) -> str:
    """Put units back into an active lot ("lot"); of a closed one the centre takes them."""
    lot = lots.get(tx, lot_id)
    if lot is None or lot.state is not LotState.ACTIVE:
        return "centre"
    lots.change_remaining(tx, lot_id, units)
    return "lot"


def close(tx: Connection, lot_id: str, now: datetime, new_id: NewId) -> bool:
    """Close a lot for ever and state what was spent of it; False when it is not active."""
    lot = lots.get(tx, lot_id)
    if lot is None or lot.state is not LotState.ACTIVE:
        return False
    lots.close(tx, lot_id, now)
    emit(tx, rights_events.lot_closed(new_id(), now, lot))
    return True


def close_ended(tx: Connection, recalled: Iterable[str], now: datetime, new_id: NewId) -> int:
    """Close what the platform recalls and what has ended; how many.

    A hold does not keep a lot open: its basket then finds out at commit, as after its own expiry.
    """
    wanted = set(recalled)
    due = [
        lot.lot_id
        for lot in lots.active(tx)
        if lot.lot_id in wanted or (lot.spend_until is not None and escrow.has_ended(lot, now))
    ]
    return sum(close(tx, lot_id, now, new_id) for lot_id in due)


def ask_for_more(
    tx: Connection, offer_id: str, unit: BudgetUnit, now: datetime, new_id: NewId
) -> bool:
    """Ask the platform once when little is left; asked again after the next grant."""
    open_lots = lots.active(tx, offer_id)
    remaining = escrow.spendable(open_lots, now)
    if not escrow.is_low(open_lots, now):
        return False
    if not reservations.note_wanted(tx, WANTED, offer_id, now):
        return False
    emit(tx, rights_events.lot_wanted(new_id(), now, offer_id, unit, remaining))
    return True
