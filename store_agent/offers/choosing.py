"""Judge every offer and voucher for one person at one moment, and put them in order."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from operator import attrgetter, itemgetter
from zoneinfo import ZoneInfo

from store_agent.domain.catalog import Offer, Voucher
from store_agent.domain.customer import Customer
from store_agent.domain.greeting import OfferDecision, OfferReason, Verdict
from store_agent.domain.language import pick_text
from store_agent.offers.audience import Shopper, not_for, shopper_of
from store_agent.offers.control import is_withheld
from store_agent.offers.ranking import offer_key, voucher_key
from store_agent.offers.windows import Moment, moment_of, out_of_dates, out_of_hours

Decisions = list[OfferDecision]


def choose(  # noqa: PLR0913 - the contract: one person, the rules, and the moment
    customer: Customer,
    offers: Iterable[Offer],
    vouchers: Iterable[Voucher],
    *,
    owned_skus: Collection[str],
    at: datetime,
    zone: ZoneInfo,
    language: str,
) -> tuple[OfferDecision, ...]:
    """Every offer and voucher with its verdict and reason: shown and ranked, withheld, refused.

    `customer` has passed through `overlay`, so its consents and states are what counts now.
    `vouchers` are this customer's own, as the caller looked them up: a merge may have left an
    older customer id in them, and the right still stands. `at` is aware (ValueError if not);
    windows are judged on the wall clock of `zone`. Titles come in `language`, else German, else
    English, else any.
    """
    moment = moment_of(at, zone)
    shopper = shopper_of(customer, owned_skus, moment.today)
    rights, lost_rights = _judge_vouchers(vouchers, moment, language)
    shown, withheld, refused = _judge_offers(offers, shopper, moment, language)
    return tuple(rights + shown + withheld + lost_rights + refused)


def _judge_vouchers(
    vouchers: Iterable[Voucher], moment: Moment, language: str
) -> tuple[Decisions, Decisions]:
    """Issued rights, shown and refused: only time and their own redemption can refuse them."""
    shown, refused = [], []
    for voucher in vouchers:
        if voucher.redeemed_at is not None:
            refused.append(_right(voucher, OfferReason.ALREADY_REDEEMED, language))
        elif reason := out_of_dates(voucher, moment):
            refused.append(_right(voucher, reason, language))
        else:
            right = _right(voucher, OfferReason.ISSUED_RIGHT, language)
            shown.append((voucher_key(voucher, moment), right))
    return _ranked(shown), _by_id(refused)


def _judge_offers(
    offers: Iterable[Offer], shopper: Shopper, moment: Moment, language: str
) -> tuple[Decisions, Decisions, Decisions]:
    """Shown, withheld, refused. The control group is asked last: withheld means it would show."""
    shown, withheld, refused = [], [], []
    for offer in offers:
        if reason := _refusal(offer, shopper, moment):
            refused.append(_rule(offer, Verdict.REFUSED, reason, language))
        elif is_withheld(offer, shopper.customer.id, shopper.assignments):
            withheld.append(_rule(offer, Verdict.WITHHELD, OfferReason.CONTROL_GROUP, language))
        else:
            rule = _rule(offer, Verdict.SHOWN, OfferReason.MATCHES, language)
            shown.append((offer_key(offer, shopper, moment), rule))
    return _ranked(shown), _by_id(withheld), _by_id(refused)


def _refusal(offer: Offer, shopper: Shopper, moment: Moment) -> OfferReason | None:
    if offer.stopped:
        return OfferReason.STOPPED
    return not_for(shopper, offer) or out_of_dates(offer, moment) or out_of_hours(offer, moment)


def _right(voucher: Voucher, reason: OfferReason, language: str) -> OfferDecision:
    return OfferDecision(
        voucher.id,
        Verdict.SHOWN if reason is OfferReason.ISSUED_RIGHT else Verdict.REFUSED,
        reason,
        pick_text(voucher.title, language),
        "",
        voucher.benefit,
        voucher.id,
        voucher.valid_until,
    )


def _rule(offer: Offer, verdict: Verdict, reason: OfferReason, language: str) -> OfferDecision:
    return OfferDecision(
        offer.id,
        verdict,
        reason,
        pick_text(offer.title, language),
        pick_text(offer.detail, language),
        offer.benefit,
        None,
        offer.valid_until,
    )


def _ranked(keyed: list[tuple[tuple[object, ...], OfferDecision]]) -> Decisions:
    keyed.sort(key=itemgetter(0))
    return [decision for _, decision in keyed]


def _by_id(decisions: Decisions) -> Decisions:
    return sorted(decisions, key=attrgetter("offer_id"))
