"""German and English: catalogues read from .po at start, and who gets which language."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

LANGUAGES: Mapping[str, str] = {"de": "Deutsch", "en": "English"}
DEFAULT_LANGUAGE = "de"
LOCALES = Path(__file__).parent / "locale"


def catalogue_path(language: str) -> Path:
    """Where the texts of `language` are."""
    return LOCALES / language / "LC_MESSAGES" / "messages.po"


def load_translations(language: str) -> Translations:
    """The catalogue of `language`, compiled in memory."""
    with catalogue_path(language).open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def choose_language(chosen: str | None, accept_language: str | None) -> str:
    """The cookie's choice if it is one of ours, else the browser's first known, else German."""
    if chosen in LANGUAGES:
        return str(chosen)
    for part in (accept_language or "").split(","):
        code = part.split(";")[0].strip().lower()[:2]
        if code in LANGUAGES:
            return code
    return DEFAULT_LANGUAGE
