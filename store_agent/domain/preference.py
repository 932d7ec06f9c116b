"""What customers tell about themselves: a short list of questions, and the answers of this shop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from store_agent.domain.customer import Fact, Origin

MAX_VALUE_CHARS = 80


@dataclass(frozen=True, slots=True)
class Preference:
    """One answer; an empty `value` takes back what was known. `choices` are codes, if any."""

    label: str
    value: str
    at: datetime
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to choose, by code, with its words by language."""

    code: str
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class QuizQuestion:
    """One tap. `label` is that of the fact it becomes; several options where `is_multiple`."""

    label: str
    title: Mapping[str, str]
    options: tuple[Option, ...]
    is_multiple: bool = False

    def value(self, codes: Iterable[str], language: str) -> str:
        """The chosen options in words. Raises KeyError for an unknown code."""
        by_code = {option.code: option.words for option in self.options}
        return ", ".join(by_code[code][language] for code in codes)

    def chosen(self, value: str) -> tuple[str, ...]:
        """The codes behind a value, in whatever language it was kept."""
        said = {part.strip() for part in value.split(",")}
        return tuple(o.code for o in self.options if said.intersection(o.words.values()))


def _option(code: str, de: str, en: str) -> Option:
    return Option(code, {"de": de, "en": en})


QUIZ: tuple[QuizQuestion, ...] = (
    QuizQuestion(
        "contact.channel",
        {"de": "Wie erreichen wir Sie am liebsten?", "en": "How do you like to hear from us?"},
        (
            _option("email", "E-Mail", "E-mail"),
            _option("sms", "SMS", "Text message"),
            _option("phone", "Anruf", "Phone call"),
            _option("post", "Brief", "Letter"),
        ),
    ),
    QuizQuestion(
        "contact.frequency",
        {"de": "Wie oft?", "en": "How often?"},
        (
            _option("weekly", "Jede Woche", "Every week"),
            _option("monthly", "Jeden Monat", "Every month"),
            _option("seldom", "Nur bei Besonderem", "Only for something special"),
        ),
    ),
    QuizQuestion(
        "contact.topics",
        {"de": "Worüber?", "en": "About what?"},
        (
            _option("news", "Neues", "What is new"),
            _option("offers", "Angebote", "Offers"),
            _option("events", "Feste und Termine", "Events"),
            _option("care", "Pflege und Service", "Care and service"),
        ),
        is_multiple=True,
    ),
    QuizQuestion(
        "size.top",
        {"de": "Welche Größe tragen Sie oben?", "en": "Which size do you wear on top?"},
        tuple(_option(size, size, size) for size in ("XS", "S", "M", "L", "XL", "XXL")),
    ),
    QuizQuestion(
        "interest",
        {"de": "Was mögen Sie?", "en": "What do you like?"},
        (
            _option("casual", "Lässiges", "Casual"),
            _option("business", "Fürs Büro", "For the office"),
            _option("festive", "Festliches", "Festive"),
            _option("sport", "Sportliches", "Sporty"),
            _option("outdoor", "Für draußen", "Outdoors"),
            _option("shoes", "Schuhe und Taschen", "Shoes and bags"),
        ),
        is_multiple=True,
    ),
)


def facts_with(facts: Sequence[Fact], told: Iterable[Preference]) -> tuple[Fact, ...]:
    """`facts` with what was told here in its order: of each label only the last word counts."""
    last = {one.label: one for one in told}
    kept = tuple(fact for fact in facts if fact.label not in last)
    new = (Fact(o.label, o.value, Origin.TOLD, o.at) for o in last.values() if o.value)
    return (*kept, *new)
