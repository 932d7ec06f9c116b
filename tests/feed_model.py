"""A platform in memory and a shop's cache that follows it, for searching through their crossings.

The cache is the production one (`SyncCache` over the storage modules); only files, threads and the
importer's process are left out.
"""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache as cache_once
from pathlib import Path
from typing import Any

import orjson
from storage_builders import NOON, customer, in_pieces, line, snapshot_bytes

from store_agent.app.feed import SyncCache
from store_agent.clock import ManualClock
from store_agent.storage import cache, changes, importer, ledger, migrations, scope
from store_agent.storage.connection import CACHE_WRITER, Connection, open_connection
from store_agent.storage.view import View
from sync.feed import Change, ChangeOp
from sync.snapshots import SnapshotPiece

Key = tuple[str, str]


class PowerCut(Exception):
    """Nothing of the transaction is there."""


def moment(tick: int) -> str:
    return (NOON + timedelta(seconds=tick)).isoformat()


@cache_once
def empty_files() -> tuple[bytes, bytes]:
    """A ledger and a cache with their tables: made once, copied for each search."""
    made = []
    with tempfile.TemporaryDirectory() as folder:
        for name, tables in (("ledger", ledger.MIGRATIONS), ("cache", cache.MIGRATIONS)):
            path = Path(folder) / name
            connection = open_connection(path, None, CACHE_WRITER)
            migrations.apply(connection, [tables])
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            connection.close()
            made.append(path.read_bytes())
    return made[0], made[1]


@dataclass
class Platform:
    """Customers with a pass each, who of them this shop may know whole, and the log for it."""

    tick: int = 0
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    passes: dict[str, dict[str, Any]] = field(default_factory=dict)
    scope: set[str] = field(default_factory=set)
    log: list[Change] = field(default_factory=list)

    @classmethod
    def with_two(cls) -> Platform:
        """One is known whole, one as a stub; nothing has happened since."""
        platform = cls()
        platform.scope.add("a")
        platform.save("a")
        platform.save("b")
        platform.log.clear()
        return platform

    def save(self, name: str) -> None:
        """A customer is new, or has more points than before."""
        self.tick += 1
        self.people[name] = customer(name, f"N{name} Probe", points=self.tick)
        if f"p-{name}" not in self.passes:
            self.passes[f"p-{name}"] = {"id": f"p-{name}", "customer_id": name, "message": name}
            self._upsert("passes", f"p-{name}", self.passes[f"p-{name}"])
        self._tell(name)

    def move(self, name: str, *, into: bool) -> None:
        """The shop may know them whole from now on, or not any more."""
        if name in self.people and into is not (name in self.scope):
            self.tick += 1
            (self.scope.add if into else self.scope.discard)(name)
            self._tell(name)

    def delete(self, name: str) -> None:
        if name in self.people:
            self.tick += 1
            self._forget(name)
            self.log.append(Change("customers", name, ChangeOp.DELETE))
            for key in [key for key, one in self.passes.items() if one["customer_id"] == name]:
                del self.passes[key]
                self.log.append(Change("passes", key, ChangeOp.DELETE))

    def merge(self, old: str, new: str) -> None:
        if old != new and {old, new} <= self.people.keys():
            self.tick += 1
            self._forget(old)
            self.log.append(
                Change("customers", old, ChangeOp.MERGE, {"old_id": old, "new_id": new})
            )
            for key, one in self.passes.items():
                if one["customer_id"] == old:
                    self.passes[key] = one | {"customer_id": new}

    def tell_of_something_new(self) -> None:
        self._upsert("horoscopes", "aries", {"tick": self.tick})

    def view(self) -> dict[Key, dict[str, Any]]:
        """Every document as this shop should have it now."""
        documents = {("passes", key): one for key, one in self.passes.items()}
        return documents | {("customers", name): self._seen(name) for name in self.people}

    def page(self, after: int, limit: int) -> tuple[Sequence[Change], int]:
        changes = self.log[after : after + limit]
        return changes, after + len(changes)

    def snapshot(self) -> bytes:
        lines = [line(kind, doc, key) for (kind, key), doc in self.view().items()]
        return snapshot_bytes([*lines, line("horoscopes", {"id": "aries"})], str(len(self.log)))

    def look_up(self, name: str) -> tuple[Change, ...]:
        """All of one customer; from now on the feed keeps them whole here."""
        if name not in self.people:
            return ()
        self.move(name, into=True)
        found = [Change("customers", name, ChangeOp.UPSERT, self._seen(name))]
        found += [
            Change("passes", key, ChangeOp.UPSERT, one)
            for key, one in self.passes.items()
            if one["customer_id"] == name
        ]
        return tuple(found)

    def _seen(self, name: str) -> dict[str, Any]:
        whole = self.people[name]
        return whole if name in self.scope else scope.stub_of(whole)

    def _tell(self, name: str) -> None:
        self.people[name] = self.people[name] | {"as_of": moment(self.tick)}
        self._upsert("customers", name, self._seen(name))

    def _forget(self, name: str) -> None:
        del self.people[name]
        self.scope.discard(name)

    def _upsert(self, collection: str, key: str, doc: dict[str, Any]) -> None:
        self.log.append(Change(collection, key, ChangeOp.UPSERT, doc))


