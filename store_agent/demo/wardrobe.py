"""What fits whom: ready-made choices of purchase lines by wearer, size and favourite category."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from store_agent.demo.assortment import SIZE_RUNS, Article

Document = dict[str, Any]

SIZES_PER_RUN = 6
WEARERS = ("w", "m")
_FAVOURITE_WEIGHT = 4  # somebody who loves knitwear buys it about half of the time


@dataclass(frozen=True, slots=True)
class Wardrobe:
    """Lines somebody may buy or bring back, index by index the same article. Never change them."""

    bought: tuple[Document, ...]
    returned: tuple[Document, ...]
    sizes: tuple[tuple[str, str], ...]  # fact label and value


def wardrobes(goods: tuple[Article, ...]) -> dict[str, tuple[tuple[Wardrobe, ...], ...]]:
    """By wearer, then by place in the size run, one wardrobe for each favourite category."""
    return {
        wearer: tuple(_of_size(goods, wearer, rank) for rank in range(SIZES_PER_RUN))
        for wearer in WEARERS
    }


def _of_size(goods: tuple[Article, ...], wearer: str, rank: int) -> tuple[Wardrobe, ...]:
    fitting = [article for article in goods if article.wearer in (wearer, "")]
    favourites = dict.fromkeys(article.category for article in fitting)
    return tuple(_wardrobe(fitting, wearer, rank, favourite) for favourite in favourites)


def _wardrobe(fitting: list[Article], wearer: str, rank: int, favourite: str) -> Wardrobe:
    weighted = [
        article
        for article in fitting
        for _ in range(_FAVOURITE_WEIGHT if article.category == favourite else 1)
    ]
    return Wardrobe(
        bought=tuple(article.bought[_place(article, rank)] for article in weighted),
        returned=tuple(article.returned[_place(article, rank)] for article in weighted),
        sizes=(
            ("size.top", SIZE_RUNS["top"][rank]),
            ("size.trousers", SIZE_RUNS[f"trousers.{wearer}"][rank]),
            ("size.shoes", SIZE_RUNS[f"shoes.{wearer}"][rank]),
        ),
    )


def _place(article: Article, rank: int) -> int:
    return min(rank, len(article.sizes) - 1)
