"""The small charts, the sections and the sheet: what is printed for whom."""

import time
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk_ui.fake_app import DEVICE_TOKEN, SESSION_TOKEN, build_fake_kiosk
from kiosk_ui.fake_cast import MIRA
from kiosk_ui.model import Channel, CustomerPage, Money, PurchaseRow
from kiosk_ui.picture import charts
from kiosk_ui.picture.area import cases_area, picture_area
from kiosk_ui.picture.fake import crowded, sample_insight
from kiosk_ui.picture.model import Forecast
from kiosk_ui.printer import Printer
from kiosk_ui.settings import KioskSettings
from kiosk_ui.static_files import StaticFiles

NOW = datetime(2026, 11, 21, 13, 23, 8, tzinfo=UTC)
DAYS = st.dates(date(2024, 1, 1), date(2028, 1, 1))


def client(insights=None, staff=""):
    found = [] if insights is None else insights

    def areas(hub):
        found.append(sample_insight(hub, lambda: NOW))
        return (cases_area(found[0]), picture_area(found[0]))

    kiosk = build_fake_kiosk(lambda: NOW, time.monotonic, areas)
    if staff:
        kiosk.access.sessions[SESSION_TOKEN] = ("tablet-1", staff)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(kiosk.app),
        base_url="https://box.example.com",
        cookies={
            "__Host-device": DEVICE_TOKEN,
            "__Host-staff": SESSION_TOKEN,
            "__Host-language": "en",
        },
        headers={"Accept-Language": "en"},
    )


@pytest.mark.asyncio
async def test_figures_are_one_deliberate_tap_away_for_all_but_managers():
    for staff, is_behind in (("", True), ("max", False)):
        async with client(staff=staff) as browser:
            page = (await browser.get(f"/customers/{MIRA}")).text
            section = page[page.index("Value picture") :]
            assert "€3,124.80" in section
            before = section[: section.index("€3,124.80")]
            assert ("<details>" in before) is is_behind


@pytest.mark.asyncio
async def test_who_has_nothing_to_show_has_empty_places_for_a_later_push():
    async with client() as browser:
        page = (await browser.get("/customers/selin")).text
        for name in ("cases", "ahead", "wishes", "timeline", "picture"):
            assert f'class="card {name}"' in page
        assert page.count(" hidden>") >= 5
        assert "Value picture" not in page


@pytest.mark.asyncio
async def test_an_article_has_a_sheet_and_an_unknown_one_none():
    async with client() as browser:
        sheet = (await browser.get("/articles/m-2", params={"customer_id": MIRA})).text
        assert "Chelsea Boots, camel" in sheet
        assert f'href="/customers/{MIRA}"' in sheet
        unknown = await browser.get("/articles/none", params={"customer_id": MIRA})
        assert unknown.status_code == 404
        assert f'href="/customers/{MIRA}"' in unknown.text


@pytest.mark.asyncio
async def test_a_crowd_of_wishes_is_folded():
    insights = []
    async with client(insights) as browser:
        insights[0].people["jonas"] = crowded(NOW)
        page = (await browser.get("/customers/jonas")).text
        assert "Show all 12" in page


def test_fifty_purchases_are_folded_and_lead_to_their_articles():
    page = bought_many(50)
    assert "Show all 50" in page
    before = page[: page.index("<details>")]
    assert before.count('class="buy article') == 5
    assert 'href="/articles/m-7?customer_id=mira"' in page


def bought_many(count):
    printer = Printer(KioskSettings("Modehaus Muster", ZoneInfo("Europe/Berlin")), StaticFiles())
    rows = tuple(
        PurchaseRow(f"Boots {n}", NOW, Channel.STORE, "Köln", Money(9900), sku=f"m-{n}")
        for n in range(count)
    )
    page = CustomerPage("mira", "Mira Musterfrau", NOW, purchases=rows)
    return printer.fragment("bought.html", "bought", "en", NOW, c=page).inline


@given(st.lists(st.integers(-50_000, 500_000), max_size=15))
def test_a_line_never_leaves_its_drawing(amounts):
    line = charts.spark(tuple(amounts))
    assert (line is None) == (len(amounts) < 2)
    for point in line.points.split() if line else ():
        x, y = map(int, point.split(","))
        assert 0 <= x <= charts.WIDTH
        assert 0 <= y <= charts.HEIGHT


@given(DAYS, DAYS, DAYS, DAYS)
def test_the_expected_days_lie_on_the_line(one, two, last, today):
    found = charts.window(Forecast(min(one, two), min(one, two), max(one, two)), last, today)
    assert 0 <= found.start <= 100
    assert 2 <= found.width <= 100
    assert 0 <= found.today <= 100


def test_a_forecast_is_drawn_between_the_last_purchase_and_its_latest_day():
    expected = Forecast(date(2026, 11, 21), date(2026, 11, 16), date(2026, 12, 1))
    assert charts.window(expected, date(2026, 11, 1), date(2026, 11, 4)) == charts.Window(
        50, 50, 10
    )
