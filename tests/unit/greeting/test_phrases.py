"""The tables of texts: the same keys in every language, and words that fit the form of address."""

from __future__ import annotations

import re
from datetime import date
from string import Formatter

import pytest

from store_agent.domain.greeting import Relationship
from store_agent.greeting.phrases import Phrases, Say, Why
from store_agent.greeting.sentence import PHRASES

TODAY = date(2026, 11, 21)
LANGUAGES = pytest.mark.parametrize("phrases", PHRASES.values(), ids=PHRASES.keys())


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@LANGUAGES
def test_every_language_says_everything(phrases: Phrases) -> None:
    assert set(phrases.hello) == set(Relationship)
    assert set(phrases.say) == set(Say)
    assert set(phrases.why) == set(Why)


@LANGUAGES
@pytest.mark.parametrize("say", Say)
def test_both_forms_say_the_same_with_the_same_gaps(phrases: Phrases, say: Say) -> None:
    spoken, german = phrases.say[say], PHRASES["de"].say[say]
    assert spoken.formal
    assert spoken.informal
    assert placeholders(spoken.formal) == placeholders(spoken.informal)
    assert placeholders(spoken.formal) == placeholders(german.formal)


@pytest.mark.parametrize("why", Why)
def test_reasons_have_the_same_gaps_in_every_language(why: Why) -> None:
    gaps = [placeholders(phrases.why[why]) for phrases in PHRASES.values()]
    assert all(each == gaps[0] for each in gaps)


def test_german_does_not_mix_the_forms_of_address() -> None:
    german = PHRASES["de"]
    for spoken in [*german.say.values(), *german.hello.values()]:
        assert not re.search(r"\b(du|dir|dich|dein\w*|möchtest|magst)\b", spoken.formal)
        assert not re.search(r"\b(Sie|Ihnen|Ihr\w*|möchten|mögen)\b", spoken.informal, re.ASCII)


@pytest.mark.parametrize(
    ("day", "german", "english"),
    [
        (date(2026, 11, 21), ("heute", "heute", "seit heute"), ("today", "today", "since today")),
        (
            date(2026, 11, 22),
            ("morgen", "morgen", "seit morgen"),
            ("tomorrow", "tomorrow", "since tomorrow"),
        ),
        (
            date(2026, 11, 20),
            ("gestern", "gestern", "seit gestern"),
            ("yesterday", "yesterday", "since yesterday"),
        ),
        (
            date(2026, 11, 17),
            ("am Dienstag", "Dienstag", "seit 4 Tagen"),
            ("on Tuesday", "Tuesday", "for 4 days"),
        ),
        (
            date(2026, 11, 14),
            ("am 14. Nov.", "14. Nov.", "seit 7 Tagen"),
            ("on 14 Nov", "14 Nov", "for 7 days"),
        ),
    ],
)
def test_days_are_named_as_people_name_them(
    day: date, german: tuple[str, ...], english: tuple[str, ...]
) -> None:
    for language, words in (("de", german), ("en", english)):
        named = PHRASES[language].day_words(day, TODAY)
        assert (named["day"], named["by"], named["since"]) == words


def test_a_date_more_than_half_a_year_off_shows_the_year() -> None:
    assert PHRASES["de"].short_date(date(2027, 7, 20), TODAY) == "20. Juli 2027"
    assert PHRASES["en"].short_date(date(2027, 7, 20), TODAY) == "20 Jul 2027"
    assert PHRASES["en"].short_date(date(2027, 1, 20), TODAY) == "20 Jan"
