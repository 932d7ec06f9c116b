"""Every code the agent can send to the tablet has words there, in both languages."""

from zoneinfo import ZoneInfo

import pytest

from kiosk_ui import model, words
from kiosk_ui.language import LANGUAGES, load_translations
from kiosk_ui.views import Formats
from store_agent.domain.customer import AddressForm, Origin, PersonState
from store_agent.domain.health import HealthState
from store_agent.domain.scan import ScanReason
from store_agent.storage.failures import Failure
from store_agent.tablet.cards import MARKS

COMPONENTS = ("ledger", "cache", "platform", "profiles", "clock")
# States that keep somebody off the floor altogether, so that no mark can stand beside a name.
NEVER_NAMED = {PersonState.NOT_THIS_PERSON, PersonState.DECEASED}


def formats(language):
    texts = load_translations(language)
    return Formats(language, ZoneInfo("Europe/Berlin"), texts.gettext, texts.ngettext)


@pytest.mark.parametrize("reason", ScanReason)
def test_every_reason_of_a_refused_scan_has_words(reason):
    english = words.SCAN_REASONS[reason]
    assert formats("de").gettext(english) != english


def test_the_tablet_knows_no_reason_the_agent_never_sends():
    assert set(words.SCAN_REASONS) == set(ScanReason)


@pytest.mark.parametrize("state", set(PersonState) - NEVER_NAMED)
def test_every_state_of_a_person_on_the_floor_has_a_mark_with_words(state):
    mark = dict(MARKS)[state]
    assert words.MARKS[mark]
    assert words.MARK_NOTES[mark]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(HealthState, model.ComponentState), (AddressForm, model.AddressForm), (Origin, model.Origin)],
)
def test_both_sides_use_the_same_codes(ours, theirs):
    assert {one.value for one in ours} == {one.value for one in theirs}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", [*COMPONENTS, "scanner till-0"])
def test_every_component_has_a_label(language, name):
    label = formats(language).component(name)
    assert label != name
    assert label[0].isupper()


def test_a_scanner_is_called_by_its_lane():
    assert formats("de").component("scanner Kasse 2") == "Scanner Kasse 2"


@pytest.mark.parametrize("failure", Failure)
def test_a_reason_keeps_what_has_no_words_here(failure):
    said = formats("de").reason(f"cannot be written: {failure.value}")
    assert said == f"Kann nicht geschrieben werden: {failure.value}"
    assert formats("de").reason("something else") == "something else"
