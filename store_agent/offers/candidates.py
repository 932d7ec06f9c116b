"""Which offers and vouchers could act on a basket, and why the others cannot. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from store_agent.domain.basket import Basket
from store_agent.domain.customer import Customer
from store_agent.domain.greeting import OfferReason
from store_agent.domain.language import pick_text
from store_agent.domain.offer import (
    Benefit,
    BudgetUnit,
    Conditions,
    Offer,
    OfflineClass,
    Stacking,
    Voucher,
)
from store_agent.domain.rights import Standing, Used
from store_agent.offers.arithmetic import Ware, wares_of
from store_agent.offers.audience import EVERYBODY, Shopper, outside_audience, shopper_of
from store_agent.offers.benefits import give, touchable
from store_agent.offers.caps import over_cap
from store_agent.offers.choosing import OfferBook
from store_agent.offers.control import is_withheld
from store_agent.offers.occasion import Occasion, is_triggered
from store_agent.offers.variants import as_variant, variant_of
from store_agent.offers.windows import Moment, moment_of, out_of_dates, out_of_hours

NOT_USED = Used()


@dataclass(frozen=True, slots=True)
class Case:
    """Everything but the basket: the person, the rules, what the ledger says, and the moment.

    `vouchers` are the customer's own and those a code named; the rules check whose they are.
    """

    customer: Customer | None
    book: OfferBook
    vouchers: tuple[Voucher, ...]
    standing: Standing
    occasion: Occasion
    at: datetime
    zone: ZoneInfo
    language: str
    store_id: str
    is_online: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """An offer or voucher that holds for this basket. `scope` are the lines it acts on."""

    offer_id: str
    voucher_id: str | None
    variant_id: str | None
    benefit: Benefit
    scope: tuple[Ware, ...]
    whole_basket: bool
    stacking: Stacking
    priority: int
    title: str
    valid_until: datetime | None

    @property
    def id(self) -> str:
        """What a till names it by."""
        return self.voucher_id or self.offer_id


@dataclass(frozen=True, slots=True)
class Refused:
    """One that does not hold; `missing_minor` is what a basket lacks."""

    offer_id: str
    voucher_id: str | None
    reason: OfferReason
    title: str
    missing_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """The lines of a basket, found by article and category: places in `wares`."""

    wares: tuple[Ware, ...]
    by_sku: Mapping[str, list[int]]
    by_category: Mapping[str, list[int]]

    @classmethod
    def of(cls, wares: tuple[Ware, ...]) -> Shelf:
        """Index them once for all offers."""
        by_sku: dict[str, list[int]] = {}
        by_category: dict[str, list[int]] = {}
        for place, ware in enumerate(wares):
            by_sku.setdefault(ware.line.sku, []).append(place)
            for name in ware.line.categories:
                by_category.setdefault(name, []).append(place)
        return cls(wares, by_sku, by_category)


@dataclass(frozen=True, slots=True)
class Scene:
    """A basket and its case, looked at once."""

    basket: Basket
    case: Case
    shelf: Shelf
    moment: Moment
    shopper: Shopper | None
    paid_minor: int

    @classmethod
    def of(cls, basket: Basket, case: Case) -> Scene:
        """Look at everything that all offers ask for."""
        moment, shelf = moment_of(case.at, case.zone), Shelf.of(wares_of(basket))
        # What somebody owns silences a recommendation; what lies in the basket is being bought.
        shopper = shopper_of(case.customer, (), moment.today) if case.customer else None
        paid_minor = sum(ware.paid_minor for ware in shelf.wares)
        return cls(basket, case, shelf, moment, shopper, paid_minor)

    @property
    def wares(self) -> tuple[Ware, ...]:
        """The lines that are bought."""
        return self.shelf.wares


def judge_vouchers(scene: Scene) -> Iterator[Candidate | Refused]:
    """Issued rights: only time, ownership, their own redemption and the basket can refuse them."""
    for voucher in sorted(scene.case.vouchers, key=lambda one: one.id):
        title = pick_text(voucher.title, scene.case.language)
        scope = scope_of(voucher, scene.shelf)
        conditions = Conditions(min_value_minor=voucher.min_basket_minor)
        fault = _voucher_fault(voucher, scene) or unmet(conditions, scene, scope)
        offer_id = voucher.offer_id or voucher.id
        if fault is not None:
            missing = _missing(fault, voucher.min_basket_minor, scene)
            yield Refused(offer_id, voucher.id, fault, title, missing)
            continue
        yield Candidate(
            offer_id,
            voucher.id,
            None,
            voucher.benefit,
            touchable(voucher.benefit, scope),
            _is_whole(voucher),
            voucher.stacking,
            _RIGHT_FIRST,
            title,
            voucher.valid_until,
        )


def judge_offers(scene: Scene) -> Iterator[Candidate | Refused]:
    """New offers: every question of the shop, then the basket's, and the control group last."""
    for offer in scene.case.book.offers:
        yield judge_offer(offer, scene)


