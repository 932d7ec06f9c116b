"""Which of several texts to use: the wanted language, else German, else English, else any."""

from __future__ import annotations

from collections.abc import Mapping

FALLBACK_LANGUAGES = ("de", "en")  # the languages the product itself speaks, in this order


def base_language(tag: str) -> str:
    """The language of a tag without region or script: "de-AT" and "DE_at" are both "de"."""
    return tag.replace("_", "-").partition("-")[0].strip().lower()


def pick_text(texts: Mapping[str, str], language: str) -> str:
    """The text for `language` or the best one there is; "" only if every text is empty."""
    return texts.get(language) or _fallback(texts, language)


def _fallback(texts: Mapping[str, str], language: str) -> str:
    for wanted in (base_language(language), *FALLBACK_LANGUAGES):
        if found := texts.get(wanted):
            return found
    return next((texts[tag] for tag in sorted(texts) if texts[tag]), "")
