"""The cache as sync sees it: pages, look-ups and snapshots that cross each other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import customer, shop, wallet_pass

from store_agent.app.feed import LOOKED_UP_KEPT, SyncCache
from store_agent.domain.greeting import Visit
from store_agent.storage import View, customers, scope, spool, visits
from store_agent.storage.spool import Spool
from sync.errors import TransportError
from sync.feed import Change, ChangeOp
from sync.snapshots import SnapshotPiece, SnapshotPosition


class Shelf:
    """A running shop and the cache that sync fills in it."""

    def __init__(self, running: Any) -> None:
        self.running = running
        self.storage = running.agent.storage
        self.changed: list[frozenset[str] | None] = []
        self.cache = SyncCache(
            self.storage, running.clock, self.changed.append, self.positions, self.rights
        )
        self.rights_told = 0

    async def positions(self, _fixes: Sequence[object]) -> None:
        return None

    async def rights(self) -> None:
        self.rights_told += 1

    async def points(self, customer_id: str = "c-1") -> int | None:
        def read(view: View) -> int | None:
            found = customers.get(view.cache, customer_id)
            return None if found is None or found.stub else found.points

        return await self.storage.read(read)


def upsert(document: tuple[str, str, dict[str, Any]]) -> Change:
    collection, key, doc = document
    return Change(collection, key, ChangeOp.UPSERT, doc)


def full(points: int, **fields: Any) -> Change:
    return upsert(customer(points=points, **fields))


STUB = upsert(("customers", "c-1", scope.stub_of(customer()[2])))


@pytest.mark.asyncio
async def test_a_look_up_that_crosses_a_page_about_the_same_customer_is_dropped(tmp_path: Path):
    async with shop(tmp_path, [customer()]) as running:
        shelf = Shelf(running)
        mark = shelf.cache.mark()
        await shelf.cache.apply([full(90)], "2")
        await shelf.cache.take([full(70), upsert(wallet_pass())], mark)
        assert await shelf.points() == 90
        scan = await running.scan()
        assert scan.json()["customer"]["id"] == "c-1"  # the page did not speak of the pass


@pytest.mark.asyncio
async def test_a_page_about_others_does_not_spoil_a_look_up(tmp_path: Path):
    async with shop(tmp_path, []) as running:
        shelf = Shelf(running)
        await shelf.cache.apply([STUB], "1")
        mark = shelf.cache.mark()
        await shelf.cache.apply([upsert(customer("c-2"))], "2")
        await shelf.cache.take([full(70)], mark)
        assert await shelf.points() == 70
        assert shelf.changed[-1] == {"c-1"}
        assert await shelf.cache.cursor() == "2"


@pytest.mark.asyncio
async def test_after_a_merge_or_very_many_pages_nothing_older_is_believed(tmp_path: Path):
    async with shop(tmp_path, [customer(), customer("c-2")]) as running:
        shelf = Shelf(running)
        mark = shelf.cache.mark()
        merge = Change("customers", "c-1", ChangeOp.MERGE, {"old_id": "c-1", "new_id": "c-2"})
        await shelf.cache.apply([merge], "2")
        await shelf.cache.take([full(70)], mark)
        assert (await shelf.storage.read(lambda view: scope.held(view.cache, "c-1"))) is None
        mark = shelf.cache.mark()
        for number in range(70):
            await shelf.cache.apply([], str(number))
        await shelf.cache.take([upsert(customer("c-2", points=9))], mark)
        assert await shelf.points("c-2") == 0


@pytest.mark.asyncio
async def test_a_looked_up_stranger_becomes_a_stub_again_and_a_visitor_stays(tmp_path: Path):
    async with shop(tmp_path, []) as running:
        shelf = Shelf(running)
        both = [full(70), upsert(customer("c-2", points=9))]
        await shelf.cache.take(both, shelf.cache.mark())
        assert await shelf.cache.release_strangers() == 0
        running.clock.advance((LOOKED_UP_KEPT + timedelta(days=1)).total_seconds())
        now = running.clock.now()
        visit = Visit("v-1", "c-2", now, now, "till-0")
        await shelf.storage.write(lambda tx: visits.start(tx, visit))
        assert await shelf.cache.release_strangers() == 1
        assert (await shelf.points("c-1"), await shelf.points("c-2")) == (None, 9)
        assert shelf.changed[-1] == {"c-1"}


@pytest.mark.asyncio
async def test_a_page_means_that_no_snapshot_is_on_its_way(tmp_path: Path):
    async with shop(tmp_path, []) as running:
        part = running.agent.settings.data / spool.FILE
        with Spool(part, None, SnapshotPosition("old", 0)) as kept:
            kept.append(b"what came of a snapshot that is not wanted any more")
        shelf = Shelf(running)
        assert await shelf.cache.snapshot_position() is not None
        await shelf.cache.apply([], "1")
        assert await shelf.cache.snapshot_position() is None
        assert not part.exists()


@pytest.mark.timeout(60)  # importing starts a Python process
@pytest.mark.asyncio
async def test_a_snapshot_that_is_none_is_a_failed_exchange_with_its_pause(tmp_path: Path):
    async def nonsense() -> AsyncIterator[SnapshotPiece]:
        yield SnapshotPiece(b"<html>", 0, "tag")

    async with shop(tmp_path, []) as running:
        shelf = Shelf(running)
        with pytest.raises(TransportError, match="not usable"):
            await shelf.cache.import_snapshot(nonsense(), lambda done, total: None)
        assert await shelf.cache.snapshot_position() is None


@pytest.mark.asyncio
async def test_what_cannot_be_used_is_counted_for_the_status_page(tmp_path: Path):
    async with shop(tmp_path, []) as running:
        shelf = Shelf(running)
        await shelf.cache.apply(
            [upsert(("budgets", "b", {})), upsert(("offers", "o-1", {"id": "o-1"}))], "1"
        )
        census = shelf.cache.census
        assert (census.unknown, census.unreadable, census.collections) == (1, 1, ("offers",))
        again = Shelf(running)
        await again.cache.read_again()
        assert again.cache.census == census
