"""The keys of everything that can be said, and the shape of one language's table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from babel.dates import format_date, format_skeleton

from store_agent.domain.greeting import Relationship

NAMED_DAYS = 6  # as far ahead or back as the name of a weekday is unambiguous
YEAR_CLEAR_DAYS = 183  # within half a year nobody takes a date for that of another year


class Say(StrEnum):
    """What is said to the customer."""

    COMPLAINT = "complaint"
    LATE_DELIVERY = "late_delivery"
    REPAIR = "repair"
    QUESTION = "question"
    PICKUP = "pickup"
    PICKUP_TITLED = "pickup_titled"
    PICKUPS = "pickups"
    VOUCHER_TODAY = "voucher_today"
    VOUCHER_SOON = "voucher_soon"
    RETURN = "return"
    BIRTHDAY_TODAY = "birthday_today"
    BIRTHDAY_PAST = "birthday_past"
    BIRTHDAY_SOON = "birthday_soon"
    WELCOME_BACK = "welcome_back"
    HELP = "help"
    WELCOME = "welcome"
    NEXT_TIER = "next_tier"
    OFFER = "offer"


# Somebody came for it, or it is lost tonight.
URGENT = frozenset({Say.PICKUP, Say.PICKUP_TITLED, Say.PICKUPS, Say.VOUCHER_TODAY})


# What a sentence is about, so that a topic can rest; what is offered has a topic of its own.
TOPICS: Mapping[Say, str] = MappingProxyType(
    {
        Say.COMPLAINT: "case",
        Say.LATE_DELIVERY: "case",
        Say.REPAIR: "case",
        Say.QUESTION: "case",
        Say.PICKUP: "pickup",
        Say.PICKUP_TITLED: "pickup",
        Say.PICKUPS: "pickup",
        Say.RETURN: "return",
        Say.BIRTHDAY_TODAY: "birthday",
        Say.BIRTHDAY_PAST: "birthday",
        Say.BIRTHDAY_SOON: "birthday",
        Say.WELCOME_BACK: "welcome_back",
        Say.HELP: "welcome_back",
        Say.WELCOME: "welcome",
        Say.NEXT_TIER: "next_tier",
    }
)


class Why(StrEnum):
    """What the associate reads below it."""

    COMPLAINT = "complaint"
    LATE_DELIVERY = "late_delivery"
    REPAIR = "repair"
    QUESTION = "question"
    PICKUP = "pickup"
    VOUCHER_ENDS = "voucher_ends"
    RETURN = "return"
    BIRTHDAY = "birthday"
    BIRTHDAY_WAS = "birthday_was"
    VISIT_AFTER = "visit_after"
    PURCHASE_BEFORE = "purchase_before"
    LONG_AWAY = "long_away"
    FIRST_TIME = "first_time"
    NEXT_TIER = "next_tier"
    OFFER = "offer"
    OFFER_UNTIL = "offer_until"
    VOUCHER = "voucher"
    VOUCHER_UNTIL = "voucher_until"


@dataclass(frozen=True, slots=True)
class Spoken:
    """One phrase for both forms of address."""

    formal: str
    informal: str

    def in_form(self, *, formal: bool) -> str:
        """The wording for this form of address."""
        return self.formal if formal else self.informal


@dataclass(frozen=True, slots=True)
class Phrases:
    """One language. Placeholders: title, tier, place, amount, days, date, those of `day_words`."""

    locale: str  # for Babel
    hello: Mapping[Relationship, Spoken]  # a name may follow after a comma
    say: Mapping[Say, Spoken]  # follows the hello after a dash
    why: Mapping[Why, str]
    today: str
    tomorrow: str
    yesterday: str
    on_day: str  # {weekday}
    since_day: str  # {day}
    since_days: str  # {days}

    def day_words(self, day: date, today: date) -> dict[str, str]:
        """`day` ("am Dienstag"), `by` ("Dienstag") and `since` ("seit gestern")."""
        distance = (day - today).days
        near = {0: self.today, 1: self.tomorrow, -1: self.yesterday}.get(distance)
        if near is not None:
            return {"day": near, "by": near, "since": self.since_day.format(day=near)}
        is_named = abs(distance) <= NAMED_DAYS
        name = self._weekday(day) if is_named else self.short_date(day, today)
        since = self.since_days.format(days=-distance)
        return {"day": self.on_day.format(weekday=name), "by": name, "since": since}

    def short_date(self, day: date, today: date) -> str:
        """ "24. Nov.", with the year where it would not be clear."""
        clear = day.year == today.year or abs((day - today).days) <= YEAR_CLEAR_DAYS
        skeleton = "MMMd" if clear else "yMMMd"
        return str(format_skeleton(skeleton, day, locale=self.locale))

    def _weekday(self, day: date) -> str:
        return str(format_date(day, "EEEE", locale=self.locale))
