"""What follows for rights from the platform's documents, and from time passing. Safe to repeat."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from store_agent.domain import rights_events
from store_agent.domain.offer import Offer, Voucher
from store_agent.domain.rights import LotGrant
from store_agent.redemption import lots
from store_agent.redemption.act import Act
from store_agent.redemption.standing import is_of_this_ledger
from store_agent.storage import redemptions, reservations

KEPT = timedelta(days=1)  # of a reservation that ended: a late commit still finds what it held
FORGOTTEN_AT_ONCE = 500  # one bounded bite, so that a sale never waits long behind it
VOUCHER_WANTED = "voucher"


def take_news(
    act: Act, store_id: str, epoch: str, grants: Iterable[LotGrant], recalled: Iterable[Voucher]
) -> None:
    """Take in new lots; close and give back what the platform wants back."""
    some = tuple(grants)
    lots.take_grants(act.tx, some, store_id, epoch, act.now)
    lots.close_ended(act.tx, (one.lot_id for one in some if one.recalled), act.now, act.new_id)
    for voucher in recalled:
        release(act, voucher)


def look_after(act: Act, offers: Iterable[Offer]) -> None:
    """Close the lots that have ended, and ask for more of what runs out."""
    lots.close_ended(act.tx, (), act.now, act.new_id)
    for offer in offers:
        lots.ask_for_more(act.tx, offer.id, offer.budget_unit, act.now, act.new_id)
    reservations.forget_ended(act.tx, act.now - KEPT, FORGOTTEN_AT_ONCE)


def release(act: Act, voucher: Voucher) -> bool:
    """Give the ownership of a voucher back, for ever; not while it is spent, held or given back.

    Nor what a lost ledger owned: whether that spent it nobody can say, so it stays reserved.
    """
    if (
        not is_of_this_ledger(act.tx, voucher)
        or redemptions.is_redeemed(act.tx, voucher.id)
        or reservations.is_released(act.tx, voucher.id, voucher.grant)
        or reservations.held_vouchers(act.tx, (voucher.id,), act.now, but_txn="")
    ):
        return False
    reservations.release_voucher(act.tx, voucher.id, voucher.grant, act.now)
    act.emit(
        rights_events.voucher_released(
            act.new_id(), act.now, voucher.customer_id, voucher.id, voucher.grant
        )
    )
    return True


def want_voucher(act: Act, voucher: Voucher) -> bool:
    """Ask once for a voucher that another store or the centre holds; its owner stands here."""
    key = f"{voucher.id}/{voucher.grant}"
    if not reservations.note_wanted(act.tx, VOUCHER_WANTED, key, act.now):
        return False
    act.emit(
        rights_events.voucher_wanted(
            act.new_id(), act.now, voucher.customer_id, voucher.id, voucher.grant
        )
    )
    return True
