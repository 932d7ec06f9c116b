"""Hold rights for one basket until it is paid, voided, or given up."""

from __future__ import annotations

from dataclasses import dataclass, replace

from store_agent.domain.errors import Conflict
from store_agent.domain.rights import Refusal, Reservation, ReservationState, Want
from store_agent.redemption import moment
from store_agent.redemption.act import Act
from store_agent.redemption.moment import HELD_FOR
from store_agent.redemption.standing import Asked, want_fault
from store_agent.storage import reservations, sales


class StaleRevision(Conflict):
    """The till has changed its basket since: ask with the newest revision."""

    code = "stale_revision"


class BasketClosed(Conflict):
    """This transaction was paid or voided; nothing can be held for it."""

    code = "basket_closed"


@dataclass(frozen=True, slots=True)
class ReserveRequest:
    """What a till asks to hold; `wants` are the rights as the rules judged them."""

    asked: Asked
    till: str
    revision: int
    wants: tuple[Want, ...]


@dataclass(frozen=True, slots=True)
class Reserved:
    """What is held now, and what could not be."""

    reservation: Reservation
    refused: tuple[Refusal, ...]


def reserve(act: Act, request: ReserveRequest) -> Reserved:
    """Hold what can be held, instead of what this basket held before.

    Raises StaleRevision for an older revision than the one held, BasketClosed after commit or void.
    """
    asked = request.asked
    before = reservations.get(act.tx, asked.txn_id)
    if before is not None and before.revision > request.revision:
        raise StaleRevision(
            "this basket has a newer revision", hint="Evaluate again.", field="revision"
        )
    if reservations.is_void(act.tx, asked.txn_id) or sales.get(act.tx, asked.txn_id) is not None:
        raise BasketClosed("this transaction is closed", hint="Start a new txn_id.")
    reservation = Reservation(
        before.id if before else act.new_id(),
        asked.txn_id,
        request.till,
        asked.customer_id,
        request.revision,
        act.now + HELD_FOR,
        ReservationState.LIVE,
        (),
    )
    granted: list[Want] = []
    refused: list[Refusal] = []
    for want in request.wants:
        fault = want_fault(act.tx, want, asked)
        if fault is None:
            granted.append(want)
        else:
            refused.append(Refusal(want.voucher_id or want.offer_id, fault))
    reservation = replace(reservation, wants=tuple(granted))
    reservations.put(act.tx, reservation)
    moment.remember(act.tx, act.now)  # or a clock set back would revive the holds this one replaced
    return Reserved(reservation, tuple(refused))
