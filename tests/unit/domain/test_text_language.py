"""Which text is used when the wanted language is missing, regional or nonsense."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store_agent.domain.language import base_language, pick_text

ALL = {"de": "Guten Tag", "en": "Hello", "fr": "Bonjour"}


@pytest.mark.parametrize(
    ("texts", "language", "text"),
    [
        (ALL, "fr", "Bonjour"),
        (ALL, "fr-CH", "Bonjour"),
        (ALL, "EN_gb", "Hello"),
        ({**ALL, "de-AT": "Servus"}, "de-AT", "Servus"),
        (ALL, "xx", "Guten Tag"),
        (ALL, "", "Guten Tag"),
        ({"en": "Hello", "fr": "Bonjour"}, "tr", "Hello"),
        ({"pl": "Dzień dobry", "it": "Buongiorno"}, "tr", "Buongiorno"),
        ({"tr": "", "de": "", "pl": "Dzień dobry"}, "tr", "Dzień dobry"),
        ({}, "de", ""),
    ],
)
def test_the_best_text_there_is(texts: dict[str, str], language: str, text: str) -> None:
    assert pick_text(texts, language) == text


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=3)), st.text(max_size=12))
def test_there_is_a_text_whenever_one_is_not_empty(texts: dict[str, str], language: str) -> None:
    assert bool(pick_text(texts, language)) is any(texts.values())


def test_a_tag_is_reduced_to_its_language() -> None:
    assert [base_language(tag) for tag in ("de", "de-AT", "DE_at", " pt-BR")] == [
        "de",
        "de",
        "de",
        "pt",
    ]
