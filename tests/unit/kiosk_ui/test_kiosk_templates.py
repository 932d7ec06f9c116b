"""What every template must hold to: the strict CSP, and both languages complete."""

import importlib.util
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from kiosk_ui.language import LANGUAGES, catalogue_path, choose_language
from kiosk_ui.printer import TEMPLATES
from kiosk_ui.static_files import StaticFiles

ROOT = Path(__file__).parents[3]
PAGES = sorted(TEMPLATES.rglob("*.html"))
FORBIDDEN = {
    "an inline handler": r"\shx-on|\son[a-z]+=",
    "a script expression": r"js:|javascript:|hx-vars",
    "a trigger filter, which fails open under the CSP": r'hx-trigger="[^"]*\[',
    "an inline style": r"style=|<style",
    "an inline script": r"<script(?![^>]*\ssrc=)",
    "an address outside the box": r'(?:src|href|hx-[a-z]+)="(?:https?:)?//',
}


@pytest.mark.parametrize("what", FORBIDDEN)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_template_has(page, what):
    assert not re.search(FORBIDDEN[what], page.read_text()), f"{page.name} has {what}"


def test_every_input_lies_outside_what_pushes_replace():
    for page in (TEMPLATES / "fragments").iterdir():
        visible = re.findall(r'<input(?![^>]*type="hidden")', page.read_text())
        assert not visible, f"{page.name}: a push would erase what is typed"


def _messages_script():
    spec = importlib.util.spec_from_file_location("messages", ROOT / "scripts" / "messages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language):
    with catalogue_path(language).open("rb") as file:
        known = read_po(file, locale=language)
    wanted = [message.id for message in _messages_script().extract() if message.id]
    missing = [text for text in wanted if not _complete(known.get(_key(text)))]
    assert not missing
    assert len(known) == len(wanted), "texts nobody uses: run scripts/messages.py"


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_their_placeholders(language):
    with catalogue_path(language).open("rb") as file:
        for message in read_po(file, locale=language):
            ids = message.id if isinstance(message.id, tuple) else (message.id,)
            strings = message.string if isinstance(message.string, tuple) else (message.string,)
            if message.id:
                holes = {frozenset(re.findall(r"%\(\w+\)\w+", text)) for text in (*ids, *strings)}
                assert len(holes) == 1, message.id


def _key(text):
    return text[0] if isinstance(text, tuple) else text


def _complete(message):
    if message is None or message.fuzzy:
        return False
    strings = message.string if isinstance(message.string, tuple) else (message.string,)
    return all(strings)


def test_the_language_is_the_cookies_then_the_browsers_then_german():
    assert choose_language("en", "de") == "en"
    assert choose_language(None, "fr-FR, en-GB;q=0.8") == "en"
    assert choose_language("xx", None) == "de"


def test_a_changed_file_gets_another_address(tmp_path):
    (tmp_path / "app.css").write_text("a {}")
    before = StaticFiles(tmp_path).url("app.css")
    (tmp_path / "app.css").write_text("b {}")
    assert StaticFiles(tmp_path).url("app.css") != before
