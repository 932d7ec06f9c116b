"""The lines page in a real Chromium: accessible, wide enough targets, live, and its deeds."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from kiosk_rig import (
    CHROMIUM,
    CHROMIUM_ARGS,
    LANDSCAPE,
    NOW,
    PHONE,
    PORTRAIT,
    live,
    running_kiosk,
    tablet,
)
from playwright.sync_api import sync_playwright

from kiosk_ui.fake_lines import FakeLines, sample_lines
from kiosk_ui.lines import LinesView, lines_area

MIN_TARGET_PX = 48
TOO_SMALL = """(least) => [...document.querySelectorAll('a, button, input:not([type=hidden])')]
    .filter((e) => e.checkVisibility() && !e.classList.contains('skip'))
    .map((e) => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
    .filter(([, r]) => r.width < least || r.height < least)
    .map(([html, r]) => `${html} ${r.width}x${r.height}`)"""


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield chromium
        chromium.close()


@pytest.fixture
def lines():
    return FakeLines(sample_lines(NOW))


@pytest.fixture
def rig(lines):
    def areas(hub):
        lines.changed = hub.status_changed
        return (lines_area(lines),)

    with running_kiosk(areas) as rig:
        yield rig


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["de", "en"])
def test_axe_finds_nothing(browser, rig, lines, scheme, language):
    with tablet(browser, rig, scheme=scheme, language=language, staff="max") as page:
        for view in (sample_lines(NOW), LinesView()):
            lines.view = view
            page.goto(rig.url + "/lines")
            results = Axe().run(page)
            assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("viewport", [LANDSCAPE, PORTRAIT, PHONE], ids=str)
def test_every_target_is_wide_enough_and_nothing_overflows(browser, rig, viewport):
    with tablet(browser, rig, viewport=viewport, staff="max") as page:
        page.goto(rig.url + "/lines")
        assert page.evaluate(TOO_SMALL, MIN_TARGET_PX - 0.5) == []
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_one_tap_sends_an_event_again_and_every_tablet_shows_it(browser, rig):
    with (
        tablet(browser, rig, language="en", staff="max") as one,
        tablet(browser, rig, language="en", staff="max", device="tablet-2") as two,
    ):
        for page in (one, two):
            page.goto(rig.url + "/lines")
            live(page)
        one.locator(".refused-one", has_text="Zones drawn").get_by_role("button").click()
        for page in (one, two):
            page.wait_for_selector("h2 >> text=2 events refused")
            assert page.evaluate("performance.getEntriesByType('navigation').length") == 1
        one.get_by_role("button", name="Send all again").click()
        for page in (one, two):
            page.wait_for_selector("h2 >> text=1 event refused")
        one.locator(".refused-one").get_by_role("button").click()
        for page in (one, two):
            page.wait_for_selector("h2 >> text=Nothing refused")


def test_the_file_is_saved(browser, rig, lines):
    with tablet(browser, rig, language="en", staff="max") as page:
        page.goto(rig.url + "/lines")
        with page.expect_download() as saved:
            page.get_by_role("link", name="Save as a file").click()
        assert saved.value.suggested_filename == "refused-events.jsonl"
        assert lines.taken_by == ["max"]
