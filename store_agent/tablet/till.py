"""The card of somebody whose basket stands on a till: what each offer makes of it, and proposals.

Pure: the board is asked, nothing is changed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from kiosk_ui import model
from store_agent.domain.basket import RefusedOffer
from store_agent.offers.refusals import sentence_for
from store_agent.till_board import OpenBasket, TillBoard


def with_basket(
    page: model.CustomerPage, board: TillBoard, language: str, now: datetime
) -> model.CustomerPage:
    """The card with the customer's basket, if it stands on a till, and what was proposed to it."""
    basket = board.basket_of(page.customer_id, now)
    offers = tuple(
        replace(
            offer,
            in_basket=_in_basket(offer.id, basket, language) if basket else None,
            proposal=_note(page.customer_id, offer.id, board, basket, now),
        )
        for offer in page.offers
    )
    return replace(page, offers=offers, basket=_basket(basket) if basket else None)


def title_in(page: model.CustomerPage, offer_id: str) -> str:
    """What an offer that may be proposed is called. LookupError when none of that id may be."""
    for offer in page.offers:
        if offer.id == offer_id and offer.in_basket is not None and not offer.in_basket.why_not:
            return offer.title
    raise LookupError(offer_id)


def _basket(basket: OpenBasket) -> model.BasketNote:
    return model.BasketNote(basket.till, model.Money(basket.total_minor, basket.currency))


def _in_basket(offer_id: str, basket: OpenBasket, language: str) -> model.OfferInBasket | None:
    found = basket.evaluation
    for one in found.applied:
        if offer_id == (one.voucher_id or one.offer_id):
            worth = model.Money(one.amount_minor, basket.currency) if one.amount_minor else None
            return model.OfferInBasket(worth, one.points)
    for refused in found.refused:
        if offer_id == (refused.voucher_id or refused.offer_id):
            return model.OfferInBasket(why_not=_why_not(refused, basket.currency, language))
    return None


def _why_not(one: RefusedOffer, currency: str, language: str) -> str:
    return sentence_for(one.reason, language, missing_minor=one.missing_minor, currency=currency)


def _note(
    customer_id: str, offer_id: str, board: TillBoard, basket: OpenBasket | None, now: datetime
) -> model.ProposalNote | None:
    """What became of the last proposal; none for a purchase before the one that stands there."""
    made = board.latest(customer_id, offer_id, now)
    if made is None or (basket is not None and basket.txn_id != made.txn_id):
        return None
    state = model.ProposalState(made.state_at(now))
    total = None if made.total_minor is None else model.Money(made.total_minor, made.currency)
    return model.ProposalNote(made.till, state, made.at, total)
