"""Offers, what they are worth for a basket, and what tills made of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kiosk_ui.model.money import Money


class ProposalState(StrEnum):
    """What a till made of a proposal."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class ProposalNote:
    """An offer that was offered to a till. `total` is the basket as the till told it, if it did."""

    till: str
    state: ProposalState
    at: datetime
    total: Money | None = None


@dataclass(frozen=True, slots=True)
class OfferInBasket:
    """What an offer makes of the customer's basket now: `worth`, `points`, or why nothing.

    `why_not` is a sentence in the viewer's language, "" when it gives something.
    """

    worth: Money | None = None
    points: int = 0
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class BasketNote:
    """The customer's basket, which stands on `till` now."""

    till: str
    total: Money


@dataclass(frozen=True, slots=True)
class OfferCard:
    """An offer or voucher valid now. `worth` = what it is worth in money, where that is fixed.

    `reason` is the code of why it is shown ("issued_right", "matches"); `in_basket` is None while
    the customer's basket stands on no till, or no till has asked about this offer.
    """

    id: str
    title: str
    detail: str = ""
    is_voucher: bool = False
    worth: Money | None = None
    min_basket: Money | None = None
    valid_until: datetime | None = None
    reason: str = ""
    in_basket: OfferInBasket | None = None
    proposal: ProposalNote | None = None

    @property
    def can_be_proposed(self) -> bool:
        """Whether it gives something for the basket, and no proposal of it stands."""
        gives = self.in_basket is not None and not self.in_basket.why_not
        state = self.proposal.state if self.proposal else ProposalState.UNANSWERED
        return gives and state in {ProposalState.UNANSWERED, ProposalState.DECLINED}


@dataclass(frozen=True, slots=True)
class ConflictRow:
    """Something a till gave without a right. `why` is a sentence in the viewer's language."""

    id: str
    at: datetime
    till: str
    title: str
    amount: Money
    why: str
