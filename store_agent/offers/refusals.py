"""Every refusal as one sentence that a cashier can read aloud, in German and English. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from store_agent.domain.greeting import OfferReason
from store_agent.domain.language import base_language

R = OfferReason

_DE: Mapping[OfferReason, str] = {
    R.ISSUED_RIGHT: "Dieser Gutschein gilt.",
    R.MATCHES: "Dieses Angebot gilt.",
    R.CONTROL_GROUP: "Dieses Angebot ist heute nicht freigeschaltet.",
    R.STOPPED: "Diese Aktion wurde beendet.",
    R.NOT_STARTED: "Das gilt noch nicht.",
    R.EXPIRED: "Das ist leider abgelaufen.",
    R.WRONG_DAY: "Das gilt an einem anderen Wochentag.",
    R.WRONG_TIME: "Das gilt zu einer anderen Uhrzeit.",
    R.NOT_IN_SEGMENT: "Dieses Angebot gilt nur für eingeladene Kundinnen und Kunden.",
    R.NOT_IN_TIER: "Dieses Angebot gehört zu einer anderen Kundenstufe.",
    R.NOT_IN_LIFECYCLE: "Dieses Angebot gilt nur für eingeladene Kundinnen und Kunden.",
    R.NO_CONSENT: "Für persönliche Angebote fehlt uns die Einwilligung.",
    R.NO_BIRTHDAY: "Das gilt rund um den Geburtstag.",
    R.ALREADY_OWNED: "Dafür haben wir heute keine Empfehlung.",
    R.ALREADY_REDEEMED: "Dieser Gutschein wurde schon eingelöst.",
    R.PERSON_STATE: "Dieses Angebot ist hier nicht vorgesehen.",
    R.PROFILE_ELSEWHERE: "Das lässt sich hier gerade nicht prüfen, die Zentrale weiß es.",
    R.NOT_IN_RFM_BAND: "Dieses Angebot gilt nur für eingeladene Kundinnen und Kunden.",
    R.NOT_THIS_BUYER: "Dieses Angebot gilt nur für eingeladene Kundinnen und Kunden.",
    R.NOT_FIRST_VISIT: "Das gilt nur beim ersten Besuch.",
    R.NOT_TRIGGERED: "Der Anlass für dieses Angebot ist heute nicht gegeben.",
    R.BELOW_MINIMUM: "Dafür fehlen im Warenkorb noch {missing}.",
    R.NOT_IN_BASKET: "Die passenden Artikel sind nicht im Warenkorb.",
    R.NO_EFFECT: "Auf diesen Warenkorb hat das keine Wirkung.",
    R.NOT_COMBINABLE: "Das lässt sich nicht kombinieren; ein anderes Angebot ist günstiger.",
    R.WRONG_CURRENCY: "Das gilt in einer anderen Währung.",
    R.NOT_FOUND: "Diesen Code kennen wir nicht.",
    R.NOT_YOURS: "Dieser Gutschein gehört zu einer anderen Karte.",
    R.CUSTOMER_REQUIRED: "Bitte zeigen Sie dafür Ihre Kundenkarte.",
    R.VOUCHER_REQUIRED: "Dafür braucht es einen persönlichen Gutschein.",
    R.ONLINE_ONLY: "Das geht gerade nicht, weil die Verbindung fehlt.",
    R.NOT_OWNER: "Dieser Gutschein ist für eine andere Filiale hinterlegt.",
    R.RESERVED_ELSEWHERE: "Dieser Gutschein wird gerade an einer anderen Kasse verwendet.",
    R.LIMIT_PERSON: "Dieses Angebot wurde schon so oft genutzt, wie es geht.",
    R.LIMIT_STORE: "Dieses Angebot ist in dieser Filiale aufgebraucht.",
    R.BUDGET_USED_UP: "Dieses Angebot ist aufgebraucht.",
    R.NOT_ENOUGH_POINTS: "So viele Punkte sind nicht auf dem Konto.",
    R.BASKET_VOIDED: "Dieser Einkauf wurde storniert.",
    R.CLOCK_UNSURE: "Ob das noch gilt, können wir gerade nicht prüfen.",
}
_EN: Mapping[OfferReason, str] = {
    R.ISSUED_RIGHT: "This voucher is valid.",
    R.MATCHES: "This offer is valid.",
    R.CONTROL_GROUP: "This offer is not available today.",
    R.STOPPED: "This campaign has ended.",
    R.NOT_STARTED: "This is not valid yet.",
    R.EXPIRED: "I am sorry, this has expired.",
    R.WRONG_DAY: "This is valid on another day of the week.",
    R.WRONG_TIME: "This is valid at another time of day.",
    R.NOT_IN_SEGMENT: "This offer is for invited customers only.",
    R.NOT_IN_TIER: "This offer belongs to another customer tier.",
    R.NOT_IN_LIFECYCLE: "This offer is for invited customers only.",
    R.NO_CONSENT: "We do not have your consent for personal offers.",
    R.NO_BIRTHDAY: "This is valid around your birthday.",
    R.ALREADY_OWNED: "We have no recommendation for this today.",
    R.ALREADY_REDEEMED: "This voucher has been redeemed already.",
    R.PERSON_STATE: "This offer is not meant to be used here.",
    R.PROFILE_ELSEWHERE: "This cannot be checked here right now, the head office knows.",
    R.NOT_IN_RFM_BAND: "This offer is for invited customers only.",
    R.NOT_THIS_BUYER: "This offer is for invited customers only.",
    R.NOT_FIRST_VISIT: "This is valid on a first visit only.",
    R.NOT_TRIGGERED: "The occasion for this offer has not come today.",
    R.BELOW_MINIMUM: "The basket is still {missing} short of it.",
    R.NOT_IN_BASKET: "The articles it is for are not in the basket.",
    R.NO_EFFECT: "It has no effect on this basket.",
    R.NOT_COMBINABLE: "This cannot be combined; another offer is the better deal.",
    R.WRONG_CURRENCY: "This is valid in another currency.",
    R.NOT_FOUND: "We do not know this code.",
    R.NOT_YOURS: "This voucher belongs to another card.",
    R.CUSTOMER_REQUIRED: "Please show your customer card for this.",
    R.VOUCHER_REQUIRED: "This takes a personal voucher.",
    R.ONLINE_ONLY: "This is not possible right now because the line is down.",
    R.NOT_OWNER: "This voucher is kept for another store.",
    R.RESERVED_ELSEWHERE: "This voucher is being used at another till right now.",
    R.LIMIT_PERSON: "This offer has been used as often as it can be.",
    R.LIMIT_STORE: "This offer is used up in this store.",
    R.BUDGET_USED_UP: "This offer is used up.",
    R.NOT_ENOUGH_POINTS: "There are not that many points on the account.",
    R.BASKET_VOIDED: "This purchase has been cancelled.",
    R.CLOCK_UNSURE: "We cannot check right now whether this is still valid.",
}
_MORE = {"de": "einige Artikel oder Euro", "en": "some articles or euros"}


def sentence_for(
    reason: OfferReason,
    language: str,
    *,
    title: str = "",
    missing_minor: int | None = None,
    currency: str = "EUR",
) -> str:
    """One sentence in German or, for every other language, English; `title` leads it in quotes."""
    spoken = "de" if base_language(language) == "de" else "en"
    text = (_DE if spoken == "de" else _EN)[reason]
    missing = _MORE[spoken] if missing_minor is None else _money(missing_minor, currency, spoken)
    text = text.replace("{missing}", missing)
    if not title:
        return text
    return f"„{title}“: {text}" if spoken == "de" else f"“{title}”: {text}"


def _money(amount_minor: int, currency: str, spoken: str) -> str:
    whole, cents = divmod(amount_minor, 100)
    if spoken == "de":
        return f"{whole},{cents:02} {currency}"
    return f"{currency} {whole}.{cents:02}"
