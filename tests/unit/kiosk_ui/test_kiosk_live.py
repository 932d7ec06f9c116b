"""The hub and its streams, without a socket: what is sent, when, and how it ends."""

import asyncio
import itertools

import pytest

from kiosk_ui.errors import ShopUnavailable
from kiosk_ui.live import MAX_STREAMS_PER_DEVICE, Ending, Hub, Page, PageKind, message, messages
from kiosk_ui.model import Role, Viewer
from kiosk_ui.printer import Fragment

FLOOR = Page(PageKind.FLOOR)


def viewer(device="tablet-1"):
    return Viewer(device, "Tablet", "bea", "Bea Beispiel", Role.ASSOCIATE, "de")


def fragment(name, text):
    return Fragment(name, text, text, f"<p>{name}={text}</p>")


class Texts:
    """Fragments whose text a test sets."""

    def __init__(self, **texts):
        self.texts = texts
        self.fail = 0

    async def current(self, page, viewer):
        if self.fail:
            self.fail -= 1
            raise ShopUnavailable("busy")
        return tuple(fragment(name, text) for name, text in self.texts.items())

    def clock(self, viewer):
        return fragment("clock", "now")

    def farewell(self, ending, viewer):
        return (fragment("page", ending.value),) if ending is not Ending.STOPPED else ()


def started(texts, hub=None, page=FLOOR):
    hub = hub or Hub()
    stream = hub.open(page, viewer())
    ticks = itertools.count()
    return hub, stream, messages(stream, hub, texts, lambda: float(next(ticks)))


async def next_of(source):
    return await asyncio.wait_for(anext(source), 1)


@pytest.mark.asyncio
async def test_a_page_first_hears_everything():
    _, _, source = started(Texts(line="up", people="Mira"))
    assert await next_of(source) == "retry: 1000\n\n"
    first = await next_of(source)
    assert "line=up" in first
    assert "people=Mira" in first


@pytest.mark.asyncio
async def test_then_only_what_changed():
    texts = Texts(line="up", people="Mira")
    hub, _, source = started(texts)
    await next_of(source)
    await next_of(source)
    texts.texts["people"] = "Mira, Jonas"
    hub.floor_changed()
    second = await next_of(source)
    assert "people=Mira, Jonas" in second
    assert "line=" not in second


@pytest.mark.asyncio
async def test_a_burst_collapses_into_the_newest_state():
    texts = Texts(people="nobody")
    hub, _, source = started(texts)
    await next_of(source)
    await next_of(source)
    for number in range(500):
        texts.texts["people"] = f"number {number}"
        hub.floor_changed()
    assert "number 499" in await next_of(source)


@pytest.mark.asyncio
async def test_a_busy_agent_only_delays_the_page():
    texts = Texts(people="Mira")
    texts.fail = 1
    _, stream, source = started(texts)
    await next_of(source)
    pending = asyncio.ensure_future(anext(source))
    assert "people=Mira" in await asyncio.wait_for(pending, 3)
    assert stream.ending is None


@pytest.mark.asyncio
async def test_closing_the_hub_ends_every_stream_at_once_and_says_nothing():
    hub, _, source = started(Texts(people="Mira"))
    await next_of(source)
    await next_of(source)
    hub.close()
    with pytest.raises(StopAsyncIteration):
        await next_of(source)
    assert hub.open_streams() == 0
    assert hub.open(FLOOR, viewer()).ending is Ending.STOPPED


@pytest.mark.asyncio
async def test_a_lock_pushes_the_lock_screen_to_that_device_only():
    hub, _, source = started(Texts(people="Mira"))
    other = hub.open(FLOOR, viewer("tablet-2"))
    await next_of(source)
    await next_of(source)
    hub.lock("tablet-1")
    assert "page=locked" in await next_of(source)
    with pytest.raises(StopAsyncIteration):
        await next_of(source)
    assert other.ending is None


def test_a_device_keeps_its_newest_streams():
    hub = Hub()
    streams = [hub.open(FLOOR, viewer()) for _ in range(MAX_STREAMS_PER_DEVICE + 1)]
    assert streams[0].ending is Ending.CROWDED_OUT
    assert all(stream.ending is None for stream in streams[1:])


def test_a_change_wakes_only_pages_that_show_it():
    hub = Hub()
    floor = hub.open(FLOOR, viewer("a"))
    status = hub.open(Page(PageKind.STATUS), viewer("b"))
    mira = hub.open(Page(PageKind.CUSTOMER, "mira"), viewer("c"))
    hub.customer_changed("mira")
    assert [s.woken.is_set() for s in (floor, status, mira)] == [False, False, True]
    hub.floor_changed()
    assert [s.woken.is_set() for s in (floor, status, mira)] == [True, False, True]
    hub.status_changed()
    assert status.woken.is_set()


def test_line_breaks_in_html_are_framed():
    framed = message("state", [Fragment("a", "v", "", "<p>\nText\n</p>")])
    assert framed == "event: state\ndata: <p>\ndata: Text\ndata: </p>\n\n"
