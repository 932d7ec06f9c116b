"""Who stands here, and what there is to say about it, still without a language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from store_agent.domain.customer import Customer, PersonState
from store_agent.domain.greeting import OfferDecision, Relationship
from store_agent.domain.money import Money
from store_agent.greeting.phrases import TOPICS, Say, Why


@dataclass(frozen=True, slots=True)
class Situation:
    """Who stands here, and when; `today` is the day of the shop's calendar."""

    customer: Customer
    relationship: Relationship
    decisions: tuple[OfferDecision, ...]
    at: datetime
    today: date
    zone: ZoneInfo
    currency: str
    quiet: frozenset[str] = frozenset()  # topics that rest

    @property
    def is_gift(self) -> bool:
        """Whether nothing may be said about what this person bought or ordered."""
        return PersonState.GIFT in self.customer.states


@dataclass(frozen=True, slots=True)
class Need:
    """What to say and why, without a language yet."""

    say: Say
    why: Why
    title: str = ""
    tier: str = ""
    place: str = ""
    day: date | None = None  # to be called by its name
    until: date | None = None  # to be written as a date
    days: int = 0
    amount: Money | None = None
    right: str = ""  # the voucher or offer it is about

    @property
    def topic(self) -> str:
        """What it is about, to be let rest when the customer does not want to hear of it."""
        return right_topic(self.right) if self.right else TOPICS[self.say]


def right_topic(right_id: str) -> str:
    """The topic of one voucher or offer."""
    return f"right:{right_id}"
