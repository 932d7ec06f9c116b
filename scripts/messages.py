"""Bring kiosk_ui/locale/*/LC_MESSAGES/messages.po up to date with templates and code.

Usage: .venv/bin/python scripts/messages.py; then fill the empty German texts.
"""

from __future__ import annotations

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
PART = ROOT / "kiosk_ui"
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
OPTIONS = {"templates/**.html": {"trimmed": "true", "silent": "false"}}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "msg": None}


def extract() -> Catalog:
    """Every text of the tablet, as it stands in the code."""
    catalogue = Catalog(project="store-agent", charset="utf-8")
    found = extract_from_dir(PART, METHODS, OPTIONS, keywords=KEYWORDS)
    for path, _, message, comments, context in found:
        catalogue.add(message, locations=[(path, None)], auto_comments=comments, context=context)
    return catalogue


def update(language: str, template: Catalog) -> None:
    """Add new texts, drop those nobody uses; English is the text itself."""
    path = PART / "locale" / language / "LC_MESSAGES" / "messages.po"
    known = Catalog(locale=language)
    if path.exists():
        with path.open("rb") as file:
            known = read_po(file, locale=language)
    known.update(template, no_fuzzy_matching=True)
    known.obsolete.clear()
    if language == "en":
        for message in known:
            if message.id:
                message.string = message.id
    with path.open("wb") as file:
        write_po(file, known, width=100, sort_output=True, omit_header=False)


if __name__ == "__main__":
    texts = extract()
    for language in ("de", "en"):
        update(language, texts)
