"""Fills the platform with the sample shop, once; a restart finds the same shop again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Protocol

import orjson

from store_agent.demo.calendar import rfc3339
from store_agent.demo.place import CITY
from store_agent.demo.shop import Row, documents

# One durable transaction each. 2.5 MB of text, but some 25 MB of memory until it is written.
ROWS_PER_STEP = 5_000
_SEEDED = f"sample shop {CITY}"  # the platform's note about what it was filled with


class SeedablePlatform(Protocol):
    """What seeding needs of `sync.reference_platform.store.PlatformStore`."""

    def transaction(self) -> AbstractContextManager[object]:
        """One durable transaction; what is written inside joins it."""

    def seed(self, collection: str, items: Iterable[tuple[str, bytes]]) -> int:
        """Write many documents, given as JSON text."""

    def note(self, name: str) -> str | None:
        """A remembered setting, or None."""

    def remember(self, name: str, value: str) -> None:
        """Keep a setting across restarts."""


@dataclass(frozen=True, slots=True)
class SeededShop:
    """The arguments of `documents` with which a platform was filled."""

    seed: int
    customers: int
    at: datetime


def ensure_seeded(
    platform: SeedablePlatform,
    wanted: SeededShop,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> SeededShop:
    """Fill an empty platform with `wanted` and return it, or return what it was filled with before.

    `progress(customers_done, customers_total)` is called after every step. An interrupted filling
    starts over. Raises InvalidInput for a number of customers the shop cannot have.
    """
    note = platform.note(_SEEDED)
    if note is not None:
        return _read(note)
    done = 0
    rows = documents(wanted.seed, wanted.customers, wanted.at)
    for step in _steps(rows):
        with platform.transaction():
            for collection, items in step.items():
                platform.seed(collection, items)
        done += len(step.get("customers", ()))
        progress(done, wanted.customers)
    platform.remember(_SEEDED, _note(wanted))
    return wanted


def _steps(rows: Iterator[Row]) -> Iterator[dict[str, list[tuple[str, bytes]]]]:
    """The rows as JSON text, some thousand at a time, by collection."""
    while True:
        step: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
        for collection, key, doc in islice(rows, ROWS_PER_STEP):
            step[collection].append((key, orjson.dumps(doc)))
        if not step:
            return
        yield step


def _note(shop: SeededShop) -> str:
    fields = {"seed": shop.seed, "customers": shop.customers, "at": rfc3339(shop.at)}
    return orjson.dumps(fields).decode()


def _read(note: str) -> SeededShop:
    fields = orjson.loads(note)
    return SeededShop(fields["seed"], fields["customers"], datetime.fromisoformat(fields["at"]))
