"""The turned tablet in a real Chromium, before the real agent: there, answered, and back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from kiosk_rig import CHROMIUM, CHROMIUM_ARGS, LANDSCAPE, PHONE, PORTRAIT
from lent_rig import lent, running_shop
from playwright.sync_api import sync_playwright
from unit.welcoming.lent_tablet import PIN

pytestmark = pytest.mark.timeout(60)
SHOTS = os.environ.get("TURNED_SHOTS")
MIN_TARGET_PX = 47.5
TOO_SMALL = """(least) => [...document.querySelectorAll('a, button, input, select')]
    .filter((e) => e.checkVisibility() && e.type !== 'hidden')
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
def rig(tmp_path):
    with running_shop(tmp_path) as rig:
        yield rig


def turn(page, rig, what="Einwilligung erfragen"):
    page.goto(rig.url + "/customers/c-1")
    page.get_by_role("button", name=what).click()
    page.wait_for_url("**/turned")


def shot(page, name):
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def fits(page, name=""):
    shot(page, name)
    assert page.evaluate(TOO_SMALL, MIN_TARGET_PX) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [LANDSCAPE, PORTRAIT, PHONE], ids=lambda v: str(v["width"]))
def test_every_state_is_accessible_and_fits(browser, rig, viewport, scheme):
    with lent(browser, rig, viewport=viewport, scheme=scheme) as page:
        name = f"{viewport['width']}-{scheme}"
        page.goto(rig.url + "/customers/c-1")
        shot(page, f"card-{name}")
        turn(page, rig)
        page.locator("label", has_text="Ja").first.click()
        fits(page, f"consent-{name}")
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
        for path in ("/turned?said=consents", "/turned/back"):
            page.goto(rig.url + path)
            fits(page, f"{path.split('/')[-1].replace('?', '-')}-{name}")
            results = Axe().run(page)
            assert results.violations_count == 0, results.generate_report()
        page.get_by_role("link", name="Zurück zu meiner Seite").click()
        page.get_by_role("button", name="Ich bin fertig").click()
        page.wait_for_selector("text=Vielen Dank")
        fits(page, f"goodbye-{name}")
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [LANDSCAPE, PORTRAIT, PHONE], ids=lambda v: str(v["width"]))
@pytest.mark.parametrize("what", ["Nach Wünschen fragen", "Zeigen, was wir", "Fragen, wie es war"])
def test_wishes_and_what_is_known_are_accessible_and_fit(browser, rig, viewport, scheme, what):
    with lent(browser, rig, viewport=viewport, scheme=scheme) as page:
        turn(page, rig, what)
        fits(page, f"{what[:6].strip()}-{viewport['width']}-{scheme}")
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()


def test_what_was_assumed_is_put_right_and_a_consent_taken_back(browser, rig):
    with lent(browser, rig) as page:
        turn(page, rig, "Zeigen, was wir")
        size = page.get_by_label("Oberteile", exact=True)
        assert size.input_value() == "L"
        size.fill("M")
        page.get_by_role("button", name="So stimmt es Oberteile").click()
        page.wait_for_selector("text=Jetzt wissen wir es besser")
        page.get_by_role("button", name="Zurücknehmen Dürfen wir Sie erkennen").click()
        page.wait_for_selector("text=Bisher: Nein, seit heute")


def test_the_way_there_and_back(browser, rig):
    with lent(browser, rig) as page:
        turn(page, rig)
        email = page.get_by_role("group", name="Dürfen wir Ihnen E-Mails schreiben?")
        assert email.get_by_role("radio", name="Ja").is_checked() is False
        email.locator("label", has_text="Ja").click()
        page.get_by_role("button", name="Meine Wahl speichern").click()
        page.wait_for_selector("text=Gespeichert")
        page.wait_for_selector("text=Bisher: Ja, seit heute")
        page.get_by_role("button", name="Ich bin fertig").click()
        page.wait_for_selector("text=Vielen Dank")
        page.get_by_role("link", name="Für das Personal").click()
        page.get_by_label("PIN").fill(PIN)
        page.get_by_role("button", name="Tablet zurückdrehen").click()
        page.wait_for_url("**/customers/c-1")


def test_neither_the_back_button_nor_an_address_leads_anywhere(browser, rig):
    with lent(browser, rig) as page:
        turn(page, rig)
        page.go_back()
        page.wait_for_url("**/turned")
        for path in (
            "/",
            "/customers/c-2",
            "/search?q=Otto",
            "/status",
            "/login",
            "/pair",
            "/plan",
        ):
            page.goto(rig.url + path)
            assert page.url == rig.url + "/turned"
            assert page.get_by_text("Otto").count() == 0
        page.reload()
        page.wait_for_selector("text=Sie entscheiden")


def test_left_alone_it_warns_and_then_shows_nothing(browser, rig):
    with lent(browser, rig) as page:
        turn(page, rig)
        rig.running.clock.advance(100)
        page.get_by_role("button", name="Ich bin noch da").click()
        page.wait_for_selector(".t-late", state="detached")
        rig.running.clock.advance(130)
        page.wait_for_selector("text=Vielen Dank")
        assert page.get_by_text("Mira").count() == 0
