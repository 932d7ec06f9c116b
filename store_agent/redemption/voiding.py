"""A whole transaction is taken back: before its commit, after it, or before we ever heard of it."""

from __future__ import annotations

from dataclasses import dataclass

from store_agent.domain import rights_events
from store_agent.domain.rights import (
    PointsKind,
    Redemption,
    RedemptionState,
    ReservationState,
)
from store_agent.redemption import lots
from store_agent.redemption.act import Act
from store_agent.storage import redemptions, reservations, sales

EARNED = frozenset({PointsKind.EARN, PointsKind.CLAWBACK, PointsKind.REVERSE})


@dataclass(frozen=True, slots=True)
class Voided:
    """What a void undid. `was` is "open", "committed", "unknown" (a tombstone) or "voided"."""

    was: str
    redemptions: tuple[Redemption, ...] = ()


def void(act: Act, txn_id: str, till: str, reason: str) -> Voided:
    """Release what is held and reverse what was spent. Idempotent; later commits are conflicts."""
    if reservations.is_void(act.tx, txn_id):
        return Voided("voided")
    sold = sales.get(act.tx, txn_id) is not None
    held = reservations.get(act.tx, txn_id)
    reservations.void(act.tx, txn_id, till, act.now, reason)
    act.emit(rights_events.sale_voided(act.new_id(), act.now, txn_id, till, reason))
    if held is not None and held.state is ReservationState.LIVE:
        reservations.end(act.tx, txn_id, ReservationState.RELEASED)
    if not sold:
        return Voided("open" if held is not None else "unknown")
    undone = tuple(
        one
        for one in redemptions.of_txn(act.tx, txn_id)
        if one.state in {RedemptionState.REDEEMED, RedemptionState.CONFLICT}
    )
    for one in undone:
        _undo(act, one)
    reverse_points(act, txn_id)
    return Voided("committed", undone)


def _undo(act: Act, one: Redemption) -> None:
    back_to = "none"
    if one.state is RedemptionState.REDEEMED and one.lot_id is not None:
        back_to = lots.give_back(act.tx, one.lot_id, one.units)
    redemptions.set_state(act.tx, one.id, RedemptionState.VOIDED)
    act.emit(rights_events.redemption_voided(act.new_id(), act.now, one, back_to))


def reverse_points(act: Act, txn_id: str) -> None:
    """Bring every movement of this sale to zero, whatever returns have moved before."""
    entries = redemptions.points_of_txn(act.tx, txn_id)
    for customer_id in sorted({entry.customer_id for entry in entries}):
        own = [entry for entry in entries if entry.customer_id == customer_id]
        earned = sum(entry.points for entry in own if entry.kind in EARNED)
        burnt = sum(entry.points for entry in own if entry.kind not in EARNED)
        act.enter_points(customer_id, PointsKind.REVERSE, -earned, txn_id)
        act.enter_points(customer_id, PointsKind.RESTORE, -burnt, txn_id)
