"""Judge every offer and voucher for one person at one moment, and put them in order."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from operator import attrgetter, itemgetter
from zoneinfo import ZoneInfo

from store_agent.domain.customer import Customer
from store_agent.domain.greeting import OfferDecision, OfferReason, Verdict
from store_agent.domain.language import pick_text
from store_agent.domain.offer import NO_CAPS, Offer, OfflineClass, Voucher
from store_agent.offers.audience import Shopper, not_for, shopper_of
from store_agent.offers.control import is_withheld
from store_agent.offers.occasion import SCANNED, Occasion, is_triggered
from store_agent.offers.ranking import offer_key, voucher_key
from store_agent.offers.variants import as_variant, variant_of
from store_agent.offers.windows import Moment, moment_of, out_of_dates, out_of_hours

Decisions = list[OfferDecision]


class OfferBook:
    """All offers of the shop, with the decisions already written out.

    What is decided about an offer depends on the person; what the decision says does not. Build
    one per edition of the offers and use it for every scan.
    """

    __slots__ = ("_decisions", "bounded", "by_id", "offers", "triggers")

    def __init__(self, offers: Iterable[Offer]) -> None:
        """Take over the offers as the platform sent them."""
        self.offers = tuple(offers)
        self.by_id = {offer.id: offer for offer in self.offers}
        self.triggers = frozenset(one.kind for offer in self.offers for one in offer.triggers)
        # Those for which the ledger has to be asked; most have neither caps nor lots.
        self.bounded = tuple(
            offer
            for offer in self.offers
            if offer.caps != NO_CAPS or offer.offline is OfflineClass.LOT
        )
        self._decisions: dict[tuple[str, OfferReason, str], OfferDecision] = {}

    def decision(self, offer: Offer, reason: OfferReason, language: str) -> OfferDecision:
        """The decision with this reason, its texts in `language`."""
        key = (offer.id, reason, language)
        found = self._decisions.get(key)
        if found is None:
            found = self._decisions[key] = _rule(offer, reason, language)
        return found

    def shown(self, offer: Offer, shopper: Shopper, language: str) -> OfferDecision:
        """The decision for somebody who gets it, in the arm of the test that is theirs."""
        variant = variant_of(offer, shopper.customer.id, shopper.assignments)
        if variant is None:
            return self.decision(offer, OfferReason.MATCHES, language)
        return _rule(as_variant(offer, variant), OfferReason.MATCHES, language)


def choose(  # noqa: PLR0913 - the contract: one person, the rules, and the moment
    customer: Customer,
    offers: OfferBook | Iterable[Offer],
    vouchers: Iterable[Voucher],
    *,
    owned_skus: Collection[str],
    at: datetime,
    zone: ZoneInfo,
    language: str,
    occasion: Occasion = SCANNED,
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
    book = offers if isinstance(offers, OfferBook) else OfferBook(offers)
    shown, withheld, refused = _judge_offers(book, shopper, moment, language, occasion)
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
    book: OfferBook, shopper: Shopper, moment: Moment, language: str, occasion: Occasion
) -> tuple[Decisions, Decisions, Decisions]:
    """Shown, withheld, refused. The control group is asked last: withheld means it would show."""
    shown, withheld, refused = [], [], []
    for offer in book.offers:
        if reason := _refusal(offer, shopper, moment, occasion):
            refused.append(book.decision(offer, reason, language))
        elif is_withheld(offer, shopper.customer.id, shopper.assignments):
            withheld.append(book.decision(offer, OfferReason.CONTROL_GROUP, language))
        else:
            rule = book.shown(offer, shopper, language)
            shown.append((offer_key(offer, shopper, moment), rule))
    return _ranked(shown), _by_id(withheld), _by_id(refused)


def _refusal(
    offer: Offer, shopper: Shopper, moment: Moment, occasion: Occasion
) -> OfferReason | None:
    if offer.stopped:
        return OfferReason.STOPPED
    reason = not_for(shopper, offer) or out_of_dates(offer, moment) or out_of_hours(offer, moment)
    if reason is not None:
        return reason
    if offer.offline is OfflineClass.PERSONAL:
        return OfferReason.VOUCHER_REQUIRED  # whoever has one sees the voucher itself
    return None if is_triggered(offer.triggers, occasion) else OfferReason.NOT_TRIGGERED


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


_VERDICTS = {OfferReason.MATCHES: Verdict.SHOWN, OfferReason.CONTROL_GROUP: Verdict.WITHHELD}


def _rule(offer: Offer, reason: OfferReason, language: str) -> OfferDecision:
    return OfferDecision(
        offer.id,
        _VERDICTS.get(reason, Verdict.REFUSED),
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
