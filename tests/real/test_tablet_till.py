"""From one tap at a tablet to the till's answer, and what managers check: the real agent, Chromium.

The till is its HTTP hook; agent and clock are in this process, so nothing waits for real minutes.
"""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from builders import STORE, Shop, bearer, customer, offer, shop, staff, wallet_pass
from kiosk_rig import CHROMIUM, CHROMIUM_ARGS, LANDSCAPE, PHONE, PORTRAIT, running_kiosk, tablet
from playwright.sync_api import sync_playwright

from kiosk_ui.fake_till import give_away, propose_both, stand_at_till

PIN = "135790"
VOUCHER = {
    "id": "v-1",
    "customer_id": "c-1",
    "title": {"de": "10 € ab 50 €", "en": "€10 off from €50"},
    "benefit": {"kind": "amount", "value": 1000},
    "min_basket_minor": 5000,
    "owner_store": STORE,
}
KNOWN = [
    customer(),
    wallet_pass(),
    ("vouchers", "v-1", VOUCHER),
    offer(),
    staff(),
    staff("s-max", "Max Muster", "manager"),
]
TITLES = "#panel .offers .offer-title"


@dataclass
class Counter:
    """A shop on loopback and its till."""

    url: str
    running: Shop
    loop: asyncio.AbstractEventLoop
    sales: int = 0

    def till(self, path, body, method="POST"):
        self.sales += 1
        headers = bearer("till") | {"Idempotency-Key": f'"k-{self.sales}"'}
        answer = httpx.request(method, f"{self.url}/pos/v1/{path}", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def evaluate(self, price, revision=1):
        body = {
            "revision": revision,
            "currency": "EUR",
            "customer_ref": "c-1",
            "lines": [{"line_id": "1", "sku": "A", "qty": "1", "unit_price": price}],
        }
        return self.till("baskets/txn-1/evaluate", body)

    def sell(self, txn_id):
        """A sale that claims the voucher."""
        body = {
            "currency": "EUR",
            "customer_ref": "c-1",
            "lines": [{"line_id": "1", "sku": "A", "qty": "1", "unit_price": 6000}],
            "receipt": {"number": txn_id, "business_date": "2026-11-21", "till": "", "seq": 1},
            "totals": {"gross": 5000},
            "applied": [{"offer_id": "v-1", "amount": 1000}],
            "tenders": [{"kind": "card", "amount": 5000}],
        }
        return self.till(f"baskets/{txn_id}/commit", body)


@contextmanager
def running_counter(folder):
    """The agent of a small shop in a thread with an event loop of its own."""
    made, server = [], []

    async def serve() -> None:
        async with shop(folder, KNOWN) as running:
            for member in ("s-bea", "s-max"):
                await running.agent.access.set_pin(member, PIN)
            config = uvicorn.Config(
                running.agent.web, port=0, log_level="warning", timeout_graceful_shutdown=1
            )
            server.append(uvicorn.Server(config))
            made.append((running, asyncio.get_running_loop()))
            await server[0].serve()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    while not (server and server[0].started):
        time.sleep(0.01)
    running, loop = made[0]
    port = server[0].servers[0].sockets[0].getsockname()[1]
    try:
        yield Counter(f"http://127.0.0.1:{port}", running, loop)
    finally:
        loop.call_soon_threadsafe(running.agent.hub.close)
        server[0].should_exit = True
        thread.join(10)


@pytest.fixture
def counter(tmp_path):
    with running_counter(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield chromium
        chromium.close()


@contextmanager
def signed_in(browser, counter, who="s-bea", **how):
    """A tablet paired and signed in by hand."""
    context = browser.new_context(viewport=LANDSCAPE, locale="de", **how)
    context.set_default_timeout(8000)
    page = context.new_page()
    page.goto(counter.url)
    page.fill("#code", "paircode")
    page.fill("#name", "Damen")
    page.click("form[action='/pair'] button")
    page.check(f"input[value='{who}']", force=True)
    page.fill("#pin", PIN)
    page.click("form[action='/login'] button")
    page.wait_for_selector("#people")
    yield page
    context.close()


def test_a_tap_offers_a_voucher_to_the_till_and_the_card_shows_its_answer(browser, counter):
    with signed_in(browser, counter) as page:
        page.goto(f"{counter.url}/customers/c-1")
        page.wait_for_function("window.htmx")
        page.wait_for_timeout(250)
        counter.evaluate(3000)
        page.wait_for_selector("text=Warenkorb an Kasse 0")
        page.wait_for_selector("text=Jetzt nicht: Dafür fehlen im Warenkorb noch 20,00 EUR.")
        counter.evaluate(6000, revision=2)
        page.wait_for_selector(".offer:has-text('10 € ab 50 €') >> text=\N{MINUS SIGN}10,00 €")
        page.wait_for_timeout(350)  # the first moment belongs to a finger that aimed elsewhere
        page.click(".offer:has-text('10 € ab 50 €') >> button")
        page.wait_for_selector("text=Noch keine Antwort")
        (proposed,) = counter.evaluate(6000, revision=2)["messages"]
        assert proposed["text"] == "Aus der Beratung: bitte „10 € ab 50 €“ anwenden?"
        counter.till(f"proposals/{proposed['proposal_id']}", {"accepted": True, "total": 5000})
        page.wait_for_selector("text=Kasse 0 hat es angenommen. Warenkorb jetzt 50,00 €.")
        assert page.evaluate("performance.getEntriesByType('navigation').length") == 1


def test_a_decline_can_be_asked_again_and_the_end_of_the_sale_ends_it(browser, counter):
    counter.evaluate(6000)
    with signed_in(browser, counter) as page:
        page.goto(f"{counter.url}/customers/c-1")
        page.wait_for_function("window.htmx")
        page.wait_for_timeout(250)
        page.click(".offer:has-text('10 € ab 50 €') >> text=Kasse 0 anbieten")
        page.wait_for_selector("text=Noch keine Antwort")
        (proposed,) = counter.till("proposals", None, "GET")["proposals"]
        counter.till(f"proposals/{proposed['proposal_id']}", {"accepted": False})
        page.wait_for_selector("text=Kasse 0 hat abgelehnt.")
        page.wait_for_timeout(350)
        page.click("text=Noch einmal Kasse 0 anbieten")
        page.wait_for_selector("text=Noch keine Antwort")
        counter.till("baskets/txn-1/void", {"reason": "cancelled"})
        page.wait_for_selector("text=Kasse 0 hat nicht geantwortet.")
        assert not page.is_visible("text=anbieten")


def test_a_manager_is_told_what_was_given_without_a_right(browser, counter):
    with signed_in(browser, counter, "s-max") as page:
        page.wait_for_function("window.htmx")
        page.wait_for_timeout(250)
        assert not page.is_visible(".to-check i")
        assert counter.sell("txn-1")["status"] != "conflict"
        assert counter.sell("txn-2")["status"] == "conflict"
        page.wait_for_selector(".to-check i >> text=1")
        page.click("nav >> text=Prüfen")
        page.wait_for_selector(".gave:has-text('10 € ab 50 €') >> text=10,00 €")
        assert "Dieser Gutschein wurde schon eingelöst." in page.inner_text(".gave")
        assert "Musterfrau" not in page.inner_text("#page")
        page.click(".gave >> text=Gesehen")
        page.wait_for_selector("text=Nichts zu prüfen")
        page.wait_for_selector(".to-check i", state="detached")


def test_an_associate_sees_neither_the_list_nor_its_number(browser, counter):
    counter.sell("txn-1")
    counter.sell("txn-2")
    with signed_in(browser, counter) as page:
        assert page.locator("a[href='/conflicts']").count() == 0
        answer = page.goto(f"{counter.url}/conflicts")
        assert answer.status == 403
        assert page.is_visible("h1 >> text=Für die Filialleitung")
        assert "10 € ab 50 €" not in page.content()
        origin = {"Origin": counter.url}
        seen = page.request.post(f"{counter.url}/conflicts/x/seen", headers=origin)
        assert seen.status == 403


TOO_SMALL = """() =>
  [...document.querySelectorAll('a, button, input:not([type=hidden])')]
    .filter((e) => e.checkVisibility() && !e.classList.contains('skip'))
    .map((e) => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
    .filter(([, r]) => r.width < 47.5 || r.height < 47.5)
    .map(([html, r]) => `${html} ${r.width}x${r.height}`)"""


@pytest.mark.parametrize("viewport", [LANDSCAPE, PORTRAIT, PHONE], ids=str)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["de", "en"])
def test_cards_and_conflicts_are_accessible_and_large_enough(browser, viewport, scheme, language):
    with running_kiosk() as rig:
        rig.do(lambda kiosk: give_away(kiosk.shop))
        with tablet(browser, rig, viewport=viewport, scheme=scheme, language=language) as page:
            for stage in (stand_at_till, propose_both):
                rig.do(lambda kiosk, stage=stage: stage(kiosk.shop))
                check(page, f"{rig.url}/customers/mira")
            rig.kiosk.access.sessions["session-at-tablet-1"] = ("tablet-1", "max")
            check(page, f"{rig.url}/conflicts")


def check(page, url):
    page.goto(url)
    results = Axe().run(page)
    assert results.violations_count == 0, f"{url}: {results.generate_report()}"
    assert page.evaluate(TOO_SMALL) == [], url
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, url


def test_what_gives_something_comes_first(browser):
    with running_kiosk() as rig, tablet(browser, rig) as page:
        rig.do(lambda kiosk: stand_at_till(kiosk.shop))
        page.goto(f"{rig.url}/customers/mira")
        titles = page.locator(TITLES).all_inner_texts()
        assert titles == ["10 € Gutschein", "Doppelte Punkte", "20 % auf Accessoires"]


def test_a_button_that_slid_under_a_finger_offers_nothing(browser):
    with running_kiosk() as rig, tablet(browser, rig) as page:
        page.goto(f"{rig.url}/customers/mira")
        page.wait_for_function("window.htmx")
        page.wait_for_timeout(250)
        page.evaluate("""() => new MutationObserver(() => document.querySelector(
            '.offers form button')?.click())
            .observe(document.body, {childList: true, subtree: true})""")
        rig.do(lambda kiosk: stand_at_till(kiosk.shop))
        page.wait_for_selector(".offers form button")
        page.wait_for_timeout(200)
        assert rig.kiosk.shop.proposals == {}
