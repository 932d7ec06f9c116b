"""What somebody buys, in a real Chromium: accessible, wide targets, steady, figures by one tap."""

from __future__ import annotations

from dataclasses import replace

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

from kiosk_ui.fake_cast import MIRA
from kiosk_ui.picture.area import cases_area, picture_area
from kiosk_ui.picture.fake import crowded, sample_insight

MIN_TARGET_PX = 48
TOO_SMALL = """(least) =>
    [...document.querySelectorAll('a, button, summary, input:not([type=hidden])')]
    .filter((e) => e.checkVisibility() && !e.classList.contains('skip'))
    .map((e) => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
    .filter(([, r]) => r.width < least || r.height < least)
    .map(([html, r]) => `${html} ${r.width}x${r.height}`)"""
SIDEWAYS = """[...document.querySelectorAll('#panel, .sheet, main')]
    .some((box) => box.scrollWidth > box.clientWidth + 1)"""
WATCH_SHIFTS = """window.shifts = 0; new PerformanceObserver((list) => {
    for (const one of list.getEntries()) window.shifts += one.value;
}).observe({ type: 'layout-shift', buffered: false })"""
OPEN_ALL = "document.querySelectorAll('details').forEach((one) => { one.open = true })"
PAGES = (f"/customers/{MIRA}", "/customers/jonas", "/customers/selin", "/articles/m-2")


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def insights():
    return []


@pytest.fixture(scope="module")
def rig(insights):
    def areas(hub):
        insight = sample_insight(hub, lambda: NOW)
        insight.people["jonas"] = crowded(NOW)
        insights.append(insight)
        return (cases_area(insight), picture_area(insight))

    with running_kiosk(areas) as rig:
        yield rig


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("staff", ["bea", "max"])
def test_axe_finds_nothing(browser, rig, scheme, staff):
    with tablet(browser, rig, scheme=scheme, staff=staff) as page:
        for path in PAGES:
            page.goto(rig.url + path)
            page.evaluate(OPEN_ALL)
            results = Axe().run(page)
            assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("viewport", [LANDSCAPE, PORTRAIT, PHONE], ids=str)
def test_every_target_is_wide_enough_and_nothing_overflows(browser, rig, viewport):
    with tablet(browser, rig, viewport=viewport, staff="max") as page:
        for path in PAGES:
            page.goto(rig.url + path)
            assert page.evaluate(TOO_SMALL, MIN_TARGET_PX - 0.5) == []
            assert not page.evaluate(SIDEWAYS), path


def test_the_figures_open_with_one_tap_and_are_closed_again_next_time(browser, rig):
    with tablet(browser, rig, language="en") as page:
        for _ in range(2):
            page.goto(f"{rig.url}/customers/{MIRA}")
            live(page)
            figure = page.get_by_text("€3,124.80")
            assert not figure.is_visible()
            page.get_by_text("Show figures").click()
            figure.wait_for(state="visible")


def test_the_counter_view_shows_a_manager_no_figures_either(browser, rig):
    with tablet(browser, rig, language="en", staff="max") as page:
        page.goto(f"{rig.url}/customers/{MIRA}")
        live(page)
        assert page.get_by_text("€3,124.80").is_visible()
        page.get_by_role("button", name="Counter view").click()
        page.get_by_text("€3,124.80").wait_for(state="hidden")
        assert page.get_by_text("Comes as usual").is_visible()


def test_from_a_wish_to_its_stock_and_back_takes_two_taps(browser, rig):
    with tablet(browser, rig, language="en") as page:
        page.goto(f"{rig.url}/customers/{MIRA}")
        live(page)
        page.locator(".wishes").get_by_role("link", name="Chelsea Boots").click()
        page.get_by_role("row", name="39 theirs").wait_for()
        page.get_by_role("link", name="Back").click()
        page.wait_for_url(f"**/customers/{MIRA}")


def test_a_case_appears_by_itself_and_nothing_above_it_moves(browser, rig, insights):
    insight = insights[0]
    with tablet(browser, rig, language="en") as page:
        page.goto(f"{rig.url}/customers/selin")
        live(page)
        page.evaluate(WATCH_SHIFTS)
        many = replace(crowded(NOW), wishes=insight.people[MIRA].wishes)
        rig.do(lambda kiosk: insight.set("selin", many))
        page.get_by_text("Late delivery").wait_for()
        page.wait_for_timeout(200)
        assert page.evaluate("window.shifts") == 0
        rig.do(lambda kiosk: insight.set("selin", insight.people[MIRA]))
        page.get_by_text("Late delivery").wait_for(state="detached")
        assert page.evaluate("document.querySelector('.say').getBoundingClientRect().top") > 0
