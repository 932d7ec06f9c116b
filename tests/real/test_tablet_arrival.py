"""Whoever was scanned last, in a real Chromium: seen at once, without moving what is there."""

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

RUTH = "#panel [data-customer=ruth]"


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield chromium
        chromium.close()


@pytest.fixture
def rig():
    with running_kiosk() as rig:
        yield rig


def at_rest(page, rig):
    page.goto(rig.url)
    live(page)


def test_a_scan_opens_its_card_on_two_tablets_without_reload(browser, rig):
    with tablet(browser, rig) as one, tablet(browser, rig, viewport=PORTRAIT) as two:
        for page in (one, two):
            at_rest(page, rig)
        rig.do(lambda kiosk: kiosk.shop.arrive("ruth", lane="Kasse 2"))
        for page in (one, two):
            assert page.wait_for_selector(RUTH).is_visible()
            assert "Ruth Kunstname" in page.inner_text(RUTH)
            assert page.inner_text("#news") == "Eben gescannt: Ruth Kunstname"
            assert page.evaluate("performance.getEntriesByType('navigation').length") == 1
        assert one.is_visible(f"{RUTH} .glance")
        assert not two.is_visible(f"{RUTH} .glance")


@pytest.mark.parametrize("viewport", [LANDSCAPE, PORTRAIT, PHONE], ids=str)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_card(browser, rig, viewport, scheme):
    rig.do(lambda kiosk: kiosk.shop.arrive("mira"))
    with tablet(browser, rig, viewport=viewport, scheme=scheme) as page:
        at_rest(page, rig)
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("viewport", [LANDSCAPE, PORTRAIT, PHONE], ids=str)
def test_an_arrival_moves_neither_list_nor_focus(browser, rig, viewport):
    with tablet(browser, rig, viewport=viewport) as page:
        at_rest(page, rig)
        page.fill("#q", "Sel")
        page.wait_for_selector("#hits .person")
        before = page.locator("#hits .person").first.bounding_box()
        rig.do(lambda kiosk: kiosk.shop.arrive("ruth"))
        page.wait_for_selector(RUTH)
        assert page.locator("#hits .person").first.bounding_box() == before
        assert page.evaluate("document.activeElement.id") == "q"


def test_the_next_arrival_takes_the_place_of_the_last(browser, rig):
    with tablet(browser, rig) as page:
        at_rest(page, rig)
        rig.do(lambda kiosk: kiosk.shop.arrive("ruth"))
        page.wait_for_selector(RUTH)
        page.focus("#arrival-open")
        rig.do(lambda kiosk: kiosk.shop.arrive("mira"))
        page.wait_for_selector("#panel [data-customer=mira]")
        assert page.locator("[data-customer]").count() == 1
        assert page.evaluate("document.activeElement.id") == "arrival-open"


@pytest.mark.parametrize("viewport", [LANDSCAPE, PORTRAIT], ids=str)
def test_one_tap_opens_the_whole_page(browser, rig, viewport):
    with tablet(browser, rig, viewport=viewport) as page:
        at_rest(page, rig)
        rig.do(lambda kiosk: kiosk.shop.arrive("ruth"))
        page.wait_for_selector(RUTH)
        page.wait_for_timeout(350)  # the first moment belongs to a finger that aimed elsewhere
        page.click(f"{RUTH} >> text=Öffnen >> visible=true")
        page.wait_for_selector("article.customer h1 >> text=Ruth Kunstname")
        assert page.url.endswith("/customers/ruth")
        rig.do(lambda kiosk: kiosk.shop.arrive("mira"))
        page.wait_for_timeout(300)
        assert page.locator("[data-customer]").count() == 0


def test_a_tap_aimed_at_the_list_does_not_open_a_card_that_slid_under_it(browser, rig):
    with tablet(browser, rig, viewport=PORTRAIT) as page:
        at_rest(page, rig)
        page.evaluate("""() => new MutationObserver(() => document.querySelector(
            '#arrival-strip')?.click()).observe(document.body, {childList: true, subtree: true})""")
        rig.do(lambda kiosk: kiosk.shop.arrive("ruth"))
        page.wait_for_selector(RUTH)
        page.wait_for_timeout(200)
        assert page.url == rig.url + "/"


def test_who_wants_to_be_left_alone_opens_no_card(browser, rig):
    with tablet(browser, rig) as page:
        at_rest(page, rig)
        rig.do(lambda kiosk: kiosk.shop.arrive("theo"))
        page.wait_for_selector(".person[href='/customers/theo'] >> text=eben")
        assert page.locator("[data-customer]").count() == 0
        assert page.is_visible("text=Pass scannen oder Namen antippen")


def test_said_works_on_the_card_too(browser, rig):
    with tablet(browser, rig) as page:
        at_rest(page, rig)
        rig.do(lambda kiosk: kiosk.shop.arrive("mira"))
        page.wait_for_selector("#panel [data-customer=mira]")
        page.wait_for_timeout(350)
        page.click("text=Gesagt")
        page.wait_for_selector("text=Heute wird nichts weiter vorgeschlagen")
        assert rig.kiosk.shop.said == {"visit-mira"}
