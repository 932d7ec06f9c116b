"""What customers are asked, in their words and with the version that becomes part of the proof."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from store_agent.domain.consent import ConsentDecision, ConsentState, deciding

TURNED_TABLET = "turned_tablet"  # how an answer was given there
OLD_AFTER = timedelta(days=730)  # then a yes is asked for anew
DEFAULT_LANGUAGE = "en"  # for whoever reads neither of ours


@dataclass(frozen=True, slots=True)
class ConsentText:
    """One question: what it is for, and what one gets. Another wording is another `version`."""

    purpose: str
    language: str
    version: str
    title: str
    what_for: str
    benefit: str


_V1 = "shop-2026-1"
BUILT_IN: tuple[ConsentText, ...] = (
    ConsentText(
        "clienteling",
        "de",
        _V1,
        "Dürfen wir Sie erkennen und mit Namen begrüßen?",
        "Wenn Sie Ihre Karte zeigen, sehen die Menschen, die hier arbeiten, Ihren Namen, Ihre"
        " Einkäufe und was Sie uns über sich gesagt haben.",
        "Sie werden persönlich beraten, und Ihre Größen und Vorteile sind gleich da.",
    ),
    ConsentText(
        "location",
        "de",
        _V1,
        "Dürfen wir bemerken, dass Sie da sind?",
        "Ihr Telefon oder ein Anhänger sagt uns, dass Sie im Geschäft oder auf dem Weg sind, auch"
        " ohne dass Sie etwas zeigen. Nur hier, nie anderswo.",
        "Bestelltes liegt bereit, wenn Sie ankommen.",
    ),
    ConsentText(
        "marketing.email",
        "de",
        _V1,
        "Dürfen wir Ihnen E-Mails schreiben?",
        "Wir schreiben Ihnen über Neues und Angebote, so oft wie Sie es möchten.",
        "Sie erfahren vor allen anderen von Angeboten, die zu Ihnen passen.",
    ),
    ConsentText(
        "marketing.sms",
        "de",
        _V1,
        "Dürfen wir Ihnen SMS schicken?",
        "Wir schicken Ihnen kurze Nachrichten auf Ihr Telefon, so oft wie Sie es möchten.",
        "Was eilig ist, erreicht Sie rechtzeitig.",
    ),
    ConsentText(
        "clienteling",
        "en",
        _V1,
        "May we recognise you and greet you by name?",
        "When you show your card, the people who work here see your name, what you bought and what"
        " you told us about yourself.",
        "You are advised personally, and your sizes and benefits are at hand.",
    ),
    ConsentText(
        "location",
        "en",
        _V1,
        "May we notice that you are here?",
        "Your phone or a tag tells us that you are in the shop or on your way, even when you show"
        " nothing. Only here, never anywhere else.",
        "What you ordered lies ready when you arrive.",
    ),
    ConsentText(
        "marketing.email",
        "en",
        _V1,
        "May we send you e-mails?",
        "We write to you about what is new and about offers, as often as you like.",
        "You hear before everybody else of offers that suit you.",
    ),
    ConsentText(
        "marketing.sms",
        "en",
        _V1,
        "May we send you text messages?",
        "We send short messages to your phone, as often as you like.",
        "What is urgent reaches you in time.",
    ),
)


def questions(language: str, texts: Iterable[ConsentText] = BUILT_IN) -> tuple[ConsentText, ...]:
    """All questions in `language`, in their order; in English if there are none in it."""
    known = tuple(texts)
    in_language = tuple(text for text in known if text.language == language)
    return in_language or tuple(text for text in known if text.language == DEFAULT_LANGUAGE)


def to_ask(
    consents: Sequence[ConsentDecision], now: datetime, texts: Iterable[ConsentText] = BUILT_IN
) -> tuple[str, ...]:
    """Purposes whose answer is missing, or whose proof is: no text is named, or it is too old.

    A withdrawal needs no proof: whoever said no is not asked again.
    """
    purposes = dict.fromkeys(text.purpose for text in texts)
    return tuple(purpose for purpose in purposes if _is_open(purpose, consents, now))


def _is_open(purpose: str, consents: Sequence[ConsentDecision], now: datetime) -> bool:
    answer = deciding(purpose, consents)
    if answer is None:
        return True
    is_proven = bool(answer.text_version) and now - answer.decided_at < OLD_AFTER
    return answer.state is ConsentState.GRANTED and not is_proven
