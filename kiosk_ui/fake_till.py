"""Mira's basket on a till of the invented shop, and what was given there without a right."""

from __future__ import annotations

from datetime import datetime, timedelta

from kiosk_ui.fake import FakeShop
from kiosk_ui.fake_cast import MIRA
from kiosk_ui.model import (
    BasketNote,
    ConflictRow,
    Money,
    OfferInBasket,
    ProposalNote,
    ProposalState,
)

TILL = "till-2"


def stand_at_till(shop: FakeShop) -> None:
    """Mira's basket stands on till 2; one of her three offers gives nothing for it yet."""
    shop.baskets[MIRA] = BasketNote(TILL, Money(13990))
    shop.in_basket = {
        "de": _in_basket("Die passenden Artikel sind nicht im Warenkorb."),
        "en": _in_basket("The articles it is for are not in the basket."),
    }
    shop.hub.customer_changed(MIRA)
    shop.hub.floor_changed()


def propose_both(shop: FakeShop) -> None:
    """One proposal was accepted, another waits."""
    stand_at_till(shop)
    now = shop.now()
    total = Money(12990)
    shop.proposals[MIRA, "v-2"] = ProposalNote(TILL, ProposalState.ACCEPTED, now, total)
    shop.proposals[MIRA, "v-3"] = ProposalNote(TILL, ProposalState.WAITING, now)


def give_away(shop: FakeShop) -> None:
    """Three things were given without a right, one of them to a long name."""
    now = shop.now()
    shop.given = {
        "de": (
            _given("g-1", now, 12, "10 € ab 50 €", 1000,
                   "Dieser Gutschein wurde schon eingelöst."),
            _given("g-2", now, 95, "20 % auf alle Wintermäntel und Regenjacken der Vorsaison", 5180,
                   "Dieses Angebot ist aufgebraucht."),
            _given("g-3", now, 1500, "Geburtstagsgutschein", 1500,
                   "Das ist leider abgelaufen."),
        ),
        "en": (
            _given("g-1", now, 12, "€10 off from €50", 1000, "This voucher was used before."),
            _given("g-2", now, 95, "20 % off all winter coats and raincoats of last season", 5180,
                   "This offer is used up."),
            _given("g-3", now, 1500, "Birthday voucher", 1500, "This has expired."),
        ),
    }  # fmt: skip
    shop.hub.floor_changed()


def _in_basket(why_not: str) -> dict[str, OfferInBasket]:
    return {
        "v-1": OfferInBasket(why_not=why_not),
        "v-2": OfferInBasket(Money(1000)),
        "v-3": OfferInBasket(points=139),
    }


def _given(  # noqa: PLR0913, PLR0917  one row
    key: str, now: datetime, minutes_ago: int, title: str, amount: int, why: str
) -> ConflictRow:
    at = now - timedelta(minutes=minutes_ago)
    return ConflictRow(key, at, TILL, title, Money(amount), why)
