"""The events about rights: redemptions, points, lots, vouchers. docs/platform-api.md has them."""

from __future__ import annotations

from datetime import datetime

from store_agent.domain.events import Event, EventType
from store_agent.domain.offer import BudgetUnit
from store_agent.domain.rights import Lot, PointsEntry, Redemption, VoucherAction


def redemption_recorded(one: Redemption, grant: str) -> Event:
    """A right was spent, or given away without one (`state` conflict). Its id is the event's."""
    data = {
        "redemption_id": one.id,
        "txn_id": one.txn_id,
        "till": one.till,
        "offer_id": one.offer_id,
        "voucher_id": one.voucher_id,
        "grant": grant,
        "lot_id": one.lot_id,
        "units": one.units,
        "amount": one.amount_minor,
        "currency": one.currency,
        "points": one.points,
        "business_date": one.business_date,
        "state": one.state,
        "reason": one.reason,
    }
    return Event(one.id, EventType.REDEMPTION_RECORDED, one.at, data, one.customer_id)


def redemption_voided(event_id: str, at: datetime, one: Redemption, back_to: str) -> Event:
    """The whole sale was taken back; `back_to`: "lot", "centre" or "none" for its units."""
    data = {**_taken_back(one), "back_to": back_to}
    return Event(event_id, EventType.REDEMPTION_VOIDED, at, data, one.customer_id)


def redemption_restored(  # noqa: PLR0913, PLR0917  what a return does to a right
    event_id: str,
    at: datetime,
    one: Redemption,
    return_txn_id: str,
    action: VoucherAction,
    back_to: str,
) -> Event:
    """A return gave a right back."""
    data = {
        **_taken_back(one),
        "return_txn_id": return_txn_id,
        "action": action,
        "back_to": back_to,
    }
    return Event(event_id, EventType.REDEMPTION_RESTORED, at, data, one.customer_id)


def _taken_back(one: Redemption) -> dict[str, object]:
    return {
        "redemption_id": one.id,
        "txn_id": one.txn_id,
        "offer_id": one.offer_id,
        "voucher_id": one.voucher_id,
        "lot_id": one.lot_id,
        "units": one.units,
        "amount": one.amount_minor,
    }


def points_entered(entry: PointsEntry) -> Event:
    """Points came or went; the feed confirms this event with the new balance."""
    data = {
        "entry_id": entry.id,
        "kind": entry.kind,
        "points": entry.points,
        "txn_id": entry.txn_id,
        "expires_at": entry.expires_at,
    }
    return Event(entry.id, EventType.POINTS_ENTERED, entry.at, data, entry.customer_id)


def sale_voided(event_id: str, at: datetime, txn_id: str, till: str, reason: str) -> Event:
    """A whole transaction is void, also one whose commit has not come (yet)."""
    data = {"txn_id": txn_id, "till": till, "reason": reason}
    return Event(event_id, EventType.SALE_VOIDED, at, data)


def lot_closed(event_id: str, at: datetime, lot: Lot) -> Event:
    """The closing statement: what was spent of it in the end."""
    data = {
        "lot_id": lot.lot_id,
        "offer_id": lot.offer_id,
        "amount": lot.amount,
        "consumed": lot.amount - lot.remaining,
    }
    return Event(event_id, EventType.LOT_CLOSED, at, data)


def lot_wanted(event_id: str, at: datetime, offer_id: str, unit: BudgetUnit, left: int) -> Event:
    """This store runs out of an offer's budget and asks for another lot."""
    data = {"offer_id": offer_id, "unit": unit, "left": left}
    return Event(event_id, EventType.LOT_WANTED, at, data)


def voucher_released(
    event_id: str, at: datetime, customer_id: str, voucher_id: str, grant: str
) -> Event:
    """The ownership of a voucher went back to the centre, unspent."""
    data = {"voucher_id": voucher_id, "grant": grant}
    return Event(event_id, EventType.VOUCHER_RELEASED, at, data, customer_id)


def voucher_wanted(
    event_id: str, at: datetime, customer_id: str, voucher_id: str, grant: str
) -> Event:
    """Its owner stands in this store: the centre should move it here."""
    data = {"voucher_id": voucher_id, "grant": grant}
    return Event(event_id, EventType.VOUCHER_WANTED, at, data, customer_id)


def return_recorded(  # noqa: PLR0913, PLR0917  what the platform needs to book it
    event_id: str,
    at: datetime,
    return_txn_id: str,
    txn_id: str | None,
    till: str,
    lines: list[dict[str, object]],
    clawback: int,
) -> Event:
    """Articles came back; `txn_id` is None for a sale nobody here knows."""
    data = {
        "return_txn_id": return_txn_id,
        "txn_id": txn_id,
        "till": till,
        "lines": lines,
        "clawback": clawback,
    }
    return Event(event_id, EventType.RETURN_RECORDED, at, data)
