"""Put the foremost need into words: one sentence for the customer, its reason for the associate."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from babel.numbers import format_currency, get_currency_precision

from store_agent.domain.consent import CLIENTELING, is_granted
from store_agent.domain.customer import Customer
from store_agent.domain.greeting import OfferDecision, Relationship, Sentence
from store_agent.domain.language import FALLBACK_LANGUAGES, base_language
from store_agent.domain.money import Money
from store_agent.greeting.address import is_formal, spoken_name
from store_agent.greeting.foremost import foremost
from store_agent.greeting.phrases import URGENT, Phrases
from store_agent.greeting.situation import Need, Situation
from store_agent.greeting.texts_de import GERMAN
from store_agent.greeting.texts_en import ENGLISH

PHRASES: Mapping[str, Phrases] = MappingProxyType({"de": GERMAN, "en": ENGLISH})
DASH = "\N{EN DASH}"


def sentence(  # noqa: PLR0913 - the contract: one person, what was found, and the shop's setting
    customer: Customer,
    relationship: Relationship,
    decisions: tuple[OfferDecision, ...],
    *,
    at: datetime,
    zone: ZoneInfo,
    language: str,
    staff_language: str | None = None,
    currency: str = "EUR",
    quiet: frozenset[str] = frozenset(),
) -> Sentence | None:
    """The one thing to say to `customer`, or None: silence rather than something weak.

    `decisions` as `offers.choose` ranked them, best made in `spoken_language(customer, language)`.
    `language` is the shop's; the text is in the customer's own if the product speaks it, `why` in
    `staff_language` (the shop's if not given). `at` is aware; days are those of `zone`; `currency`
    is the shop's ISO 4217 code; topics in `quiet` rest. Without consent to be addressed there is
    nothing to say.
    """
    if not is_granted(CLIENTELING, customer.consents):
        return None
    today = at.astimezone(zone).date()
    situation = Situation(customer, relationship, decisions, at, today, zone, currency, quiet)
    need = foremost(situation)
    if need is None:
        return None
    spoken = PHRASES[spoken_language(customer, language)]
    read = PHRASES[_known_language(staff_language or language)]
    return Sentence(
        text=f"{_hello(situation, spoken)} {DASH} {_body(situation, need, spoken)}",
        why=read.why[need.why].format_map(_values(need, read, today)),
        urgent=need.say in URGENT,
        topic=need.topic,
    )


def spoken_language(customer: Customer, language: str) -> str:
    """The customer's language if the product speaks it, else the shop's: "de" or "en"."""
    return _known_language(customer.language, language)


def _known_language(*tags: str) -> str:
    bases = (base_language(tag) for tag in tags)
    return next((base for base in bases if base in PHRASES), FALLBACK_LANGUAGES[0])


def _hello(situation: Situation, phrases: Phrases) -> str:
    hello = phrases.hello[situation.relationship].in_form(formal=is_formal(situation.customer))
    name = spoken_name(situation.customer)
    return f"{hello}, {name}" if name else hello


def _body(situation: Situation, need: Need, phrases: Phrases) -> str:
    body = phrases.say[need.say].in_form(formal=is_formal(situation.customer))
    return body.format_map(_values(need, phrases, situation.today))


def _values(need: Need, phrases: Phrases, today: date) -> dict[str, str]:
    """Every placeholder this need can fill; texts that need another one fail loudly (KeyError)."""
    values = {
        "title": need.title.rstrip(" .!"),
        "tier": need.tier,
        "place": f", {need.place}" if need.place else "",
        "days": str(need.days),
    }
    if need.day is not None:
        values |= phrases.day_words(need.day, today)
    if need.until is not None:
        values["date"] = phrases.short_date(need.until, today)
    if need.amount is not None:
        values["amount"] = _amount(need.amount, phrases.locale)
    return values


def _amount(money: Money, locale: str) -> str:
    units = money.amount_minor / 10 ** get_currency_precision(money.currency)
    return str(format_currency(units, money.currency, locale=locale))
