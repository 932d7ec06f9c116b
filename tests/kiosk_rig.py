"""The fake kiosk behind a real uvicorn, and a real Chromium in front of it."""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import uvicorn

from kiosk_ui.fake_app import FakeKiosk, build_fake_kiosk
from kiosk_ui.model import Device

NOW = datetime(2026, 11, 21, 13, 23, 8, tzinfo=UTC)
CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LANDSCAPE = {"width": 1280, "height": 800}
PORTRAIT = {"width": 800, "height": 1280}
PHONE = {"width": 390, "height": 844}


@dataclass
class Rig:
    """A running fake kiosk; `do` runs a change in its event loop, as the agent would."""

    kiosk: FakeKiosk
    url: str
    loop: asyncio.AbstractEventLoop

    def do(self, change: Callable[[FakeKiosk], object]) -> None:
        async def run() -> None:
            change(self.kiosk)

        asyncio.run_coroutine_threadsafe(run(), self.loop).result(5)


@contextmanager
def running_kiosk(areas=lambda hub: ()):
    kiosk = build_fake_kiosk(lambda: NOW, time.monotonic, areas)
    config = uvicorn.Config(kiosk.app, port=0, log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    loops = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        await server.serve()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    rig = Rig(kiosk, f"http://127.0.0.1:{port}", loops[0])
    try:
        yield rig
    finally:
        rig.do(lambda kiosk: kiosk.hub.close())
        server.should_exit = True
        thread.join(5)


@contextmanager
def tablet(
    browser,
    rig,
    *,
    viewport=LANDSCAPE,
    scheme="light",
    language="de",
    signed_in=True,
    device="tablet-1",
    staff="bea",
):
    """A page of a tablet; leaving asserts that nothing was written to the console."""
    context = browser.new_context(
        viewport=viewport, color_scheme=scheme, locale=language, reduced_motion="reduce"
    )
    access = rig.kiosk.access
    access.devices[f"token-of-{device}"] = Device(device, "Damen, EG")
    access.sessions[f"session-at-{device}"] = (device, staff)
    cookies = {"language": language, "device": f"token-of-{device}"}
    if signed_in:
        cookies["staff"] = f"session-at-{device}"
    context.add_cookies([{"name": k, "value": v, "url": rig.url} for k, v in cookies.items()])
    context.set_default_timeout(8000)
    page = context.new_page()
    complaints = []
    page.on(
        "console", lambda line: line.type in {"error", "warning"} and complaints.append(line.text)
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.complaints = complaints
    yield page
    context.close()
    assert complaints == [], complaints


def live(page):
    """Wait until the stream has delivered the full state."""
    page.wait_for_function("document.querySelector('#live') && window.htmx")
    page.wait_for_timeout(250)
