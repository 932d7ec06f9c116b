"""Every page of the tablet, both languages, both orientations, light and dark: build/screenshots/.

Usage: .venv/bin/python scripts/screenshots.py [WORD ...]   (only shots whose name has all words)
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Literal

import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from kiosk_ui.advice.area import advice_areas
from kiosk_ui.advice.fake import sample_advice
from kiosk_ui.areas import Area
from kiosk_ui.fake_app import DEVICE_TOKEN, SESSION_TOKEN, FakeKiosk, build_fake_kiosk
from kiosk_ui.fake_cast import MIRA, crowd, offline
from kiosk_ui.fake_lines import FakeLines, sample_lines
from kiosk_ui.fake_presence import furnish
from kiosk_ui.fake_till import give_away, propose_both, stand_at_till
from kiosk_ui.lines import lines_area
from kiosk_ui.live import Hub
from kiosk_ui.model import Answered, Outcome, Progress
from kiosk_ui.picture.area import cases_area, picture_area
from kiosk_ui.picture.fake import crowded, sample_insight
from store_agent.clock import SystemClock

TARGET = Path(__file__).parent.parent / "build" / "screenshots"
MOMENT = datetime(2026, 11, 21, 13, 23, 8, tzinfo=UTC)  # 14:23 in the shop
CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
]
SAID = Answered("pickup", Outcome.SAID)
SETTLED_MS = 80  # the stream's first message has arrived and changed nothing
SIZES = {"landscape": (1280, 800), "portrait": (800, 1280), "phone": (390, 844)}


@dataclass(frozen=True)
class Mode:
    """How a tablet is held and set."""

    language: str
    size: str
    scheme: Literal["light", "dark"]

    def __str__(self) -> str:
        return f"{self.language}-{self.size}-{self.scheme}"


SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
MODES = (
    *(Mode(*mode) for mode in product(("de", "en"), ("landscape", "portrait"), SCHEMES)),
    Mode("de", "phone", "light"),
)


@dataclass(frozen=True)
class Shot:
    """One picture: where to go, what to set up before and to do there."""

    name: str
    path: str
    prepare: Callable[[FakeKiosk, str], None] = lambda kiosk, language: None
    act: Callable[[Page], None] = lambda page: None
    paired: bool = True
    signed_in: bool = True


def cut_the_line(kiosk: FakeKiosk, language: str) -> None:
    """The line has been down for a while."""
    kiosk.shop.set_status(offline(MOMENT, german=language == "de"))


def look_at(part: str) -> Callable[[Page], None]:
    """Scroll a part of the page to its top."""
    scroll = (
        "(part) => { part.closest('#panel').scrollTop += part.getBoundingClientRect().top - 70 }"
    )
    return lambda page: page.locator(part).evaluate(scroll)


def warned(page: Page) -> None:
    """A note that had better not be written."""
    page.fill("#note-text", "War lange krank und ist wieder da.")
    page.locator(".form-foot button").click()
    page.wait_for_selector("#note-warning")


def open_figures(page: Page) -> None:
    """The one deliberate tap to the value picture."""
    page.locator(".picture summary").click()
    look_at(".picture")(page)


def load(kiosk: FakeKiosk, language: str) -> None:
    """The first snapshot is being loaded."""
    kiosk.shop.set_status(
        replace(kiosk.shop.state, bootstrap=Progress(412_000, 1_000_000), profiles_as_of=None)
    )


def empty(kiosk: FakeKiosk, language: str) -> None:
    """Nobody is in the shop."""
    for rows in kiosk.shop.rows.values():
        rows.clear()


def arrive(kiosk: FakeKiosk, language: str) -> None:
    """Somebody is scanned at the door."""
    kiosk.shop.arrive("mira", lane={"de": "Eingang", "en": "Door"}[language])


def arrive_and_guest(kiosk: FakeKiosk, language: str) -> None:
    """Somebody is scanned at the door, then a pass that names nobody at this tablet."""
    arrive(kiosk, language)
    guests(kiosk, language)


def guests(kiosk: FakeKiosk, language: str) -> None:
    """Two scans that name nobody."""
    kiosk.shop.guest("outside_window", "Kasse 2")
    kiosk.shop.guest("no_consent", "Kasse 1")


def crowded_plan(kiosk: FakeKiosk, language: str) -> None:
    """More people than a zone has room for."""
    crowd(kiosk.shop, 60)
    furnish(kiosk.shop)
    for number in range(40):
        kiosk.shop.move(f"crowd-{number}", "women" if number % 3 else "men")


def claimed(kiosk: FakeKiosk, language: str) -> None:
    """A colleague is with her, in a zone the radios know."""
    furnish(kiosk.shop)
    for rows in kiosk.shop.rows.values():
        claim = next(row.claim for row in rows.values() if row.claim)
        rows["mira"] = replace(rows["mira"], claim=claim)


def manage(kiosk: FakeKiosk, language: str) -> None:
    """A manager is signed in, and the tills have given something without a right."""
    kiosk.access.sessions[SESSION_TOKEN] = ("tablet-1", "max")
    give_away(kiosk.shop)


def manage_nothing(kiosk: FakeKiosk, language: str) -> None:
    """A manager is signed in; there is nothing to check."""
    kiosk.access.sessions[SESSION_TOKEN] = ("tablet-1", "max")


def fill(text: str) -> Callable[[Page], None]:
    """Search for `text`."""

    def act(page: Page) -> None:
        page.fill("#q", text)
        page.wait_for_selector("#hits .person, #hits .none")

    return act


def sign_in_wrongly(page: Page) -> None:
    """A wrong PIN."""
    page.check("input[value=bea]", force=True)
    page.fill("#pin", "0000")
    page.click("text=/Anmelden|Sign in/ >> nth=-1")
    page.wait_for_selector("#error")


def lose_connection(page: Page) -> None:
    """The box no longer answers."""
    page.evaluate(
        "document.body.classList.add('is-lost'); document.getElementById('lost').hidden = false"
    )


SHOTS = (
    Shot("floor", "/"),
    Shot("floor-arrival", "/", arrive),
    Shot("floor-arrival-plain", "/", lambda kiosk, language: kiosk.shop.arrive("jonas")),
    Shot("floor-offline", "/", cut_the_line),
    Shot("floor-empty", "/", empty),
    Shot("floor-crowd", "/", lambda kiosk, language: crowd(kiosk.shop, 60)),
    Shot("floor-guests", "/", guests),
    Shot("floor-presence", "/", lambda kiosk, language: furnish(kiosk.shop)),
    Shot("plan", "/plan", lambda kiosk, language: furnish(kiosk.shop)),
    Shot("plan-crowd", "/plan", crowded_plan),
    Shot("plan-without-zones", "/plan"),
    Shot("customer-claimed", "/customers/mira", claimed),
    Shot("customer-at-till", "/customers/mira", lambda kiosk, language: stand_at_till(kiosk.shop)),
    Shot("customer-proposed", "/customers/mira", lambda kiosk, language: propose_both(kiosk.shop)),
    Shot("conflicts", "/conflicts", manage),
    Shot("conflicts-none", "/conflicts", manage_nothing),
    Shot("conflicts-forbidden", "/conflicts"),
    Shot("lines", "/lines", manage_nothing),
    Shot("floor-loading", "/", load),
    Shot("floor-lost", "/", cut_the_line, lose_connection),
    Shot("customer", "/customers/mira"),
    Shot("advice-clients", "/mine"),
    Shot("advice-tasks", "/tasks"),
    Shot("advice-task-new", f"/tasks/new?customer_id={MIRA}"),
    Shot("advice-hand-over", "/tasks/task-1/hand-over"),
    Shot("advice-note-new", f"/notes/new?customer_id={MIRA}"),
    Shot("advice-note-warned", f"/notes/new?customer_id={MIRA}", act=warned),
    Shot("advice-notes", f"/customers/{MIRA}", act=look_at(".notes")),
    Shot("advice-contact", f"/customers/{MIRA}", act=look_at(".reach")),
    Shot("picture-ahead", "/customers/mira", act=look_at(".ahead")),
    Shot("picture-figures", "/customers/mira", act=open_figures),
    Shot("picture-manager", "/customers/mira", manage_nothing, look_at(".picture")),
    Shot("picture-crowded", "/customers/jonas", act=look_at(".cases")),
    Shot("picture-crowded-figures", "/customers/jonas", manage_nothing, look_at(".picture")),
    Shot("article", "/articles/m-2?customer_id=mira"),
    Shot("article-unknown", "/articles/none?customer_id=mira"),
    Shot("customer-offline", "/customers/mira", cut_the_line),
    Shot("customer-said", "/customers/mira",
         lambda kiosk, language: kiosk.shop.answers.update({"visit-mira": SAID})),
    Shot("customer-plain", "/customers/jonas"),
    Shot("customer-folded", "/customers/mira", act=lambda page: page.click("[data-act=fold]")
         if page.is_visible("[data-act=fold]") else None),
    Shot("customer-long-name", "/customers/maximiliane"),
    Shot("customer-right-to-left", "/customers/layla"),
    Shot("customer-do-not-approach", "/customers/theo"),
    Shot("customer-under-16", "/customers/kim"),
    Shot("customer-not-this-person", "/customers/mira",
         act=lambda page: page.click("form[action$=not-this-person] button")),
    Shot("guest", "/?guest=expired"),
    Shot("guest-and-arrival", "/?guest=expired", arrive_and_guest),
    Shot("customer-missing", "/customers/nobody"),
    Shot("search", "/", act=fill("mu")),
    Shot("search-nobody", "/", act=fill("Xaver")),
    Shot("status", "/status"),
    Shot("status-offline", "/status", cut_the_line),
    Shot("status-loading", "/status", load),
    Shot("login", "/login", signed_in=False),
    Shot("login-wrong", "/login", act=sign_in_wrongly, signed_in=False),
    Shot("locked", "/", lambda kiosk, language: kiosk.access.sessions.clear(), signed_in=False),
    Shot("pair", "/pair", paired=False),
    Shot("offline", "/offline"),
)  # fmt: skip


@dataclass(frozen=True)
class Stage:
    """One running fake kiosk whose shop is set up anew for every picture."""

    kiosk: FakeKiosk
    url: str
    loop: asyncio.AbstractEventLoop

    def set_up(self, prepare: Callable[[FakeKiosk, str], None], language: str) -> None:
        """A fresh shop, prepared, with every former print forgotten."""

        async def run() -> None:
            fresh = build_fake_kiosk(lambda: MOMENT, SystemClock().monotonic)
            for old, new in ((self.kiosk.shop, fresh.shop), (self.kiosk.access, fresh.access)):
                for field in fields(old):
                    setattr(old, field.name, getattr(new, field.name))
            self.kiosk.shop.hub = self.kiosk.hub
            prepare(self.kiosk, language)
            self.kiosk.hub.floor_changed()
            self.kiosk.hub.all_customers_changed()
            self.kiosk.hub.status_changed()

        asyncio.run_coroutine_threadsafe(run(), self.loop).result(5)


@contextmanager
def running_stage() -> Iterator[Stage]:
    """The fake shop on loopback."""
    lines = lines_area(FakeLines(sample_lines(MOMENT)))

    def areas(hub: Hub) -> tuple[Area, ...]:
        insight = sample_insight(hub, lambda: MOMENT)
        insight.people["jonas"] = crowded(MOMENT)
        advice = sample_advice(hub, lambda: MOMENT, {MIRA: "Mira Musterfrau"})
        return (cases_area(insight), *advice_areas(advice), picture_area(insight), lines)

    kiosk = build_fake_kiosk(lambda: MOMENT, SystemClock().monotonic, areas)
    config = uvicorn.Config(kiosk.app, port=0, log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        await server.serve()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Stage(kiosk, f"http://127.0.0.1:{port}", loops[0])
    finally:
        server.should_exit = True
        thread.join(3)


def tablet(browser: Browser, mode: Mode) -> BrowserContext:
    """A tablet of that size, language and colour scheme."""
    width, height = SIZES[mode.size]
    return browser.new_context(
        viewport={"width": width, "height": height},
        locale=mode.language,
        color_scheme=mode.scheme,
        reduced_motion="reduce",
        service_workers="block",
    )


def take(stage: Stage, page: Page, shot: Shot, mode: Mode) -> None:
    """One picture of a fresh shop, at a tablet that remembers nothing."""
    stage.set_up(shot.prepare, mode.language)
    cookies = {"language": mode.language}
    if shot.paired:
        cookies["device"] = DEVICE_TOKEN
    if shot.signed_in:
        cookies["staff"] = SESSION_TOKEN
    page.context.clear_cookies()
    page.context.add_cookies(
        [{"name": name, "value": value, "url": stage.url} for name, value in cookies.items()]
    )
    page.goto(stage.url + shot.path)
    shot.act(page)
    page.wait_for_timeout(SETTLED_MS)
    page.screenshot(path=TARGET / f"{shot.name}-{mode}.png")
    page.evaluate("sessionStorage.clear()")


def main(wanted: list[str]) -> None:
    """Take all, or those whose name has all the words."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, running_stage() as stage:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        for mode in MODES:
            context = tablet(browser, mode)
            page = context.new_page()
            for shot in SHOTS:
                if all(word in f"{shot.name}-{mode}" for word in wanted):
                    take(stage, page, shot, mode)
            context.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
