"""The goods: 30 invented models in four colours, with sizes, prices and stock in three stores."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from store_agent.demo.dice import dice
from store_agent.demo.place import CURRENCY, SISTER_STORES, STORE_ID

Document = dict[str, Any]

# Size runs; a customer's place in each run is drawn once, so that purchases fit the person.
SIZE_RUNS: dict[str, tuple[str, ...]] = {
    "top": ("XS", "S", "M", "L", "XL", "XXL"),
    "trousers.w": ("34", "36", "38", "40", "42", "44"),
    "trousers.m": ("30/32", "31/32", "32/32", "33/34", "34/34", "36/34"),
    "shoes.w": ("36", "37", "38", "39", "40", "41"),
    "shoes.m": ("41", "42", "43", "44", "45", "46"),
    "one": ("Einheitsgröße",),
}


@dataclass(frozen=True, slots=True)
class _Model:
    number: str
    title: str
    category: str
    price_minor: int
    run: str
    wearer: str  # "w", "m" or "" for everybody
    colours: tuple[str, ...]


_COLOUR_CODES = {
    "Marine": "MAR",
    "Schwarz": "SCH",
    "Creme": "CRE",
    "Salbei": "SAL",
    "Camel": "CAM",
    "Bordeaux": "BOR",
    "Grau": "GRA",
    "Weiß": "WEI",
    "Himmelblau": "HIM",
    "Rost": "ROS",
    "Denim": "DEN",
    "Tanne": "TAN",
}

# number | title | category | price in cents | size run | wearer | colours
_MODELS = """
1001|Strickjacke Merino|Strick|11990|top|w|Creme,Salbei,Marine,Bordeaux
1002|Rollkragenpullover Kaschmir|Strick|18990|top|w|Camel,Creme,Grau,Schwarz
1003|Pullover Lochmuster|Strick|7990|top|w|Himmelblau,Weiß,Rost,Salbei
1004|Troyer Wolle|Strick|12990|top|m|Marine,Grau,Tanne,Rost
1005|Pullover Rundhals|Strick|8990|top|m|Grau,Marine,Bordeaux,Camel
1101|Wollmantel Alster|Mäntel & Jacken|34990|top|w|Camel,Schwarz,Marine,Grau
1102|Steppjacke leicht|Mäntel & Jacken|15990|top|w|Salbei,Creme,Schwarz,Rost
1103|Trenchcoat Domplatz|Mäntel & Jacken|24990|top|w|Camel,Marine,Tanne,Schwarz
1104|Überjacke Cord|Mäntel & Jacken|13990|top|m|Rost,Tanne,Camel,Marine
1105|Parka Rheinwind|Mäntel & Jacken|22990|top|m|Tanne,Schwarz,Marine,Grau
1201|Bluse Seide|Blusen & Hemden|12990|top|w|Creme,Himmelblau,Schwarz,Salbei
1202|Hemdbluse Popeline|Blusen & Hemden|6990|top|w|Weiß,Himmelblau,Rost,Marine
1203|Hemd Oxford|Blusen & Hemden|6990|top|m|Weiß,Himmelblau,Salbei,Marine
1204|Hemd Flanell|Blusen & Hemden|7990|top|m|Bordeaux,Tanne,Grau,Rost
1301|Hose Marlene|Hosen|9990|trousers.w|w|Schwarz,Marine,Creme,Camel
1302|Jeans Straight|Hosen|8990|trousers.w|w|Denim,Schwarz,Weiß,Grau
1303|Chino|Hosen|7990|trousers.m|m|Camel,Marine,Tanne,Grau
1304|Jeans Tapered|Hosen|9990|trousers.m|m|Denim,Schwarz,Grau,Marine
1401|Kleid Jersey|Kleider & Röcke|10990|top|w|Marine,Bordeaux,Schwarz,Tanne
1402|Strickkleid|Kleider & Röcke|13990|top|w|Grau,Camel,Schwarz,Bordeaux
1403|Plisseerock|Kleider & Röcke|8990|trousers.w|w|Schwarz,Salbei,Rost,Marine
1501|Sneaker Leder|Schuhe|12990|shoes.w|w|Weiß,Creme,Schwarz,Salbei
1502|Chelsea-Boot|Schuhe|17990|shoes.w|w|Schwarz,Camel,Bordeaux,Marine
1503|Sneaker Leder|Schuhe|12990|shoes.m|m|Weiß,Marine,Grau,Schwarz
1504|Schnürschuh Budapester|Schuhe|21990|shoes.m|m|Schwarz,Camel,Bordeaux,Marine
1601|Schal Lammwolle|Accessoires|4990|one||Camel,Grau,Bordeaux,Marine
1602|Ledergürtel|Accessoires|5990|one||Schwarz,Camel,Marine,Bordeaux
1603|Mütze Rippstrick|Accessoires|2990|one||Rost,Grau,Marine,Creme
1604|Shopper Leder|Accessoires|19990|one|w|Camel,Schwarz,Bordeaux,Tanne
1605|Socken Dreierpack|Accessoires|1990|one||Grau,Marine,Tanne,Weiß
"""


@dataclass(frozen=True, slots=True)
class Article:
    """One product with its ready-made purchase lines, one a size. Lines are shared: never change
    them."""

    sku: str
    title: str
    category: str
    price_minor: int
    colour: str
    wearer: str
    run: str
    sizes: tuple[str, ...]
    bought: tuple[Document, ...]
    returned: tuple[Document, ...]


def articles() -> tuple[Article, ...]:
    """All 120 articles, in the order of the catalogue; the same for every seed."""
    return tuple(_article(model, colour) for model in _models() for colour in model.colours)


def product_documents(goods: tuple[Article, ...]) -> Iterator[tuple[str, Document]]:
    """Key and document of each article."""
    for article in goods:
        yield (
            article.sku,
            {
                "sku": article.sku,
                "title": f"{article.title} {article.colour}",
                "category": article.category,
                "price_minor": article.price_minor,
                "currency": CURRENCY,
                "sizes": list(article.sizes),
                "colour": article.colour,
            },
        )


def stock_documents(
    goods: tuple[Article, ...], seed: int, as_of: str
) -> Iterator[tuple[str, Document]]:
    """How many of each article and size lie here and in the sister stores; some are sold out."""
    rng = dice(seed, "stock")
    for store in (STORE_ID, *SISTER_STORES):
        for article in goods:
            for size in article.sizes:
                yield (
                    f"{store}/{article.sku}/{size}",
                    {
                        "store": store,
                        "sku": article.sku,
                        "size": size,
                        "quantity": _quantity(rng),
                        "as_of": as_of,
                    },
                )


def _quantity(rng: random.Random) -> int:
    return rng.choices((0, 1, 2, 3, 4, 6, 9), weights=(14, 18, 22, 18, 14, 9, 5))[0]


def _models() -> Iterator[_Model]:
    for row in _MODELS.strip().splitlines():
        number, title, category, price, run, wearer, colours = row.split("|")
        yield _Model(number, title, category, int(price), run, wearer, tuple(colours.split(",")))


def _article(model: _Model, colour: str) -> Article:
    sku = f"M{model.number}-{_COLOUR_CODES[colour]}"
    sizes = SIZE_RUNS[model.run]
    title = f"{model.title} {colour}"
    return Article(
        sku=sku,
        title=model.title,
        category=model.category,
        price_minor=model.price_minor,
        colour=colour,
        wearer=model.wearer,
        run=model.run,
        sizes=sizes,
        bought=tuple(_line(sku, title, model, size, 1) for size in sizes),
        returned=tuple(_line(sku, title, model, size, -1) for size in sizes),
    )


def _line(sku: str, title: str, model: _Model, size: str, quantity: int) -> Document:
    return {
        "sku": sku,
        "title": title,
        "quantity": quantity,
        "amount_minor": quantity * model.price_minor,
        "category": model.category,
        "size": size,
    }
