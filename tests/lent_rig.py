"""The real agent behind a real uvicorn, for pages that only its own rules make what they are."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager

import uvicorn
from builders import shop
from kiosk_rig import LANDSCAPE
from unit.welcoming.lent_tablet import PEOPLE, tablet


class Rig:
    """A running shop; `advance` moves its clock."""

    def __init__(self, running, loop, url):
        self.running = running
        self.loop = loop
        self.url = url

    def do(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(20)


@contextmanager
def running_shop(folder, people=PEOPLE):
    ready, rigs, stop = threading.Event(), [], asyncio.Event()

    async def serve():
        async with shop(folder, people) as running:
            config = uvicorn.Config(
                running.agent.web, port=0, log_level="warning", timeout_graceful_shutdown=1
            )
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve())
            while not server.started:
                await asyncio.sleep(0.01)
            port = server.servers[0].sockets[0].getsockname()[1]
            rigs.append(Rig(running, asyncio.get_running_loop(), f"http://127.0.0.1:{port}"))
            ready.set()
            await stop.wait()
            running.agent.hub.close()
            server.should_exit = True
            await serving

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield rigs[0]
    finally:
        rigs[0].loop.call_soon_threadsafe(stop.set)
        thread.join(10)


@contextmanager
def lent(browser, rig, *, viewport=LANDSCAPE, scheme="light", language="de"):
    """A page of a paired tablet at which Bea works; leaving asserts a clean console."""
    one = rig.do(tablet(rig.running))
    context = browser.new_context(
        viewport=viewport, color_scheme=scheme, locale=language, reduced_motion="reduce"
    )
    cookies = one.cookies | {"language": language}
    context.add_cookies([{"name": k, "value": v, "url": rig.url} for k, v in cookies.items()])
    context.set_default_timeout(8000)
    page = context.new_page()
    complaints = []
    page.on("console", lambda m: m.type in {"error", "warning"} and complaints.append(m.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == [], complaints
