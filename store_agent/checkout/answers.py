"""What the till is told, as the hook's contract writes it: docs/till-hook.md. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from store_agent.domain.basket import AppliedOffer, Evaluation, RefusedOffer
from store_agent.domain.greeting import OfferReason
from store_agent.domain.offer import Voucher
from store_agent.domain.rights import Redemption
from store_agent.offers.refusals import sentence_for
from store_agent.redemption.committing import Committed
from store_agent.redemption.reserving import Reserved
from store_agent.redemption.returning import Returned

Answer = dict[str, Any]


def evaluation(found: Evaluation, messages: Iterable[Answer]) -> Answer:
    """`status`: ok = there are offers, none = there are none."""
    return {
        "revision": found.revision,
        "status": "ok" if found.applied else "none",
        "offers": [applied(one) for one in found.applied],
        "refused": [refused(one) for one in found.refused],
        "points": {
            "earned": found.points.earned,
            "balance": found.points.balance,
            "payable": found.points.payable_minor,
        },
        "messages": list(messages),
    }


def degraded(revision: int) -> Answer:
    """The answer when there is no time or no ledger: the till sells without offers."""
    return {
        "revision": revision,
        "status": "degraded",
        "offers": [],
        "refused": [],
        "points": {"earned": 0, "balance": 0, "payable": 0},
        "messages": [],
    }


def applied(one: AppliedOffer) -> Answer:
    """One offer of an evaluation."""
    return {
        "offer_id": one.voucher_id or one.offer_id,
        "voucher_id": one.voucher_id,
        "kind": one.effect,
        "prefilled": one.prefilled,
        "amount": one.amount_minor,
        "points": one.points,
        "allocations": [
            {"line_id": part.line_id, "amount": part.amount_minor} for part in one.allocations
        ],
        "stack_group": one.stack_group,
        "receipt_text": one.receipt_text,
        "expires_at": one.expires_at,
        "variant_id": one.variant_id,
    }


def refused(one: RefusedOffer) -> Answer:
    """One refusal, with a sentence the cashier can read aloud."""
    return {
        "offer_id": one.voucher_id or one.offer_id,
        "voucher_id": one.voucher_id,
        "reason": one.reason,
        "text": one.sentence,
    }


def reservation(held: Reserved, others: Iterable[RefusedOffer], language: str) -> Answer:
    """What is held until when, and what is not."""
    return {
        "reservation_id": held.reservation.id,
        "expires_at": held.reservation.expires_at,
        "granted": [one.voucher_id or one.offer_id for one in held.reservation.wants],
        "refused": [
            *(refused(one) for one in others),
            *(
                {
                    "offer_id": one.offer_id,
                    "voucher_id": None,
                    "reason": one.reason,
                    "text": sentence_for(one.reason, language),
                }
                for one in held.refused
            ),
        ],
    }


def commit(done: Committed, earned: int, language: str) -> Answer:
    """How the sale was taken."""
    return {
        "status": done.status,
        "redemptions": [_redemption(one, language) for one in done.redemptions],
        "points": {"earned": earned, "burned": sum(one.points for one in done.redemptions)},
    }


def _redemption(one: Redemption, language: str) -> Answer:
    told: Answer = {
        "redemption_id": one.id,
        "offer_id": one.voucher_id or one.offer_id,
        "voucher_id": one.voucher_id,
        "amount": one.amount_minor,
        "state": one.state,
    }
    if one.reason is not None:
        told |= {"reason": one.reason, "text": sentence_for(one.reason, language)}
    return told


def take_back(done: Returned, text_of: Callable[[str], str]) -> Answer:
    """What a return took back and gave back; every warning is a sentence too."""
    return {
        "clawback": done.clawback_points,
        "restored_points": done.restored_points,
        "voucher_effects": [
            {"voucher_id": one.voucher_id, "action": one.action, "amount": one.amount_minor}
            for one in done.effects
        ],
        "warnings": [{"code": one, "text": text_of(one)} for one in done.warnings],
    }


def voucher(one: Voucher, title: str, fault: OfferReason | None) -> Answer:
    """A right somebody holds, as `identify` lists it."""
    return {
        "voucher_id": one.id,
        "title": title,
        "benefit": {"kind": one.benefit.kind, "value": one.benefit.value},
        "min_basket": one.min_basket_minor,
        "valid_until": one.valid_until,
        "prefilled": fault is None,
        "reason": fault,
    }
