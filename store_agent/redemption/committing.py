"""A basket was paid: spend what it claims. It has happened, so it is never refused.

What the ledger cannot give is recorded as a conflict: a loss that the back office sees, never a
second accepted redemption.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from store_agent.domain import rights_events
from store_agent.domain.basket import Allocation
from store_agent.domain.greeting import OfferReason
from store_agent.domain.rights import (
    CommitStatus,
    PointsKind,
    Redemption,
    RedemptionState,
    ReservationState,
    Want,
)
from store_agent.domain.sale import Sale
from store_agent.offers.arithmetic import share
from store_agent.redemption import lots, moment
from store_agent.redemption.act import Act
from store_agent.redemption.standing import Asked, want_fault
from store_agent.storage import redemptions, reservations, sales


@dataclass(frozen=True, slots=True)
class Claimed:
    """One offer the till says it applied: an offer id, a voucher id, or "points:<n>"."""

    id: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class CommitRequest:
    """A paid basket. Without a reservation a claim is what the rules `judged`, or its fault."""

    sale: Sale
    asked: Asked
    claimed: tuple[Claimed, ...]
    judged: Mapping[str, Want]
    faults: Mapping[str, OfferReason] = field(default_factory=dict)
    earned_points: int = 0
    vouchers: frozenset[str] = frozenset()  # the ids of all vouchers that the claims may mean

    def named(self, claim_id: str) -> str | None:
        """The voucher a claim means, or None when it is an offer's."""
        return claim_id if claim_id in self.vouchers else None


@dataclass(frozen=True, slots=True)
class Committed:
    """What became of it. `is_new` is False when this transaction was committed before."""

    status: CommitStatus
    redemptions: tuple[Redemption, ...]
    is_new: bool = True


def commit(act: Act, request: CommitRequest, sale_event_id: str) -> Committed:
    """Record the sale and spend its rights; a repeated commit changes nothing."""
    sale = request.sale
    if not sales.record(act.tx, sale, sale_event_id):
        known = tuple(redemptions.of_txn(act.tx, sale.txn_id))
        return Committed(_status(known, was_held=True), known, is_new=False)
    held = reservations.get(act.tx, sale.txn_id)
    is_held = held is not None and held.state is ReservationState.LIVE and held.expires_at > act.now
    is_void = reservations.is_void(act.tx, sale.txn_id)
    wants = {_id(want): want for want in (held.wants if held is not None else ())}
    spent: list[Redemption] = []
    for claim in request.claimed:
        want = wants.get(claim.id)
        fault = OfferReason.BASKET_VOIDED if is_void else None
        if want is None:
            want = request.judged.get(claim.id)
            fault = fault or request.faults.get(claim.id)
        spent += _spend(act, request, claim, want, fault)
    if held is not None:
        reservations.end(act.tx, sale.txn_id, ReservationState.COMMITTED)
    if sale.customer_ref is not None and not is_void:
        act.enter_points(sale.customer_ref, PointsKind.EARN, request.earned_points, sale.txn_id)
    if spent:
        moment.remember(act.tx, act.now)
    return Committed(_status(spent, was_held=is_held or not request.claimed), tuple(spent))


def _spend(
    act: Act,
    request: CommitRequest,
    claim: Claimed,
    want: Want | None,
    fault: OfferReason | None,
) -> list[Redemption]:
    """Spend one claim; several rows when its units come out of several lots."""
    if want is None:
        want = Want(claim.id, claim.amount_minor, voucher_id=request.named(claim.id))
        fault = fault or OfferReason.NOT_FOUND
    fault = fault or want_fault(act.tx, want, request.asked)
    picked: list[tuple[str, int]] = []
    if fault is None and want.budget is not None:
        units = reservations.units_of(replace(want, amount_minor=claim.amount_minor))
        picked = lots.spend(act.tx, want.offer_id, units, act.now, request.sale.txn_id)
        fault = None if picked else OfferReason.BUDGET_USED_UP
        lots.ask_for_more(act.tx, want.offer_id, want.budget, act.now, act.new_id)
    parts: list[tuple[str | None, int]] = [*picked] or [(None, 0)]
    rows = []
    amounts = _amounts(claim.amount_minor, [units for _, units in parts])
    for (lot_id, units), amount in zip(parts, amounts, strict=True):
        one = _redemption(act, request, want, amount, fault)
        one = replace(one, lot_id=lot_id, units=units)
        redemptions.insert(act.tx, one)
        act.emit(rights_events.redemption_recorded(one, want.voucher_grant))
        rows.append(one)
    if fault is None and want.points and request.sale.customer_ref is not None:
        act.enter_points(
            request.sale.customer_ref, PointsKind.BURN, -want.points, request.sale.txn_id
        )
    return rows


def _redemption(
    act: Act, request: CommitRequest, want: Want, amount_minor: int, fault: OfferReason | None
) -> Redemption:
    sale = request.sale
    return Redemption(
        id=act.new_id(),
        txn_id=sale.txn_id,
        offer_id=want.offer_id,
        voucher_id=want.voucher_id,
        lot_id=None,
        customer_id=sale.customer_ref,
        units=0,
        amount_minor=amount_minor,
        currency=sale.currency,
        till=sale.till,
        business_date=sale.business_date,
        at=act.now,
        state=RedemptionState.REDEEMED if fault is None else RedemptionState.CONFLICT,
        allocations=_allocations(want, amount_minor),
        points=want.points if fault is None else 0,
        restore=want.restore,
        reason=fault,
    )


def _allocations(want: Want, amount_minor: int) -> tuple[Allocation, ...]:
    """As the rules shared it, scaled to what the till really gave."""
    if sum(part.amount_minor for part in want.allocations) == amount_minor:
        return want.allocations
    weights = {part.line_id: part.amount_minor for part in want.allocations}
    if amount_minor > sum(weights.values()):
        weights = {name: weight * amount_minor for name, weight in weights.items()}
    shares = share(amount_minor, weights)
    return tuple(Allocation(name, shares[name]) for name in sorted(shares))


def _amounts(amount_minor: int, units: list[int]) -> list[int]:
    """The amount over the lots it came from."""
    if len(units) == 1:
        return [amount_minor]
    shares = share(
        amount_minor, {str(n): part * max(1, amount_minor) for n, part in enumerate(units)}
    )
    return [shares.get(str(n), 0) for n in range(len(units))]


def _id(want: Want) -> str:
    return want.voucher_id or want.offer_id


def _status(spent: list[Redemption] | tuple[Redemption, ...], *, was_held: bool) -> CommitStatus:
    if any(one.reason is not None for one in spent):
        return CommitStatus.CONFLICT
    return CommitStatus.COMMITTED if was_held else CommitStatus.COMMITTED_LATE
