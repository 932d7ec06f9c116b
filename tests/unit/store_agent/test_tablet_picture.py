"""What the tablet is told about somebody's buying, and what states and consent keep from it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from builders import STORE, customer, shop, staff

from kiosk_ui.model import Role, Viewer
from store_agent.clock import ManualClock
from store_agent.config import StoreSettings
from store_agent.storage import access_log
from store_agent.tablet.picture import TabletPicture

NOW = ManualClock().now()
VIEWER = Viewer("d-1", "Schuhe", "s-bea", "Bea Beispiel", Role.ASSOCIATE, "de")
CASE = {
    "id": "case-1",
    "kind": "complaint",
    "title": "Naht am Mantel",
    "since": (NOW - timedelta(days=3)).isoformat(),
}


def product(sku="w-1", category="Schuhe", price=9900):
    doc = {
        "sku": sku,
        "title": f"Artikel {sku}",
        "category": category,
        "price_minor": price,
        "sizes": ["38", "39"],
    }
    return "products", sku, doc


def stock(sku="w-1", store=STORE, size="39", quantity=2):
    key = f"{store}/{sku}/{size}"
    doc = {"store": store, "sku": sku, "size": size, "quantity": quantity, "as_of": NOW.isoformat()}
    return "stock", key, doc


def bought(days, sku="b-1", **fields):
    boots = {
        "sku": sku,
        "title": "Stiefel",
        "quantity": 1,
        "amount_minor": 5000,
        "category": "Schuhe",
        "size": "39",
    }
    doc = {
        "id": f"p-{days}",
        "customer_id": "c-1",
        "at": (NOW - timedelta(days=days)).isoformat(),
        "channel": "store",
        "place": "Köln",
        "total_minor": 5000,
        "lines": [boots],
    }
    return "purchases", f"p-{days}", doc | fields


def room(running) -> TabletPicture:
    store = StoreSettings(id=STORE, name="Modehaus Muster")
    return TabletPicture(running.agent.storage, store, running.clock)


def wanting(**fields):
    return customer(
        **{
            "wish_list": ["w-1", "b-1"],
            "basket": {"at": NOW.isoformat(), "lines": [_line("w-2")]},
            "viewed": ["w-1", "w-3"],
            **fields,
        }
    )


def _line(sku):
    return {"sku": sku, "title": sku, "amount_minor": 9900}


SHELF = [
    *(product(sku) for sku in ("w-1", "w-2", "w-3", "b-1")),
    stock(),
    stock("w-2", "s2"),
    stock("b-1"),
]


@pytest.mark.asyncio
async def test_wishes_say_what_lies_here_in_whose_size_and_leave_out_what_is_owned(tmp_path):
    async with shop(tmp_path, [wanting(), bought(30), *SHELF]) as running:
        found = await room(running).wishes("c-1")
        (wish,) = found.wished
        assert (wish.sku, wish.stock.here, wish.stock.size, wish.stock.in_size) == (
            "w-1",
            2,
            "39",
            True,
        )
        (left,) = found.basket
        assert (left.sku, left.stock.here, left.stock.elsewhere) == ("w-2", 0, 1)
        assert [row.sku for row in found.viewed] == ["w-3"]


@pytest.mark.asyncio
@pytest.mark.parametrize(("price", "less"), [(8900, 1000), (9900, None), (12_900, None)])
async def test_what_was_left_in_the_basket_says_that_it_has_become_cheaper(tmp_path, price, less):
    async with shop(tmp_path, [wanting(), product("w-2", price=price)]) as running:
        (left,) = (await room(running).wishes("c-1")).basket
        assert (left.cheaper and left.cheaper.amount_minor) == less


@pytest.mark.asyncio
async def test_what_comes_next_is_a_wish_that_lies_here_and_never_what_is_owned(tmp_path):
    async with shop(tmp_path, [wanting(), bought(30), *SHELF]) as running:
        found = await room(running).ahead("c-1")
        assert [(row.sku, row.reason) for row in found.articles] == [("w-1", "wished")]
        assert (found.deed.code, found.deed.reason) == ("show_article", "wished")


@pytest.mark.asyncio
async def test_while_a_case_is_open_it_comes_first_and_nothing_is_suggested(tmp_path):
    async with shop(tmp_path, [wanting(cases=[CASE]), *SHELF]) as running:
        assert [row.kind for row in await room(running).cases("c-1")] == ["complaint"]
        found = await room(running).ahead("c-1")
        assert (found.deed.code, found.articles) == ("settle_case", ())


@pytest.mark.asyncio
async def test_beside_a_gift_nothing_of_what_was_bought_or_wanted_is_told(tmp_path):
    gift = wanting(states=["gift"], cases=[CASE])
    async with shop(tmp_path, [gift, bought(30), bought(60), bought(90), *SHELF]) as running:
        rows = room(running)
        assert (await rows.wishes("c-1")).wished == ()
        assert await rows.picture("c-1") is None
        assert await rows.timeline("c-1") == ()
        assert (await rows.ahead("c-1")).articles == ()
        assert (await rows.cases("c-1"))[0].title == ""
        assert not (await rows.article("b-1", "c-1", VIEWER)).owned


@pytest.mark.asyncio
@pytest.mark.parametrize("state", ["under_16", "do_not_approach", "colleague"])
async def test_nothing_is_sold_to_whom_nothing_may_be_sold(tmp_path, state):
    async with shop(tmp_path, [wanting(states=[state]), *SHELF]) as running:
        found = await room(running).ahead("c-1")
        assert (found.deed, found.articles) == (None, ())


@pytest.mark.asyncio
async def test_the_picture_is_worked_out_from_the_purchases_here(tmp_path):
    past = [bought(90), bought(60), bought(30)]
    async with shop(tmp_path, [customer(), *past]) as running:
        found = await room(running).picture("c-1")
        assert (found.lifetime.amount_minor, found.orders, found.rhythm.usual_days) == (
            15_000,
            3,
            30,
        )
        assert (found.bands, found.is_learned, found.drift) == (None, False, "as_usual")
    async with shop(tmp_path / "none", [customer()]) as running:
        assert await room(running).picture("c-1") is None


@pytest.mark.asyncio
async def test_the_timeline_has_purchases_contacts_and_visits_but_no_presents(tmp_path):
    touched = customer(
        last_touch=[{"channel": "email", "at": (NOW - timedelta(days=9)).isoformat()}]
    )
    past = [bought(30), bought(60, gift=True)]
    async with shop(tmp_path, [touched, *past]) as running:
        found = await room(running).timeline("c-1")
        assert [(row.what, row.channel) for row in found] == [
            ("contact", "email"),
            ("bought", "store"),
        ]


@pytest.mark.asyncio
async def test_an_articles_sheet_shows_sizes_stores_and_what_could_stand_in(tmp_path):
    shelf = [*SHELF, product("w-9"), stock("w-9"), product("w-8"), stock("w-8", size="38")]
    async with shop(tmp_path, [wanting(), bought(30), *shelf]) as running:
        sheet = await room(running).article("w-2", "c-1", VIEWER)
        assert [(row.size, row.here, row.elsewhere, row.is_own) for row in sheet.sizes] == [
            ("38", 0, 0, False),
            ("39", 0, 1, True),
        ]
        assert {row.sku for row in sheet.alternatives} == {"w-1", "w-9"}
        seen = await running.agent.storage.read(lambda v: access_log.of_customer(v.ledger, "c-1"))
        assert [entry.action for entry in seen] == ["article"]
        nobody = await room(running).article("w-2", "", VIEWER)
        assert (nobody.customer, nobody.article.stock.size) == ("", "")
        with pytest.raises(LookupError):
            await room(running).article("none", "c-1", VIEWER)


@pytest.mark.asyncio
async def test_of_somebody_who_may_not_be_named_nothing_is_told(tmp_path):
    async with shop(tmp_path, [wanting(consents=[]), *SHELF]) as running:
        rows = room(running)
        for ask in (rows.cases, rows.wishes, rows.ahead, rows.picture, rows.timeline):
            with pytest.raises(LookupError):
                await ask("c-1")
        with pytest.raises(LookupError):
            await rows.article("w-1", "c-1", VIEWER)


@pytest.mark.asyncio
async def test_the_real_tablet_prints_it_all_and_leads_to_an_article(tmp_path):
    past = [bought(90), bought(60), bought(30)]
    async with shop(tmp_path, [wanting(), staff(), *past, *SHELF]) as running:
        await running.agent.access.set_pin("s-bea", "123456")
        client, own = running.client, {"Origin": "http://127.0.0.1"}
        assert (await client.get("/articles/w-1")).status_code != 200
        await client.post("/pair", data={"code": "paircode", "name": "Schuhe"}, headers=own)
        await client.post("/login", data={"staff_id": "s-bea", "pin": "123456"}, headers=own)
        page = (await client.get("/customers/c-1")).text
        for words in ("Wertbild", "Zahlen zeigen", "Wunschliste", "Kontakte und Besuche"):
            assert words in page
        assert "/articles/w-1?customer_id=c-1" in page
        assert "Artikel w-1" in (await client.get("/articles/w-1?customer_id=c-1")).text
        assert (await client.get("/articles/gone?customer_id=c-1")).status_code == 404