def judge_offer(offer: Offer, scene: Scene) -> Candidate | Refused:
    """One offer for this basket."""
    scope = scope_of(offer, scene.shelf)
    fault = _offer_fault(offer, scene) or unmet(offer.conditions, scene, scope)
    if fault is None and scene.shopper is not None and _is_withheld(offer, scene.shopper):
        fault = OfferReason.CONTROL_GROUP
    language = scene.case.language
    if fault is not None:
        missing = _missing(fault, offer.conditions.min_value_minor, scene)
        return Refused(offer.id, None, fault, pick_text(offer.title, language), missing)
    variant = None
    if offer.variants and scene.shopper is not None:
        variant = variant_of(offer, scene.shopper.customer.id, scene.shopper.assignments)
        offer = as_variant(offer, variant)
    title, lines = pick_text(offer.title, language), touchable(offer.benefit, scope)
    if _costs_too_much(offer, lines, scene.case):
        return Refused(offer.id, None, OfferReason.BUDGET_USED_UP, title)
    return Candidate(
        offer.id,
        None,
        variant.id if variant else None,
        offer.benefit,
        lines,
        _is_whole(offer),
        offer.stacking,
        offer.priority,
        title,
        offer.valid_until,
    )


def _costs_too_much(offer: Offer, wares: tuple[Ware, ...], case: Case) -> bool:
    """Whether a budget of money has less left than the offer could give here by itself."""
    if offer.offline is not OfflineClass.LOT or offer.budget_unit is not BudgetUnit.MINOR:
        return False
    full = {ware.line_id: ware.value_minor for ware in wares}
    most = give(offer.benefit, wares, full).amount_minor
    return most > case.standing.lot_left.get(offer.id, 0)


_RIGHT_FIRST = 1_000_000  # a right somebody holds is applied before any rule of the shop


def scope_of(rule: Offer | Voucher, shelf: Shelf) -> tuple[Ware, ...]:
    """The lines a benefit is for."""
    if _is_whole(rule):
        return shelf.wares
    places = set(range(len(shelf.wares)))
    if rule.skus or rule.categories:
        places = {
            *(place for sku in rule.skus for place in shelf.by_sku.get(sku, ())),
            *(place for name in rule.categories for place in shelf.by_category.get(name, ())),
        }
    for sku in rule.excluded_skus:
        places.difference_update(shelf.by_sku.get(sku, ()))
    for name in rule.excluded_categories:
        places.difference_update(shelf.by_category.get(name, ()))
    return tuple(shelf.wares[place] for place in sorted(places))


def _is_whole(rule: Offer | Voucher) -> bool:
    return not (rule.skus or rule.categories or rule.excluded_skus or rule.excluded_categories)


def unmet(conditions: Conditions, scene: Scene, scope: tuple[Ware, ...]) -> OfferReason | None:
    """What the basket lacks, or None."""
    if not scope:
        return OfferReason.NOT_IN_BASKET
    if conditions == NO_CONDITIONS:
        return None
    skus, categories = scene.shelf.by_sku.keys(), scene.shelf.by_category.keys()
    has_all = skus >= set(conditions.skus_all)
    has_sku = not conditions.skus_any or not skus.isdisjoint(conditions.skus_any)
    wanted = conditions.categories_any
    if not (has_all and has_sku and (not wanted or not categories.isdisjoint(wanted))):
        return OfferReason.NOT_IN_BASKET
    return _below(conditions, scene, scope)