class FlatStorage:
    """`Storage` without threads; the n-th write to the cache may be one that never happened."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        of_ledger, of_cache = empty_files()
        self.ledger = self._open("ledger", of_ledger)
        self.cache = self._open("cache", of_cache)
        self.cut_after: int | None = None

    def _open(self, name: str, content: bytes) -> Connection:
        (self._folder / name).write_bytes(content)
        connection = open_connection(self._folder / name, None, CACHE_WRITER)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    async def read(self, work: Callable[[View], Any], *, is_long: bool = False) -> Any:
        del is_long
        return work(View(self.ledger, self.cache))

    async def write(self, work: Callable[[Connection], Any], *, is_upkeep: bool = False) -> Any:
        del is_upkeep
        return work(self.ledger)

    async def write_cache(self, work: Callable[[Connection], Any]) -> Any:
        self.cache.execute("BEGIN IMMEDIATE")
        try:
            result = work(self.cache)
            self._lose_power()
        except BaseException:
            self.cache.execute("ROLLBACK")
            raise
        self.cache.execute("COMMIT")
        return result

    def _lose_power(self) -> None:
        if self.cut_after is not None:
            self.cut_after -= 1
            if self.cut_after < 0:
                raise PowerCut

    async def import_snapshot(
        self, pieces: AsyncIterator[SnapshotPiece], progress: Callable[[int, int], None]
    ) -> str:
        data = b"".join([piece.data async for piece in pieces])
        self._number += 1
        target = self._folder / f"cache-{self._number}"
        result = importer.build(io.BytesIO(data), target, None, io.BytesIO())
        self.cache.close()
        self.cache = open_connection(target, None, CACHE_WRITER)
        progress(1, 1)
        return str(result["cursor"])

    async def forget_snapshot(self) -> None:
        return None

    def close(self) -> None:
        self.ledger.close()
        self.cache.close()


@dataclass
class Question:
    """A look-up under way."""

    mark: int
    documents: tuple[Change, ...]


class Shop:
    """The cache, and everything that is on its way to it."""

    def __init__(
        self, platform: Platform, make_cache: Callable[..., SyncCache] = SyncCache
    ) -> None:
        """Up to date with `platform`."""
        self.loop = asyncio.new_event_loop()
        self._folder = tempfile.TemporaryDirectory()
        self.storage = FlatStorage(Path(self._folder.name))
        self._make_cache = make_cache
        self.clock = ManualClock(NOON)
        self.start()
        self.streams: list[bytes] = []
        self.questions: list[Question] = []
        self.last_full: dict[str, datetime] = {}
        known = [
            changes.Change(kind, key, "upsert", doc) for (kind, key), doc in platform.view().items()
        ]
        changes.apply(self.storage.cache, known, str(len(platform.log)), NOON)

    def start(self) -> None:
        """A new process over the same files; what was under way is gone."""
        self.cache = self._make_cache(
            self.storage, self.clock, lambda _: None, self._positions, self._rights
        )
        self.questions = []

    @staticmethod
    async def _positions(_fixes: object) -> None:
        return None

    @staticmethod
    async def _rights() -> None:
        return None

    def run(self, coroutine: Any) -> Any:
        return self.loop.run_until_complete(coroutine)

    def cursor(self) -> str | None:
        return self.run(self.cache.cursor())

    def pull(self, platform: Platform, limit: int, cut_after: int | None = None) -> None:
        """Apply the next page, or lose the power at its n-th write and start again."""
        news, after = platform.page(int(self.cursor() or 0), limit)
        self.storage.cut_after = cut_after
        try:
            self.run(self.cache.apply(news, str(after)))
        except PowerCut:
            self.start()
        finally:
            self.storage.cut_after = None

    def swap_in(self, stream: bytes) -> None:
        self.run(self.cache.import_snapshot(in_pieces(stream), lambda done, total: None))
        self.last_full.clear()  # an older whole is replaced by an older whole

    def documents(self) -> dict[Key, dict[str, Any]]:
        found = {}
        for collection in ("customers", "passes"):
            for key, doc in self.storage.cache.execute(f"SELECT id, doc FROM {collection}"):
                found[collection, key] = orjson.loads(doc)
        return found

    def close(self) -> None:
        self.storage.close()
        self.loop.close()
        self._folder.cleanup()
