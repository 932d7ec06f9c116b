"""Templates -> HTML, once per language. Knows Jinja2, files and catalogues; asks nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import blake2s
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from kiosk_ui import views, words
from kiosk_ui.language import LANGUAGES, load_translations
from kiosk_ui.settings import KioskSettings
from kiosk_ui.static_files import StaticFiles
from kiosk_ui.views import Formats

TEMPLATES = Path(__file__).parent / "templates"
PUSHED = ' hx-swap-oob="true"'  # what makes htmx put a pushed fragment in its place
ROOT = "<!--root-->"  # a fragment template marks the end of its root tag's attributes with this


@dataclass(frozen=True, slots=True)
class Fragment:
    """A part of a page that can change alone: its element id, content hash and both forms."""

    id: str
    version: str
    inline: Markup
    pushed: str


def short_key(text: str) -> str:
    """A harmless element id for an opaque one."""
    return blake2s(text.encode(), digest_size=6).hexdigest()


class Printer:
    """Prints pages and fragments in every language of the shop."""

    def __init__(self, settings: KioskSettings, static: StaticFiles) -> None:
        """Read templates and catalogues."""
        self._formats: dict[str, Formats] = {}
        self._environments: dict[str, jinja2.Environment] = {}
        for language in LANGUAGES:
            translations = load_translations(language)
            formats = Formats(language, settings.zone, translations.gettext, translations.ngettext)
            environment = _environment()
            environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]  # added by the i18n extension
            environment.globals.update(
                f=formats,
                settings=settings,
                languages=LANGUAGES,
                static=static.url,
                styles=static.styles(),
            )
            self._formats[language] = formats
            self._environments[language] = environment

    def formats(self, language: str) -> Formats:
        """How `language` writes times and money."""
        return self._formats[language]

    def page(self, template: str, language: str, now: datetime, **context: object) -> Markup:
        """A whole page or panel."""
        text = self._environments[language].get_template(template).render(now=now, **context)
        return Markup(text)  # noqa: S704 - printed with autoescape on

    def fragment(
        self, template: str, fragment_id: str, language: str, now: datetime, **context: object
    ) -> Fragment:
        """A fragment whose root element has the id `fragment_id`."""
        printed = self.page(f"fragments/{template}", language, now, id=fragment_id, **context)
        html = str(printed).strip()
        version = blake2s(html.encode(), digest_size=6).hexdigest()
        stamp = f' data-v="{version}"'
        return Fragment(
            fragment_id,
            version,
            Markup(html.replace(ROOT, stamp, 1)),  # noqa: S704 - as above
            html.replace(ROOT, stamp + PUSHED, 1),
        )


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    environment.globals.update(_words())
    environment.globals["root"] = Markup(ROOT)  # noqa: S704 - a constant
    environment.filters["initials"] = views.initials
    environment.filters["key"] = short_key
    environment.filters["contact"] = views.contact_channels
    environment.filters["icon"] = views.category_icon
    environment.filters["bar"] = views.bar_width
    environment.filters["giving"] = views.giving_first
    environment.filters["tone"] = views.tier_tone
    return environment


def _words() -> Mapping[str, Any]:
    tables = {
        "scan_reason": words.SCAN_REASONS,
        "mark_word": words.MARKS,
        "mark_note": words.MARK_NOTES,
        "offer_reason": words.OFFER_REASONS,
        "proposal_word": words.PROPOSALS,
        "answer_note": words.ANSWERS,
        "origin": words.ORIGINS,
        "order_word": words.ORDERS,
        "opened_by": words.OPENED_BY,
        "noticed_by": words.NOTICED_BY,
        "sureness": words.SURENESS,
        "purpose": words.PURPOSES,
        "fact_label": words.FACTS,
        "component_state": words.COMPONENT_STATES,
        "role": words.ROLES,
    }
    return {name: partial(_lookup, table) for name, table in tables.items()}


def _lookup(table: Mapping[str, str], code: str) -> str:
    """The English text for a code; templates pass it on to the catalogue."""
    return table.get(str(code), str(code))
