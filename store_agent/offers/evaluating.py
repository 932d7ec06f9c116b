"""What all offers, vouchers and points make of one basket: the answer to a till. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from store_agent.domain.basket import (
    AppliedOffer,
    Basket,
    Effect,
    Evaluation,
    PointsPreview,
    RefusedOffer,
)
from store_agent.domain.greeting import OfferReason
from store_agent.domain.money import POINT_VALUE_MINOR
from store_agent.domain.offer import OfflineClass, RestorePolicy
from store_agent.domain.rights import Want
from store_agent.offers.arithmetic import allocations, share
from store_agent.offers.benefits import Given, earned
from store_agent.offers.candidates import (
    Candidate,
    Case,
    Refused,
    Scene,
    judge_offers,
    judge_vouchers,
)
from store_agent.offers.refusals import sentence_for
from store_agent.offers.stacking import Deal, best_deal, has_effect

POINTS = "points"  # the id under which points are paid with; "points:250" = so many of them


def evaluate(basket: Basket, case: Case, *, only: Collection[str] | None = None) -> Evaluation:
    """Judge everything, find the best deal, and say why the rest is not in it.

    `only` restricts to these ids (offers, vouchers, their codes, "points", "points:<n>"), as a
    reservation asks for them; each then ends up either applied or refused. Codes of the basket
    that name nothing are refused as not found.
    """
    scene = Scene.of(basket, case)
    wanted = None if only is None else _ids(only, case)
    candidates, refused = _judged(scene, wanted)
    deal = best_deal(candidates, scene.wares)
    applied = [_applied(one, given) for one, given in deal.chosen if has_effect(one, given)]
    refused += _left_over(candidates, deal)
    refused += _unknown(basket.codes if only is None else only, case)
    left = _left(scene, deal)
    preview = _preview(scene, deal, left)
    _pay_with_points(scene, left, only, applied, refused)
    return Evaluation(
        basket.revision,
        tuple(applied),
        tuple(_with_sentence(one, case, basket.currency) for one in refused),
        preview,
        deal.is_complete,
    )


def wants(case: Case, evaluation: Evaluation) -> tuple[Want, ...]:
    """What the ledger has to hold or spend for the applied offers of an evaluation."""
    vouchers = {voucher.id: voucher for voucher in case.vouchers}
    found = []
    for one in evaluation.applied:
        want = Want(one.offer_id, one.amount_minor, one.allocations, title=one.receipt_text)
        if one.voucher_id is not None:
            voucher = vouchers[one.voucher_id]
            want = replace(
                want,
                voucher_id=voucher.id,
                voucher_grant=voucher.grant,
                restore=voucher.restore,
            )
        elif one.effect is Effect.TENDER:  # points come back with what they paid for
            want = replace(want, points=one.points, restore=RestorePolicy.ALWAYS)
        else:
            offer = case.book.by_id[one.offer_id]
            budget = offer.budget_unit if offer.offline is OfflineClass.LOT else None
            want = replace(want, budget=budget, caps=offer.caps, restore=offer.restore)
        found.append(want)
    return tuple(found)


def _ids(only: Collection[str], case: Case) -> frozenset[str]:
    by_code = {voucher.code: voucher.id for voucher in case.vouchers if voucher.code}
    return frozenset(by_code.get(one, one) for one in only)


def _judged(scene: Scene, wanted: frozenset[str] | None) -> tuple[list[Candidate], list[Refused]]:
    candidates: list[Candidate] = []
    refused: list[Refused] = []
    judged: Iterable[Candidate | Refused] = (*judge_vouchers(scene), *judge_offers(scene))
    for one in judged:
        if wanted is not None and (one.voucher_id or one.offer_id) not in wanted:
            continue
        if isinstance(one, Candidate):
            candidates.append(one)
        else:
            refused.append(one)
    return candidates, refused


def _left_over(candidates: list[Candidate], deal: Deal) -> list[Refused]:
    """Those that hold and are not in the deal, and those that are in it for nothing."""
    effects = {one.id: has_effect(one, given) for one, given in deal.chosen}
    found = []
    for one in candidates:
        if effects.get(one.id):
            continue
        reason = OfferReason.NO_EFFECT if one.id in effects else OfferReason.NOT_COMBINABLE
        found.append(Refused(one.offer_id, one.voucher_id, reason, one.title))
    return found


def _unknown(ids: Iterable[str], case: Case) -> list[Refused]:
    known = {POINTS, *case.book.by_id}
    for voucher in case.vouchers:
        known |= {voucher.id, voucher.code}
    return [
        Refused(one, None, OfferReason.NOT_FOUND, "")
        for one in dict.fromkeys(ids)
        if one not in known and not _is_points(one)
    ]


def _applied(one: Candidate, given: Given) -> AppliedOffer:
    return AppliedOffer(
        offer_id=one.offer_id,
        effect=Effect.BASKET if one.whole_basket else Effect.LINE,
        amount_minor=given.amount_minor,
        allocations=allocations(given.shares),
        receipt_text=one.title,
        voucher_id=one.voucher_id,
        variant_id=one.variant_id,
        points=given.points,
        prefilled=True,
        stack_group=one.stacking.group,
        expires_at=one.valid_until,
    )


def _left(scene: Scene, deal: Deal) -> dict[str, int]:
    left = {ware.line_id: ware.value_minor for ware in scene.wares}
    for _, given in deal.chosen:
        for line_id, part in given.shares.items():
            left[line_id] -= part
    return left


def _preview(scene: Scene, deal: Deal, left: dict[str, int]) -> PointsPreview:
    if scene.case.customer is None:
        return PointsPreview()
    paid = sum(ware.with_tax(left[ware.line_id]) for ware in scene.wares)
    extra = sum(given.points for _, given in deal.chosen)
    balance = max(0, scene.case.standing.points)
    payable = min(balance * POINT_VALUE_MINOR, sum(left.values()))
    return PointsPreview(earned(paid) + extra, balance, payable)


def _pay_with_points(
    scene: Scene,
    left: dict[str, int],
    only: Collection[str] | None,
    applied: list[AppliedOffer],
    refused: list[Refused],
) -> None:
    """Points as a tender: offered when there are some, taken when a reservation names them."""
    asked = [one for one in only or () if _is_points(one)]
    balance, paid = max(0, scene.case.standing.points), sum(left.values())
    most = min(balance, paid // POINT_VALUE_MINOR)
    if only is None:
        if scene.case.customer is not None and most > 0:
            applied.append(_tender(POINTS, most, left))
        return
    for one in asked[:1]:
        points = most if one == POINTS else int(one.partition(":")[2])
        if scene.case.customer is None:
            refused.append(Refused(one, None, OfferReason.CUSTOMER_REQUIRED, ""))
        elif points > balance or points == 0:
            refused.append(Refused(one, None, OfferReason.NOT_ENOUGH_POINTS, ""))
        else:
            applied.append(_tender(one, min(points, most), left))


def _tender(offer_id: str, points: int, left: dict[str, int]) -> AppliedOffer:
    amount = points * POINT_VALUE_MINOR
    shares = share(amount, left)
    return AppliedOffer(
        offer_id, Effect.TENDER, amount, allocations(shares), offer_id, points=points
    )


def _is_points(text: str) -> bool:
    name, _, number = text.partition(":")
    return name == POINTS and (not number or (number.isascii() and number.isdigit()))


def _with_sentence(one: Refused, case: Case, currency: str) -> RefusedOffer:
    sentence = sentence_for(
        one.reason,
        case.language,
        title=one.title,
        missing_minor=one.missing_minor,
        currency=currency,
    )
    return RefusedOffer(
        one.offer_id, one.reason, sentence, one.voucher_id, one.title, one.missing_minor
    )
