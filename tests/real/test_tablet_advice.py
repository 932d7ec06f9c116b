"""Notes, tasks and answers in a real Chromium, on two tablets: nothing typed is ever lost."""

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

from kiosk_ui.advice.area import advice_areas
from kiosk_ui.advice.fake import sample_advice
from kiosk_ui.fake_cast import MIRA

MIN_TARGET_PX = 47.5
TOO_SMALL = """(least) => [...document.querySelectorAll('a, button, select, textarea, input:not([type=hidden], [type=radio])')]
    .filter((e) => e.checkVisibility() && !e.classList.contains('skip'))
    .map((e) => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
    .filter(([, r]) => r.width < least || r.height < least)
    .map(([html, r]) => `${html} ${r.width}x${r.height}`)"""  # noqa: E501  one script
PATHS = (
    f"/customers/{MIRA}",
    f"/notes/new?customer_id={MIRA}",
    "/mine",
    "/tasks",
    f"/tasks/new?customer_id={MIRA}",
    "/tasks/task-1/hand-over",
)


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield chromium
        chromium.close()


@pytest.fixture
def rig():
    def areas(hub):
        return advice_areas(sample_advice(hub, lambda: NOW, {MIRA: "Mira Musterfrau"}))

    with running_kiosk(areas) as rig:
        yield rig


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
def test_axe_finds_nothing(browser, rig, path, scheme):
    with tablet(browser, rig, scheme=scheme) as page:
        page.goto(rig.url + path)
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("viewport", [LANDSCAPE, PORTRAIT, PHONE], ids=str)
def test_every_target_is_wide_enough_and_nothing_overflows(browser, rig, viewport):
    with tablet(browser, rig, viewport=viewport) as page:
        for path in PATHS:
            page.goto(rig.url + path)
            assert page.evaluate(TOO_SMALL, MIN_TARGET_PX) == []
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_a_note_is_written_in_four_taps_and_two_tablets_see_it(browser, rig):
    with (
        tablet(browser, rig, language="en") as one,
        tablet(browser, rig, language="en", device="tablet-2", staff="emil") as two,
    ):
        one.goto(rig.url)
        two.goto(f"{rig.url}/customers/{MIRA}")
        live(two)
        one.click(".person >> text=Mira Musterfrau")
        one.click("text=Write a note")
        one.wait_for_selector("#note-text:focus")
        one.keyboard.type("Loves the green coat")
        rig.do(lambda kiosk: kiosk.hub.floor_changed())
        rig.do(lambda kiosk: kiosk.hub.all_customers_changed())
        one.click("text=Save the note")
        one.wait_for_selector(".notes >> text=Loves the green coat")
        two.wait_for_selector(".notes >> text=Loves the green coat")
        assert two.evaluate("performance.getEntriesByType('navigation').length") == 1
        two.locator(".note", has_text="green coat").get_by_role("button").click()
        one.wait_for_selector("text=Note removed.")
        one.click(".note.is-removed button")
        two.wait_for_selector(".notes >> text=Loves the green coat")


def test_a_warned_note_stays_on_the_sheet_until_it_is_meant(browser, rig):
    with tablet(browser, rig, language="en") as page:
        page.goto(f"{rig.url}/notes/new?customer_id={MIRA}")
        live(page)
        page.fill("#note-text", "War krank")
        page.click("text=Save the note")
        page.wait_for_selector("[role=alert] >> text=health")
        assert page.input_value("#note-text") == "War krank"
        assert Axe().run(page).violations_count == 0
        page.fill("#note-text", "4111")
        page.click("text=Save all the same")
        page.wait_for_selector("[role=alert] >> text=payment card")
        page.fill("#note-text", "War krank")
        page.click("text=Save the note")
        page.wait_for_selector("[role=alert] >> text=health")
        page.click("text=Save all the same")
        page.wait_for_selector(".notes >> text=War krank")


def test_a_task_that_is_handed_over_appears_on_the_other_tablet(browser, rig):
    with (
        tablet(browser, rig, language="en") as bea,
        tablet(browser, rig, language="en", device="tablet-2", staff="emil") as emil,
    ):
        bea.goto(f"{rig.url}/tasks")
        emil.goto(f"{rig.url}/tasks")
        live(emil)
        assert emil.inner_text("#badge-tasks i") == "1"
        bea.click(".task:has-text('Mantel in 40') a.btn")
        bea.check("input[value=emil]", force=True)
        bea.fill("#hand-text", "She rings at five")
        bea.click(".form-foot button")
        emil.wait_for_selector("text=She rings at five")
        emil.wait_for_selector("#badge-tasks i >> text=2")
        emil.click(".task:has-text('Mantel in 40') .tick")
        bea.wait_for_selector(".task.is-done >> text=Mantel in 40")
        emil.wait_for_selector("#badge-tasks i >> text=1")
        emil.click(".task:has-text('Mantel in 40') .tick")
        emil.wait_for_selector("#badge-tasks i >> text=2")


def test_not_interested_is_one_tap_and_can_be_taken_back(browser, rig):
    with tablet(browser, rig, language="en") as page:
        page.goto(f"{rig.url}/customers/{MIRA}")
        live(page)
        page.click("text=Not interested")
        page.wait_for_selector("text=It will not be suggested for half a year.")
        assert page.locator(".quote").count() == 0
        page.click(".said button")
        page.wait_for_selector(".quote")


def test_a_contact_is_one_tap_and_stands_on_the_other_tablet(browser, rig):
    with (
        tablet(browser, rig, language="en") as one,
        tablet(browser, rig, language="en", device="tablet-2", staff="emil") as two,
    ):
        one.goto(f"{rig.url}/mine")
        live(one)
        one.click(".client >> text=Mira Musterfrau")
        two.goto(f"{rig.url}/customers/{MIRA}")
        live(two)
        one.click("text=I rang")
        two.wait_for_selector(".reach >> text=Last contact: Phone")
        two.click(".reach .last button")
        one.wait_for_selector(".reach .last", state="detached")
