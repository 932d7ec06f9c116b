"""A customer by id, and the search for the beginning of a name, as a door of the agent waits."""

from __future__ import annotations

import itertools
import time
from collections.abc import Awaitable, Callable, Iterable
from random import Random

from store_agent import app
from store_agent.clock import SystemClock
from store_agent.storage import Storage, customers
from tests.bench.places import MANY_CUSTOMERS
from tests.bench.report import Result, at_most, percentile
from tests.bench.shop import Shopper, sample_shop, shoppers

ROUNDS = 3  # absolute rows count the best of three
LOOKUPS = 2000
WARM_UP = 200
BY_ID_BUDGET_MS, SEARCH_BUDGET_MS = 1.0, 5.0
TAIL = 0.99
MIN_LETTERS, MAX_LETTERS = 2, 6  # how much of a name has been typed when the search is asked
HITS = 20  # what the tablet asks for
MS = 1000.0


async def measure() -> list[Result]:
    """p99 of each, in milliseconds."""
    made = await sample_shop(MANY_CUSTOMERS)
    wanted = LOOKUPS + WARM_UP
    some = list(itertools.islice(shoppers(made, max(1, made.customers // (3 * wanted))), wanted))
    Random(1).shuffle(some)
    storage = app.open_files(made.settings(), SystemClock())
    try:
        by_id = await _best(lambda: (_by_id(storage, one) for one in some))
        dice = Random(2)
        typed = [_typed(one, dice) for one in some]
        search = await _best(lambda: (_search(storage, text) for text in typed))
    finally:
        await storage.close()
    note = f"{made.customers:,} customers, {LOOKUPS} different ones a round, best of {ROUNDS}"
    return [
        at_most("customer_by_id.p99", "ms", by_id, BY_ID_BUDGET_MS, note),
        at_most("search.p99", "ms", search, SEARCH_BUDGET_MS),
    ]


def _typed(one: Shopper, dice: Random) -> str:
    """The beginning of a name; every fourth time both names."""
    letters = dice.randint(MIN_LETTERS, MAX_LETTERS)
    name = dice.choice((one.first_name, one.last_name, one.last_name))
    both = dice.random() < 0.25
    return f"{one.first_name} {one.last_name[:letters]}" if both else name[:letters]


async def _by_id(storage: Storage, one: Shopper) -> None:
    found = await storage.read(lambda view: customers.get(view.cache, one.customer_id))
    if found is None:
        raise RuntimeError(f"{one.customer_id} is not in the cache")


async def _search(storage: Storage, text: str) -> None:
    found = await storage.read(lambda view: customers.search(view.cache, text, HITS))
    if not found:
        raise RuntimeError(f"nobody begins with {text!r}")


async def _best(round_of: Callable[[], Iterable[Awaitable[None]]]) -> float:
    return min([await _tail(round_of()) for _ in range(ROUNDS)])


async def _tail(lookups: Iterable[Awaitable[None]]) -> float:
    times = []
    for number, lookup in enumerate(lookups):
        began = time.perf_counter()
        await lookup
        if number >= WARM_UP:
            times.append((time.perf_counter() - began) * MS)
    return percentile(times, TAIL)