NO_CONDITIONS = Conditions()


def _below(conditions: Conditions, scene: Scene, scope: tuple[Ware, ...]) -> OfferReason | None:
    enough = (
        scene.paid_minor >= conditions.min_value_minor
        and sum(ware.pieces for ware in scene.wares) >= conditions.min_pieces
        and sum(ware.paid_minor for ware in scope) >= conditions.min_scope_value_minor
        and sum(ware.pieces for ware in scope) >= conditions.min_scope_pieces
    )
    return None if enough else OfferReason.BELOW_MINIMUM


def _missing(fault: OfferReason, min_value_minor: int, scene: Scene) -> int | None:
    missing = min_value_minor - scene.paid_minor
    return missing if fault is OfferReason.BELOW_MINIMUM and missing > 0 else None


def _voucher_fault(voucher: Voucher, scene: Scene) -> OfferReason | None:
    case = scene.case
    if voucher.currency != scene.basket.currency:
        return OfferReason.WRONG_CURRENCY
    if case.customer is None:
        return OfferReason.CUSTOMER_REQUIRED
    if voucher.customer_id != case.customer.id:
        return OfferReason.NOT_YOURS
    if voucher.redeemed_at is not None:
        return OfferReason.ALREADY_REDEEMED
    taken = case.standing.unavailable.get(voucher.id)
    if taken is not None:
        return taken
    return OfferReason.NOT_OWNER if voucher.owner_store != case.store_id else _dates(voucher, scene)


def _dates(voucher: Voucher, scene: Scene) -> OfferReason | None:
    return out_of_dates(voucher, scene.moment)


def _offer_fault(offer: Offer, scene: Scene) -> OfferReason | None:
    if offer.stopped:
        return OfferReason.STOPPED
    if offer.currency != scene.basket.currency:
        return OfferReason.WRONG_CURRENCY
    return (
        _not_for(offer, scene.shopper)
        or out_of_dates(offer, scene.moment)
        or out_of_hours(offer, scene.moment)
        or (None if is_triggered(offer.triggers, scene.case.occasion) else _NO_OCCASION)
        or _beyond(offer, scene.case)
    )


_NO_OCCASION = OfferReason.NOT_TRIGGERED


def _not_for(offer: Offer, shopper: Shopper | None) -> OfferReason | None:
    """Without a person, or without consent, only what is for everybody."""
    everybody = offer.audience == EVERYBODY
    if shopper is None:
        return None if everybody else OfferReason.CUSTOMER_REQUIRED
    if shopper.refusal is OfferReason.NO_CONSENT and everybody:
        return None
    return shopper.refusal or outside_audience(shopper, offer.audience)


def _beyond(offer: Offer, case: Case) -> OfferReason | None:
    """Offline class, caps and budget."""
    if offer.offline is OfflineClass.PERSONAL:
        return OfferReason.VOUCHER_REQUIRED
    if offer.offline is OfflineClass.ONLINE_ONLY and not case.is_online:
        return OfferReason.ONLINE_ONLY
    if offer.offline is OfflineClass.LOT and case.standing.lot_left.get(offer.id, 0) <= 0:
        return OfferReason.BUDGET_USED_UP
    return _over_cap(offer, case)


def _over_cap(offer: Offer, case: Case) -> OfferReason | None:
    """A cap per person needs to know the person."""
    caps = offer.caps
    if case.customer is None and (caps.per_person is not None or caps.per_person_day is not None):
        return OfferReason.CUSTOMER_REQUIRED
    return over_cap(caps, case.standing.used.get(offer.id, NOT_USED))


def _is_withheld(offer: Offer, shopper: Shopper) -> bool:
    if shopper.refusal is OfferReason.NO_CONSENT:
        return False  # an anonymous offer: nobody is measured
    return is_withheld(offer, shopper.customer.id, shopper.assignments)
