"""A pass is held under a real serial scanner; two real tablets show who it is, over HTTPS."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright
from shop_process import HOST, PIN, RunningShop, running_shop

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP {HOST} 127.0.0.1",
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with running_shop(tmp_path_factory.mktemp("shop")) as running:
        yield running


@pytest.fixture(scope="module")
def browser(shop, tmp_path_factory):
    """Chromium in a home of its own that trusts the store's CA, as an enrolled tablet does."""
    home = tmp_path_factory.mktemp("home")
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    certutil = ["certutil", "-d", f"sql:{store}"]
    subprocess.run([*certutil, "-N", "--empty-password"], check=True)
    subprocess.run([*certutil, "-A", "-t", "C,,", "-n", "storeca", "-i", str(shop.ca)], check=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=ARGUMENTS, env={**os.environ, "HOME": str(home)}
        )
        yield chromium
        chromium.close()


def enrol(page: Page, shop: RunningShop, name: str) -> list[str]:
    """Pair and sign in like a person; returns the console errors that come later."""
    errors: list[str] = []
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(shop.lan_url)
    page.fill("#code", "paircode")
    page.fill("#name", name)
    page.click("form[action='/pair'] button")
    page.check("input[value='s-bea']", force=True)
    page.fill("#pin", PIN)
    page.click("form[action='/login'] button")
    page.wait_for_selector("#people")
    return errors


def named(shop: RunningShop, number: int) -> dict[str, str]:
    fine = [p for p in shop.facts["passes"] if p["kind"] in {"static", "signed"}]
    return fine[number]


def navigations(page: Page) -> int:
    return page.evaluate("performance.getEntriesByType('navigation').length")


def test_a_scan_appears_on_two_open_tablets_without_reload(shop, browser):
    one = browser.new_page(viewport={"width": 1280, "height": 800}, locale="de-DE")
    two = browser.new_page(viewport={"width": 800, "height": 1280}, locale="en-GB")
    errors = enrol(one, shop, "Schuhe") + enrol(two, shop, "Damen")
    assert one.evaluate("isSecureContext")
    assert one.evaluate("location.hostname") == HOST
    scanned = named(shop, 3)
    before = (navigations(one), navigations(two))
    shop.pull_trigger(scanned["data"])
    for page in (one, two):
        row = page.wait_for_selector(f"#people a[href*='{scanned['customer_id']}']")
        assert row.inner_text().strip()
        card = page.wait_for_selector(f"#panel [data-customer='{scanned['customer_id']}']")
        assert card.is_visible()
    assert (navigations(one), navigations(two)) == before
    for page in (one, two):
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    assert errors == []


def test_the_service_worker_registers_because_the_certificate_is_trusted(shop, browser):
    page = browser.new_page()
    enrol(page, shop, "Worker")
    assert page.evaluate("navigator.serviceWorker.ready.then(() => true)")


def test_a_scan_that_names_nobody_shows_no_name(shop, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="de-DE")
    enrol(page, shop, "Kasse")
    silent = next(p for p in shop.facts["passes"] if p["kind"] == "no_consent")
    shop.pull_trigger(silent["data"])
    page.wait_for_selector("#people >> text=Möchte nicht mit Namen angesprochen werden")
    assert silent["customer_id"] not in page.content()


def test_the_certificate_can_be_fetched_by_a_tablet_that_is_not_enrolled(shop):
    here = f"{HOST}:{shop.lan_url.rsplit(':', 1)[1]}:127.0.0.1"
    fetched = subprocess.run(
        ["curl", "-sk", "--resolve", here, f"{shop.lan_url}/ca.crt"],
        check=True,
        capture_output=True,
    )
    assert fetched.stdout == Path(shop.ca).read_bytes()
