"""What the ledger says about rights at one moment: input of the rules, and of every spend."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from store_agent.domain.greeting import OfferReason
from store_agent.domain.offer import NO_CAPS, Offer, OfflineClass, Voucher
from store_agent.domain.rights import Standing, Want
from store_agent.offers.caps import over_cap
from store_agent.redemption import lots
from store_agent.storage import Connection, ledger, redemptions, reservations


@dataclass(frozen=True, slots=True)
class Asked:
    """About whom and which basket. `balance` is the platform's last word about the points."""

    txn_id: str
    customer_id: str | None
    balance: int
    now: datetime
    business_date: date
    old_ids: tuple[str, ...] = ()  # under which the customer was known before a merge

    @property
    def customer_ids(self) -> tuple[str, ...]:
        """All ids of this person; none for somebody unknown."""
        return () if self.customer_id is None else (self.customer_id, *self.old_ids)


def read(
    connection: Connection, asked: Asked, offers: Iterable[Offer], vouchers: Iterable[Voucher]
) -> Standing:
    """Only what an offer bounds is looked up: most have neither caps nor lots."""
    some = tuple(offers)
    return Standing(
        used={
            offer.id: redemptions.used(
                connection,
                offer.id,
                offer.caps,
                asked.customer_ids,
                asked.business_date,
                asked.now,
                asked.txn_id,
            )
            for offer in some
            if offer.caps != NO_CAPS
        },
        lot_left={
            offer.id: lots.left(connection, offer.id, asked.now, asked.txn_id)
            for offer in some
            if offer.offline is OfflineClass.LOT
        },
        unavailable=_unavailable(connection, asked, vouchers),
        points=points_left(connection, asked),
    )


def points_left(connection: Connection, asked: Asked) -> int:
    """The platform's balance, with what it has not confirmed, less what other baskets hold."""
    if asked.customer_id is None:
        return 0
    pending = redemptions.pending_points(connection, asked.customer_ids)
    held = reservations.held_points(connection, asked.customer_ids, asked.now, asked.txn_id)
    return asked.balance + pending - held


def _unavailable(
    connection: Connection, asked: Asked, vouchers: Iterable[Voucher]
) -> dict[str, OfferReason]:
    found = {}
    for voucher in vouchers:
        if not is_of_this_ledger(connection, voucher):
            found[voucher.id] = OfferReason.NOT_OWNER
            continue
        reason = voucher_fault(connection, voucher.id, voucher.grant, asked)
        if reason is not None:
            found[voucher.id] = reason
    return found


def is_of_this_ledger(connection: Connection, voucher: Voucher) -> bool:
    """False for what a lost ledger owned: it may have spent it, and nobody knows."""
    return not voucher.owner_epoch or voucher.owner_epoch == ledger.epoch(connection)


def voucher_fault(
    connection: Connection, voucher_id: str, grant: str, asked: Asked
) -> OfferReason | None:
    """Why this right cannot be spent by this basket now, or None."""
    if redemptions.is_redeemed(connection, voucher_id):
        return OfferReason.ALREADY_REDEEMED
    if reservations.is_released(connection, voucher_id, grant):
        return OfferReason.NOT_OWNER
    if reservations.held_vouchers(connection, (voucher_id,), asked.now, asked.txn_id):
        return OfferReason.RESERVED_ELSEWHERE
    return None


def want_fault(connection: Connection, want: Want, asked: Asked) -> OfferReason | None:
    """Why the ledger cannot give this right to this basket now, or None."""
    if want.voucher_id is not None:
        return voucher_fault(connection, want.voucher_id, want.voucher_grant, asked)
    if want.points:
        short = points_left(connection, asked) < want.points
        return OfferReason.NOT_ENOUGH_POINTS if short else None
    if want.budget is not None:
        units = reservations.units_of(want)
        if lots.left(connection, want.offer_id, asked.now, asked.txn_id) < units:
            return OfferReason.BUDGET_USED_UP
    return _over_cap(connection, want, asked)


def _over_cap(connection: Connection, want: Want, asked: Asked) -> OfferReason | None:
    caps = want.caps
    if caps == NO_CAPS:
        return None
    used = redemptions.used(
        connection,
        want.offer_id,
        caps,
        asked.customer_ids,
        asked.business_date,
        asked.now,
        asked.txn_id,
    )
    return over_cap(caps, used)
