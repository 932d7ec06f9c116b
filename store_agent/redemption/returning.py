"""Articles come back: which points and rights go with them, to the unit.

All shares are cumulative and rounded down, so that many partial returns never give back more than
the sale, and a full one gives back exactly all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from store_agent.domain import rights_events
from store_agent.domain.offer import RestorePolicy
from store_agent.domain.rights import (
    PointsKind,
    Redemption,
    RedemptionState,
    VoucherAction,
    VoucherEffect,
)
from store_agent.domain.sale import Sale, SaleLine
from store_agent.redemption import lots
from store_agent.redemption.act import Act
from store_agent.storage import redemptions, reservations, returns

MILLI = 1000


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """One article that comes back. `line_id` is the original sale's, "" when it is not known."""

    line_id: str
    sku: str
    qty: Decimal
    refund_minor: int


@dataclass(frozen=True, slots=True)
class ReturnRequest:
    """A return; `sale` is the original one, None when nobody knows it (a blind return)."""

    return_txn_id: str
    till: str
    sale: Sale | None
    lines: tuple[ReturnLine, ...]


@dataclass(frozen=True, slots=True)
class Returned:
    """The answer: points taken back, what became of rights, and what was not accepted."""

    clawback_points: int = 0
    restored_points: int = 0
    effects: tuple[VoucherEffect, ...] = ()
    warnings: tuple[str, ...] = ()


def take_back(act: Act, request: ReturnRequest) -> Returned:
    """Book a return. The same `return_txn_id` again changes nothing and is answered as before."""
    known = returns.find(act.tx, request.return_txn_id, Returned)
    if known is not None:
        return known
    answer = _blind(request) if request.sale is None else _of_sale(act, request, request.sale)
    txn_id = request.sale.txn_id if request.sale else None
    returns.record(act.tx, request.return_txn_id, txn_id, request.till, act.now, answer)
    act.emit(
        rights_events.return_recorded(
            act.new_id(),
            act.now,
            request.return_txn_id,
            txn_id,
            request.till,
            [
                {"line_id": one.line_id, "qty": str(one.qty), "refund_amount": one.refund_minor}
                for one in request.lines
            ],
            answer.clawback_points,
        )
    )
    return answer


def _blind(request: ReturnRequest) -> Returned:
    return Returned(warnings=("unknown_sale",))


def _of_sale(act: Act, request: ReturnRequest, sale: Sale) -> Returned:
    if reservations.is_void(act.tx, sale.txn_id):
        return Returned(warnings=("sale_was_voided",))
    sold = {line.line_id: _milli(line) for line in sale.lines if _milli(line) > 0}
    before = returns.returned(act.tx, sale.txn_id)
    now, warnings = dict(before), []
    for line in request.lines:
        line_id = line.line_id if line.line_id in sold else _by_sku(sale, line, now, sold)
        if line_id is None:
            warnings.append(f"unknown_line:{line.line_id or line.sku}")
            continue
        wanted = now.get(line_id, 0) + int(line.qty * MILLI)
        if wanted > sold[line_id]:
            warnings.append(f"more_than_sold:{line_id}")
        now[line_id] = min(wanted, sold[line_id])
    for line_id, qty_milli in now.items():
        returns.set_returned(act.tx, sale.txn_id, line_id, qty_milli)
    share = _Share(sold, now)
    effects = [
        effect
        for one in redemptions.of_txn(act.tx, sale.txn_id)
        if one.state is RedemptionState.REDEEMED
        for effect in _take_right(act, request, one, share)
    ]
    clawed, restored = _take_points(act, sale, share)
    return Returned(clawed, restored, tuple(effects), tuple(warnings))


@dataclass(frozen=True, slots=True)
class _Share:
    """How much of each line has come back in all, in thousandths of a piece."""

    sold: Mapping[str, int]
    returned: Mapping[str, int]

    def of(self, line_id: str, amount: int) -> int:
        """The part of a line's amount that went back, rounded down; all of it at the end."""
        sold = self.sold.get(line_id, 0)
        return amount * self.returned.get(line_id, 0) // sold if sold else 0

    def is_whole(self, line_ids: set[str]) -> bool:
        """Everything on these lines came back."""
        return all(self.returned.get(one, 0) == self.sold.get(one, 0) for one in line_ids)


def _take_right(
    act: Act, request: ReturnRequest, one: Redemption, share: _Share
) -> list[VoucherEffect]:
    returned = sum(share.of(part.line_id, part.amount_minor) for part in one.allocations)
    touched = {part.line_id for part in one.allocations}
    is_whole = share.is_whole(touched or set(share.sold))
    news = returned - one.returned_minor
    redemptions.set_returned(act.tx, one.id, returned)
    if is_whole and one.restore is not RestorePolicy.NEVER:
        _restore(act, request, one)
        action = VoucherAction.RESTORE
    elif news and one.restore is RestorePolicy.ALWAYS:
        action = VoucherAction.PARTIAL
    else:
        action = VoucherAction.KEEP
    if one.voucher_id is None or not (news or is_whole):
        return []
    return [VoucherEffect(one.voucher_id, action, news)]


def _restore(act: Act, request: ReturnRequest, one: Redemption) -> None:
    back_to = lots.give_back(act.tx, one.lot_id, one.units) if one.lot_id else "none"
    redemptions.set_state(act.tx, one.id, RedemptionState.RESTORED)
    act.emit(
        rights_events.redemption_restored(
            act.new_id(), act.now, one, request.return_txn_id, VoucherAction.RESTORE, back_to
        )
    )


def _take_points(act: Act, sale: Sale, share: _Share) -> tuple[int, int]:
    """Earned points go back with what was paid for; burnt ones return with what they paid for."""
    entries = redemptions.points_of_txn(act.tx, sale.txn_id)
    customer_id = next((entry.customer_id for entry in entries), None)
    if customer_id is None:
        return 0, 0
    total = {kind: sum(e.points for e in entries if e.kind is kind) for kind in PointsKind}
    values = {line.line_id: _value(line) for line in sale.lines if _milli(line) > 0}
    worth = sum(values.values())
    gone = sum(share.of(line_id, value) for line_id, value in values.items())
    if share.is_whole(set(values)):
        gone = worth = max(worth, 1)
    due = total[PointsKind.EARN] * gone // worth if worth else 0
    clawed = due + total[PointsKind.CLAWBACK]
    act.enter_points(customer_id, PointsKind.CLAWBACK, -clawed, sale.txn_id)
    back = -total[PointsKind.BURN] * gone // worth if worth else 0
    restored = back - total[PointsKind.RESTORE]
    act.enter_points(customer_id, PointsKind.RESTORE, restored, sale.txn_id)
    return clawed, restored


def _by_sku(
    sale: Sale, line: ReturnLine, now: Mapping[str, int], sold: Mapping[str, int]
) -> str | None:
    """A line of the same article that has not come back altogether."""
    if line.line_id:
        return None
    for known in sale.lines:
        left = sold.get(known.line_id, 0) - now.get(known.line_id, 0)
        if known.sku == line.sku and left > 0:
            return known.line_id
    return None


def _milli(line: SaleLine) -> int:
    return int(Decimal(line.qty) * MILLI)


def _value(line: SaleLine) -> int:
    return max(0, int(Decimal(line.qty) * line.unit_price))
