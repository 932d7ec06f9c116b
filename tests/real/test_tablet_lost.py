"""When the box falls silent or goes away: the tablet says so, and is right again by itself."""

import pytest
from kiosk_rig import CHROMIUM, CHROMIUM_ARGS, live, running_kiosk, tablet
from playwright.sync_api import sync_playwright

SILENCE_MS = 31_000  # more than app.js's 25 s and one of its 5 s looks
CONTROLLED = """() => navigator.serviceWorker.controller !== null || new Promise((done) =>
    navigator.serviceWorker.addEventListener('controllerchange', () => done(true)))"""
KEPT = """async () => {
    const shelves = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
    const requests = await Promise.all(shelves.map((shelf) => shelf.keys()));
    return requests.flat().map((request) => new URL(request.url).pathname);
}"""


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


def streams_of(page):
    """Every stream the page opens, as a list that grows."""
    opened = []
    page.on("request", lambda request: "/events" in request.url and opened.append(request.url))
    return opened


def test_silence_is_told_and_the_stream_rebuilt(browser, rig):
    with tablet(browser, rig) as page:
        page.clock.install()
        opened = streams_of(page)
        page.goto(rig.url)
        live(page)
        assert len(opened) == 1
        page.evaluate("""() => { window.told = [];
            new MutationObserver(() => window.told.push(document.body.className))
              .observe(document.body, {attributes: true}); }""")
        page.clock.run_for(SILENCE_MS)
        page.wait_for_timeout(500)
        assert len(opened) == 2
        assert "is-lost" in page.evaluate("window.told[0]")
        assert "is-lost" not in page.evaluate("document.body.className")
        rig.do(lambda kiosk: kiosk.shop.arrive("ruth"))
        page.wait_for_selector("#people >> text=Ruth Kunstname")


@pytest.mark.parametrize(
    "event",
    [
        "document.dispatchEvent(new Event('visibilitychange'))",
        "window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))",
    ],
    ids=["visibilitychange", "pageshow"],
)
def test_a_page_that_comes_back_asks_for_everything_again(browser, rig, event):
    with tablet(browser, rig) as page:
        opened = streams_of(page)
        page.goto(rig.url)
        live(page)
        page.evaluate(event)
        page.wait_for_timeout(300)
        assert len(opened) == 2
        rig.do(lambda kiosk: kiosk.shop.arrive("ruth"))
        page.wait_for_selector("#people >> text=Ruth Kunstname")


def test_without_the_box_a_kept_page_says_so_and_goes_on_by_itself(browser, rig):
    with tablet(browser, rig) as page:
        page.goto(rig.url + "/status")
        assert page.evaluate(CONTROLLED)
        page.context.set_offline(True)
        page.goto(rig.url + "/customers/mira")
        page.wait_for_selector("text=Die Box im Laden antwortet nicht")
        assert "Musterfrau" not in page.content()
        page.context.set_offline(False)
        page.wait_for_selector("article.customer h1 >> text=Mira Musterfrau")
        page.complaints.clear()  # the browser reports every request that failed meanwhile


def test_the_shelf_keeps_own_files_only(browser, rig):
    with tablet(browser, rig) as page:
        page.goto(rig.url + "/customers/mira")
        assert page.evaluate(CONTROLLED)
        page.reload()
        kept = page.evaluate(KEPT)
        assert kept
        assert all(path.startswith("/static/") or path == "/offline" for path in kept)
