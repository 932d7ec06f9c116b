"""What is printed for whom, and how often."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kiosk_ui.board import Board
from kiosk_ui.fake_cast import MIRA, offline, sample_shop
from kiosk_ui.live import Hub, Page, PageKind
from kiosk_ui.model import Component, ComponentState, FloorRow, PersonMark, Role, Viewer
from kiosk_ui.printer import Printer
from kiosk_ui.settings import KioskSettings
from kiosk_ui.static_files import StaticFiles

NOW = datetime(2026, 11, 21, 13, 23, 8, tzinfo=UTC)
SETTINGS = KioskSettings("Modehaus Muster", ZoneInfo("Europe/Berlin"))
FLOOR = Page(PageKind.FLOOR)


class Counting:
    """A shop that counts how often its floor is asked."""

    def __init__(self, shop):
        self.shop, self.floors = shop, 0

    def __getattr__(self, name):
        return getattr(self.shop, name)

    async def floor(self, viewer):
        self.floors += 1
        await asyncio.sleep(0)
        return await self.shop.floor(viewer)


def viewer(language="de", device="tablet-1", role=Role.ASSOCIATE):
    return Viewer(device, "Tablet", "bea", "Bea Beispiel", role, language)


def board():
    hub = Hub()
    shop = Counting(sample_shop(hub, lambda: NOW))
    return Board(shop, hub, Printer(SETTINGS, StaticFiles()), lambda: NOW), shop, hub


async def html(a_board, page, a_viewer):
    return "".join(part.inline for part in await a_board.current(page, a_viewer))


@pytest.mark.asyncio
async def test_eight_tablets_share_one_print():
    a_board, shop, _ = board()
    viewers = [viewer(device=f"tablet-{number}") for number in range(8)]
    await asyncio.gather(*(a_board.current(FLOOR, one) for one in viewers))
    assert shop.floors == 1


@pytest.mark.asyncio
async def test_another_language_or_role_is_another_print():
    a_board, shop, _ = board()
    for one in (viewer("de"), viewer("en"), viewer("de", role=Role.MANAGER)):
        await a_board.current(FLOOR, one)
    assert shop.floors == 3


@pytest.mark.asyncio
async def test_a_change_is_printed_anew():
    a_board, shop, _ = board()
    assert "Ruth Kunstname" not in await html(a_board, FLOOR, viewer())
    shop.arrive("ruth")
    assert "Ruth Kunstname" in await html(a_board, FLOOR, viewer())


@pytest.mark.asyncio
async def test_who_wants_to_be_left_alone_has_a_quiet_mark_and_no_reason():
    a_board, shop, _ = board()
    row = shop.rows["de"]["theo"]
    shop.rows["de"]["theo"] = replace(row, reason="Gutschein endet heute")
    text = await html(a_board, FLOOR, viewer())
    assert "Bitte nicht ansprechen" in text
    assert text.count("Gutschein endet heute") == 0


@pytest.mark.asyncio
async def test_a_scan_without_a_name_shows_its_reason_and_no_name():
    a_board, shop, _ = board()
    for rows in shop.rows.values():
        rows.clear()
    shop.guest("no_consent")
    text = await html(a_board, FLOOR, viewer())
    assert "Möchte nicht mit Namen angesprochen werden" in text
    assert "Musterfrau" not in text


@pytest.mark.asyncio
async def test_the_cut_line_is_said_in_words():
    a_board, shop, _ = board()
    shop.set_status(offline(NOW, german=True))
    text = await html(a_board, Page(PageKind.STATUS), viewer())
    assert "Leitung unterbrochen seit 14:02" in text
    assert "37 Ereignisse warten" in text
    assert "Kasse 2: Kabel gezogen" in text


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("state", "words"),
    [
        (ComponentState.DOWN, "Speicher voll, nichts wird gespeichert"),
        (ComponentState.DEGRADED, "Speicher fast voll"),
    ],
)
async def test_a_full_disk_is_said_on_every_page(state, words):
    a_board, shop, _ = board()
    up = offline(NOW, german=True)
    full = Component("storage", state, NOW, "the disk is full")
    shop.set_status(replace(up, components=(*up.components, full)))
    for page in (FLOOR, Page(PageKind.CUSTOMER, MIRA)):
        assert words in await html(a_board, page, viewer())


@pytest.mark.asyncio
async def test_the_customer_page_has_sentence_reason_and_ages():
    a_board, _, _ = board()
    text = await html(a_board, Page(PageKind.CUSTOMER, MIRA), viewer())
    for words in (
        "Ihr Mantel ist da.",
        "Abholung seit gestern",
        "2.340 P",
        "23,40\xa0€",
        "Stand 11:03 · 3 h alt",
        "selbst gesagt",
        "beobachtet",
        "vermutet",
    ):
        assert words in text


@pytest.mark.asyncio
@pytest.mark.parametrize(("theirs", "said_in"), [("cs", "de"), ("en", "en"), ("", "de")])
async def test_a_sentence_is_marked_with_the_language_it_is_in(theirs, said_in):
    a_board, shop, _ = board()
    shop.people["de"][MIRA] = replace(shop.people["de"][MIRA], language=theirs)
    text = await html(a_board, Page(PageKind.CUSTOMER, MIRA), viewer())
    assert f'<q lang="{said_in}"' in text


@pytest.mark.asyncio
async def test_a_customer_who_is_gone_leaves_the_page_of_others_alone():
    a_board, shop, hub = board()
    await shop.mark_not_this_person("visit-mira", viewer())
    hub.open(Page(PageKind.CUSTOMER, MIRA), viewer())
    hub.customer_changed(MIRA)
    parts = await a_board.current(Page(PageKind.CUSTOMER, MIRA), viewer())
    assert "Nicht mehr angezeigt" in parts[-1].inline
    assert "Musterfrau" not in parts[-1].inline


@pytest.mark.asyncio
async def test_whoever_was_scanned_last_is_on_the_floor_page_with_what_to_say():
    a_board, shop, _ = board()
    shop.arrive("jonas")
    shop.arrive("mira")
    arrival = (await a_board.floor(viewer()))[-1].inline
    assert 'data-customer="mira"' in arrival
    assert "Eben gescannt" in arrival
    assert "Ihr Mantel ist da." in arrival
    assert "Jonas" not in arrival


@pytest.mark.asyncio
async def test_an_open_customer_keeps_the_panel():
    a_board, shop, _ = board()
    shop.arrive("jonas")
    parts = await a_board.current(Page(PageKind.CUSTOMER, MIRA), viewer())
    assert "arrival" not in {part.id for part in parts}
    parts = await a_board.current(Page(PageKind.STATUS), viewer())
    assert "arrival" not in {part.id for part in parts}


@pytest.mark.asyncio
@pytest.mark.parametrize("leave", ["do_not_approach", "not_this_person", "nobody"])
async def test_no_card_opens_by_itself_for(leave):
    a_board, shop, _ = board()
    if leave == "do_not_approach":
        shop.arrive("theo")
    elif leave == "not_this_person":
        shop.arrive("mira")
        await shop.mark_not_this_person("visit-mira", viewer())
    arrival = (await a_board.floor(viewer()))[-1]
    assert arrival.id == "arrival"
    assert "data-customer" not in arrival.inline


@pytest.mark.asyncio
async def test_a_row_is_printed_again_only_when_it_changed():
    a_board, shop, _ = board()
    printed = []
    page = a_board._printer.page
    a_board._printer.page = lambda template, *rest, **more: (
        printed.append(template),
        page(template, *rest, **more),
    )[1]
    await a_board.floor(viewer())
    assert printed.count("fragments/person.html") == len(shop.rows["de"])
    printed.clear()
    shop.arrive("ruth")
    await a_board.floor(viewer())
    assert printed.count("fragments/person.html") == 1


@pytest.mark.asyncio
async def test_names_cannot_bring_markup():
    a_board, shop, _ = board()
    shop.rows["de"]["evil"] = FloorRow(
        "v", "evil", "<script>x</script>", NOW - timedelta(minutes=3), mark=PersonMark.NONE
    )
    assert "<script>" not in await html(a_board, FLOOR, viewer())


@pytest.mark.asyncio
async def test_a_failed_print_is_asked_again():
    a_board, shop, _ = board()
    floor, shop.shop.rows = shop.shop.rows, {}
    with pytest.raises(KeyError):
        await a_board.floor(viewer())
    shop.shop.rows = floor
    assert await a_board.floor(viewer())
