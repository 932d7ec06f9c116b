"""Touches: one contact with a customer in any channel, and whether another one is welcome."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from store_agent.domain.consent import MARKETING_PREFIX, is_granted
from store_agent.domain.customer import Customer, PersonState

WINDOW = timedelta(days=30)  # in which contacts are counted
UNCONTACTED = frozenset(
    {PersonState.DO_NOT_APPROACH, PersonState.UNDER_16, PersonState.NOT_THIS_PERSON}
)


class Channel(StrEnum):
    """How somebody was reached."""

    PHONE = "phone"
    EMAIL = "email"
    MESSAGE = "message"
    IN_PERSON = "in_person"


# Which consents allow a channel: one of them is enough. In person needs none, and is not counted.
PURPOSES: Mapping[Channel, tuple[str, ...]] = MappingProxyType(
    {
        Channel.PHONE: ("phone",),
        Channel.EMAIL: ("email",),
        Channel.MESSAGE: ("sms", "whatsapp", "push"),
    }
)


class WhyNot(StrEnum):
    """Why a channel is closed now."""

    NO_WISH = "no_wish"  # a state of the person
    NO_CONSENT = "no_consent"
    TOO_OFTEN = "too_often"


@dataclass(frozen=True, slots=True)
class Touch:
    """One contact: the shape of a document of the feed's collection `touches`."""

    id: str
    customer_id: str
    channel: Channel
    at: datetime
    staff_id: str = ""
    store: str = ""


def contact(
    customer: Customer, touches: Iterable[Touch], now: datetime, cap: int
) -> Mapping[Channel, WhyNot | None]:
    """For each channel of PURPOSES why not, or None: they may be contacted there now."""
    recent = sum(one.channel in PURPOSES and now - one.at < WINDOW for one in touches)
    return {channel: _why_not(customer, channel, recent >= cap) for channel in PURPOSES}


def _why_not(customer: Customer, channel: Channel, is_enough: bool) -> WhyNot | None:
    if not UNCONTACTED.isdisjoint(customer.states):
        return WhyNot.NO_WISH
    purposes = (MARKETING_PREFIX + name for name in PURPOSES[channel])
    if not any(is_granted(purpose, customer.consents) for purpose in purposes):
        return WhyNot.NO_CONSENT
    return WhyNot.TOO_OFTEN if is_enough else None
