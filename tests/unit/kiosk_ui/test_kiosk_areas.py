"""Rooms of the tablet beside floor and card: a page, a section, a rail entry, live parts."""

import time
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import APIRouter

from kiosk_ui.areas import Area, Column, RailEntry
from kiosk_ui.board import Board
from kiosk_ui.fake_app import DEVICE_TOKEN, SESSION_TOKEN, build_fake_kiosk
from kiosk_ui.fake_cast import MIRA
from kiosk_ui.live import Page, PageKind
from kiosk_ui.model import Role, Viewer
from kiosk_ui.printer import Fragment
from kiosk_ui.router import AsViewer

NOW = datetime(2026, 11, 21, 13, 23, 8, tzinfo=UTC)
BEA = Viewer("tablet-1", "Tablet", "bea", "Bea Beispiel", Role.ASSOCIATE, "de")


class Clock:
    """A section that stands on every customer page."""

    name = "clock"
    column = Column.SIDE

    async def context(self, customer_id, viewer):
        return {}


async def shelf(key, viewer):
    return (Fragment("shelf", "v1", f"<p id='shelf'>{key}</p>", f"<p id='shelf'>{key}</p>"),)


def routes(kit):
    router = APIRouter()

    @router.get("/shelf")
    async def page(viewer: AsViewer):
        return await kit.pages.area(viewer, "conflicts.html", "shelf", await listed(kit), "top")

    return router


async def listed(kit):
    return await kit.pages.board.conflicts(BEA)


def area(roles=frozenset(Role)):
    rail = RailEntry("/shelf", "shop", "Shop", roles)
    return Area("shelf", routes, rail, (Clock(),), shelf)


def client(*areas):
    kiosk = build_fake_kiosk(lambda: NOW, time.monotonic, lambda hub: areas)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(kiosk.app),
        base_url="https://box.example.com",
        cookies={"__Host-device": DEVICE_TOKEN, "__Host-staff": SESSION_TOKEN},
    )


@pytest.mark.asyncio
async def test_an_area_has_its_page_its_entry_and_its_stream():
    async with client(area()) as browser:
        answer = await browser.get("/shelf")
        assert answer.status_code == 200
        assert "page=area%3Ashelf%3Atop" in answer.text
        assert '<a href="/shelf" aria-current="page">' in answer.text


@pytest.mark.asyncio
async def test_the_entry_stands_in_the_rail_of_those_it_is_for():
    async with client(area(frozenset({Role.MANAGER}))) as browser:
        assert 'href="/shelf"' not in (await browser.get("/")).text
    async with client(area()) as browser:
        assert 'href="/shelf"' in (await browser.get("/")).text


@pytest.mark.asyncio
async def test_a_section_stands_on_the_customer_page_in_its_column():
    async with client(area()) as browser:
        page = (await browser.get(f"/customers/{MIRA}")).text
        side = page.rindex('<div class="stack">')
        assert page.index("-clock", side) > side
    async with client() as browser:
        assert "-clock" not in (await browser.get(f"/customers/{MIRA}")).text


@pytest.mark.asyncio
async def test_what_is_live_in_an_area_is_asked_by_its_key():
    kiosk = build_fake_kiosk(lambda: NOW, time.monotonic)
    board = Board(kiosk.shop, kiosk.hub, printer_of(), lambda: NOW, (area(),))
    parts = await board.current(Page(PageKind.AREA, key="shelf:top"), BEA)
    assert [part.inline for part in parts if part.id == "shelf"] == ["<p id='shelf'>top</p>"]
    assert all(p.id != "shelf" for p in await board.current(Page(PageKind.AREA, key="x"), BEA))


def printer_of():
    from zoneinfo import ZoneInfo

    from kiosk_ui.printer import Printer
    from kiosk_ui.settings import KioskSettings
    from kiosk_ui.static_files import StaticFiles

    return Printer(KioskSettings("Modehaus Muster", ZoneInfo("Europe/Berlin")), StaticFiles())
