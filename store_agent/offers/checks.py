"""Whether an offer, voucher or lot that has the right shape also makes sense. Pure.

Checked once, when a document comes in: what the rules judge later can be computed with. A fault
names the field and what it may be, never its content, so that it can stand in the quarantine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from math import fsum, isfinite

from store_agent.domain.offer import (
    Audience,
    Benefit,
    BenefitKind,
    BudgetUnit,
    Caps,
    Conditions,
    Offer,
    OfflineClass,
    Trigger,
    TriggerKind,
    Variant,
    Voucher,
)
from store_agent.domain.rights import LotClass, LotGrant
from store_agent.offers.benefits import BY_HAND
from store_agent.offers.control import CONTROL_ARM, SHOWN_ARM
from store_agent.offers.evaluating import POINTS

Faults = Iterator[str]

# What a ledger column can hold with much to spare, and nobody gives away.
MOST_MINOR = 10**9
MOST_POINTS = 10**7
MOST_UNITS = 10**12  # of one lot
MOST_MULTIPLIER = 100
MOST_PRIORITY = 10**5  # vouchers stand above all of them
FIRST_YEAR, LAST_YEAR = 2, 9998  # the outermost years do not survive a change of zone
SHARES_SLACK = 1e-9  # three thirds are not quite one

_VALUES: Mapping[BenefitKind, tuple[int, int]] = {
    BenefitKind.PERCENT: (1, 100),
    BenefitKind.AMOUNT: (1, MOST_MINOR),
    BenefitKind.FIXED_PRICE: (0, MOST_MINOR),
    BenefitKind.NTH_FREE: (2, 1000),
    BenefitKind.POINTS: (1, MOST_POINTS),
    BenefitKind.POINTS_MULTIPLIER: (2, MOST_MULTIPLIER),
}
_WITHOUT_AMOUNT = BY_HAND | {BenefitKind.POINTS, BenefitKind.POINTS_MULTIPLIER}


def offer_faults(offer: Offer) -> Faults:
    """What makes an offer unusable.

    One that is stopped is never judged any further and passes with its id alone: a kill switch
    must get through whatever else the platform changed.
    """
    yield from _id("id", offer.id)
    if offer.stopped:
        return
    yield from _title("title", offer.title)
    yield from _benefit("benefit", offer.benefit)
    yield from _dates(offer)
    yield from _hours(offer)
    yield from _audience(offer.audience)
    for number, trigger in enumerate(offer.triggers):
        yield from _trigger(f"triggers.{number}", trigger)
    yield from _conditions(offer.conditions)
    yield from _scope(offer)
    yield from _caps(offer.caps)
    yield from _currency(offer.currency)
    if abs(offer.priority) > MOST_PRIORITY:
        yield f"priority: at most {MOST_PRIORITY} either way"
    yield from _arms(offer)
    yield from _budget(offer)


def voucher_faults(voucher: Voucher) -> Faults:
    """What makes a voucher unusable."""
    yield from _id("id", voucher.id)
    yield from _named("customer_id", voucher.customer_id)
    if _is_tender(voucher.code):
        yield "code: this word means paying with points"
    yield from _title("title", voucher.title)
    yield from _benefit("benefit", voucher.benefit)
    yield from _dates(voucher)
    yield from _scope(voucher)
    yield from _range("min_basket_minor", voucher.min_basket_minor, 0, MOST_MINOR)
    yield from _currency(voucher.currency)


def lot_faults(lot: LotGrant) -> Faults:
    """What makes a grant unusable. Its end is an instant: all stores and the centre share it."""
    for name in ("lot_id", "offer_id", "store_id", "store_epoch"):
        yield from _named(name, getattr(lot, name))
    yield from _range("amount", lot.amount, 1, MOST_UNITS)
    if lot.spend_until is not None:
        yield from _moment("spend_until", lot.spend_until)
        if lot.spend_until.tzinfo is None:
            yield "spend_until: needs an offset"
    elif lot.lot_class is LotClass.BOUNDED_RISK:
        yield "spend_until: the centre takes bounded_risk back by time, so it needs one"


def _id(name: str, value: str) -> Faults:
    yield from _named(name, value)
    if _is_tender(value):
        yield f"{name}: this word means paying with points"


def _is_tender(text: str) -> bool:
    return text.partition(":")[0] == POINTS


def _named(name: str, value: str) -> Faults:
    if not value.strip():
        yield f"{name}: must not be empty"


def _title(name: str, texts: Mapping[str, str]) -> Faults:
    """Every language that is there has a text, and one is there: it goes on the receipt."""
    if not texts or not all(text.strip() for text in texts.values()):
        yield f"{name}: needs a text in each of its languages, and in one at least"


def _range(name: str, value: int, least: int, most: int) -> Faults:
    if not least <= value <= most:
        yield f"{name}: {least} to {most}"


def _benefit(name: str, benefit: Benefit) -> Faults:
    if benefit.kind in _VALUES:
        least, most = _VALUES[benefit.kind]
        if not least <= benefit.value <= most:
            yield f"{name}.value: {least} to {most} for {benefit.kind}"
    if benefit.kind is BenefitKind.FREE_ITEM and not benefit.sku.strip():
        yield f"{name}.sku: {benefit.kind} needs one"
    if benefit.max_minor is not None:
        yield from _range(f"{name}.max_minor", benefit.max_minor, 1, MOST_MINOR)


def _dates(rule: Offer | Voucher) -> Faults:
    begin, end = rule.valid_from, rule.valid_until
    for name, value in (("valid_from", begin), ("valid_until", end)):
        if value is not None:
            yield from _moment(name, value)
    # One with and one without an offset cannot be compared before the shop's zone is known.
    if begin and end and (begin.tzinfo is None) is (end.tzinfo is None) and end < begin:
        yield "valid_until: must not come before valid_from"


def _moment(name: str, value: datetime) -> Faults:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        yield f"{name}: year {FIRST_YEAR} to {LAST_YEAR}; leave it out for no limit"


def _hours(offer: Offer) -> Faults:
    for name, value in (("from_time", offer.from_time), ("until_time", offer.until_time)):
        if value is not None and value.tzinfo is not None:
            yield f"{name}: the shop's wall clock, so without an offset"
    if any(not 1 <= day <= 7 for day in offer.weekdays):
        yield "weekdays: 1 (Monday) to 7 (Sunday)"


def _audience(audience: Audience) -> Faults:
    for name in ("segments", "tiers", "rfm_bands"):
        yield from _all_named(f"audience.{name}", getattr(audience, name))
    if audience.consent is not None:
        yield from _named("audience.consent", audience.consent)
    if audience.birthday_within_days is not None:
        yield from _range("audience.birthday_within_days", audience.birthday_within_days, 0, 183)


def _trigger(name: str, trigger: Trigger) -> Faults:
    if trigger.kind is TriggerKind.ZONE_DWELL:
        yield from _named(f"{name}.zone", trigger.zone)
        if trigger.dwell_s < 0:
            yield f"{name}.dwell_s: 0 or more"
    elif trigger.kind is TriggerKind.NTH_VISIT and trigger.nth < 1:
        yield f"{name}.nth: 1 or more"
    elif trigger.kind is TriggerKind.WEATHER and not trigger.weather:
        yield f"{name}.weather: needs a condition"


def _conditions(conditions: Conditions) -> Faults:
    for name in ("min_value_minor", "min_pieces", "min_scope_value_minor", "min_scope_pieces"):
        yield from _range(f"conditions.{name}", getattr(conditions, name), 0, MOST_MINOR)
    for name in ("skus_all", "skus_any", "categories_any"):
        yield from _all_named(f"conditions.{name}", getattr(conditions, name))


def _scope(rule: Offer | Voucher) -> Faults:
    for name in ("skus", "categories", "excluded_skus", "excluded_categories"):
        yield from _all_named(name, getattr(rule, name))


def _all_named(name: str, values: Iterable[str]) -> Faults:
    if not all(value.strip() for value in values):
        yield f"{name}: must not hold an empty text"


def _caps(caps: Caps) -> Faults:
    for name in ("per_person", "per_person_day", "per_store", "per_store_day"):
        cap = getattr(caps, name)
        if cap is not None and cap < 1:
            yield f"caps.{name}: 1 or more; to end an offer, stop it"


def _currency(code: str) -> Faults:
    if not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
        yield "currency: three capital letters (ISO 4217)"


def _is_share(value: float) -> bool:
    return isfinite(value) and 0 <= value <= 1


def _arms(offer: Offer) -> Faults:
    """Control group and variants."""
    if not _is_share(offer.control_share):
        yield "control_share: 0 to 1"
    for number, variant in enumerate(offer.variants):
        yield from _variant(f"variants.{number}", variant)
    if len({variant.id for variant in offer.variants}) < len(offer.variants):
        yield "variants: each needs an id of its own"
    if fsum(variant.share for variant in offer.variants) > 1 + SHARES_SLACK:
        yield "variants: their shares add up to 1 at most; the rest gets the offer as it stands"


def _variant(name: str, variant: Variant) -> Faults:
    yield from _named(f"{name}.id", variant.id)
    if variant.id in {CONTROL_ARM, SHOWN_ARM}:
        yield f"{name}.id: this word means the control group"
    if not _is_share(variant.share):
        yield f"{name}.share: 0 to 1"
    if variant.benefit is not None:
        yield from _benefit(f"{name}.benefit", variant.benefit)
    if variant.title is not None:
        yield from _title(f"{name}.title", variant.title)


def _budget(offer: Offer) -> Faults:
    """A budget of money is not drawn on by what has no amount, and would bound nothing."""
    if offer.offline is not OfflineClass.LOT or offer.budget_unit is not BudgetUnit.MINOR:
        return
    benefits = (offer.benefit, *(one.benefit for one in offer.variants if one.benefit is not None))
    if any(benefit.kind in _WITHOUT_AMOUNT for benefit in benefits):
        yield "budget_unit: points, gifts and services have no amount, count uses"
