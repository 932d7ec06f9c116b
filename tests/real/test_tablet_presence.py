"""Plan, arrivals and claims in a real Chromium: live, steady, accessible."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from kiosk_rig import (
    CHROMIUM,
    CHROMIUM_ARGS,
    LANDSCAPE,
    PHONE,
    PORTRAIT,
    live,
    running_kiosk,
    tablet,
)
from playwright.sync_api import sync_playwright

from kiosk_ui.fake_presence import furnish

PLACE = (
    "(name) => { const c = document.querySelector(`.plan-person[aria-label^='${name}'] circle`);"
)
PLACE += " return c && [c.getAttribute('cx'), c.getAttribute('cy')].join() }"


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield chromium
        chromium.close()


@pytest.fixture
def rig():
    with running_kiosk() as rig:
        rig.do(lambda kiosk: furnish(kiosk.shop))
        yield rig


@pytest.mark.parametrize("viewport", [LANDSCAPE, PORTRAIT, PHONE])
def test_axe_finds_nothing_on_plan_and_arrivals(browser, rig, viewport):
    with tablet(browser, rig, viewport=viewport) as page:
        for path in ("/", "/plan", "/customers/mira"):
            page.goto(rig.url + path)
            results = Axe().run(page)
            assert results.violations_count == 0, f"{path}: {results.generate_report()}"
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, path


def test_somebody_who_walks_moves_on_the_plan_and_nobody_else_does(browser, rig):
    with tablet(browser, rig) as page:
        page.goto(rig.url + "/plan")
        live(page)
        before = page.evaluate(PLACE, "Mira"), page.evaluate(PLACE, "Jonas")
        rig.do(lambda kiosk: kiosk.shop.move("mira", "shoes"))
        page.wait_for_selector(".plan-person[aria-label^='Mira'][aria-label*='Schuhe']")
        assert page.evaluate(PLACE, "Mira") != before[0]
        assert page.evaluate(PLACE, "Jonas") == before[1]


def test_the_plan_does_not_shift_when_people_walk(browser, rig):
    with tablet(browser, rig) as page:
        page.goto(rig.url + "/plan")
        live(page)
        box = page.locator(".plan-map").bounding_box()
        for zone in ("men", "women", "fitting"):
            rig.do(lambda kiosk, zone=zone: kiosk.shop.move("jonas", zone))
        page.wait_for_selector(".plan-person[aria-label^='Jonas'][aria-label*='Anprobe']")
        assert page.locator(".plan-map").bounding_box() == box


def test_a_tap_on_the_plan_opens_the_card(browser, rig):
    with tablet(browser, rig) as page:
        page.goto(rig.url + "/plan")
        live(page)
        page.locator(".plan-person[aria-label^='Mira'] circle").click()
        page.wait_for_selector("article.customer")
        assert page.url.endswith("/customers/mira")


def test_a_claim_on_one_tablet_is_seen_on_the_other(browser, rig):
    with (
        tablet(browser, rig) as mine,
        tablet(browser, rig, device="tablet-2") as other,
    ):
        mine.goto(rig.url + "/customers/jonas")
        other.goto(rig.url + "/")
        live(mine)
        live(other)
        mine.click(".with-slot button")
        mine.wait_for_selector("text=/Bea Beispiel ist seit/")
        other.wait_for_selector(".person:has-text('Jonas') >> text=Bea Beispiel kümmert sich")
        mine.click("text=Abgeben")
        mine.wait_for_selector("text=Ich kümmere mich")
        other.wait_for_selector(".person:has-text('Jonas'):not(:has(.with))")


def test_a_tap_that_comes_second_shows_who_was_first_and_may_then_take_over(browser, rig):
    with (
        tablet(browser, rig) as mine,
        tablet(browser, rig, device="tablet-2") as other,
    ):
        rig.kiosk.access.sessions["session-at-tablet-2"] = ("tablet-2", "emil")
        for page in (mine, other):
            page.goto(rig.url + "/customers/jonas")
            live(page)
        unseen = {"customer_id": "jonas"}  # what the page of before the first tap sends
        claim = mine.locator(".with-slot form").get_attribute("action")
        mine.click(".with-slot button")
        mine.wait_for_selector("text=/Bea Beispiel ist seit/")
        answer = other.request.post(rig.url + claim, form=unseen, headers={"Origin": rig.url})
        assert answer.ok
        other.wait_for_selector("text=/Bea Beispiel ist seit/")
        other.click("text=Übernehmen")
        mine.wait_for_selector("text=/Emil Entwurf ist seit/")


def test_claims_work_without_the_script(browser, rig):
    with tablet(browser, rig) as page:
        page.goto(rig.url + "/customers/jonas")
        visit = page.locator(".with-slot form").get_attribute("action")
        answer = page.request.post(
            rig.url + visit, form={"customer_id": "jonas"}, headers={"Origin": rig.url}
        )
        assert answer.ok
        page.reload()
        assert page.locator("text=/Bea Beispiel ist seit/").is_visible()


def test_who_is_on_the_way_stands_first_and_an_unnamed_one_has_no_name(browser, rig):
    with tablet(browser, rig) as page:
        page.goto(rig.url + "/")
        first, second = page.locator(".comer").all()
        assert "wartet draußen" in first.inner_text()
        assert "Muster" not in first.inner_text()
        assert "in 4 Min." in second.inner_text()
        assert "Mira Musterfrau" in second.inner_text()


def test_a_shop_without_zones_says_so(browser, rig):
    rig.do(lambda kiosk: setattr(kiosk.shop, "plan", None))
    with tablet(browser, rig) as page:
        page.goto(rig.url + "/plan")
        assert page.locator("text=Für diesen Laden sind keine Zonen gezeichnet").is_visible()
