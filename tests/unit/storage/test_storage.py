"""The facade: durable writes, fresh reads, and snapshots that replace the cache under way."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from storage_builders import (
    NOON,
    a_storage,
    customer,
    ignore_progress,
    in_pieces,
    line,
    snapshot_bytes,
)

from store_agent.domain.errors import Conflict, Unavailable
from store_agent.domain.greeting import Visit
from store_agent.domain.health import HealthState
from store_agent.storage import View, changes, customers, visits
from store_agent.storage.changes import Change
from store_agent.storage.errors import SnapshotFailed
from sync.snapshots import SnapshotPiece

# Importing starts a Python process, which takes its time on a busy machine.
slow = pytest.mark.timeout(60)


def customers_named(*names: str) -> bytes:
    return snapshot_bytes(line("customers", customer(f"c-{n}", f"{n} Probe")) for n in names)


def who(view: View) -> list[str]:
    return sorted(one.first_name for one in customers.search(view.cache, "probe", 50))


def a_visit(name: str) -> Visit:
    return Visit(f"v-{name}", f"c-{name}", NOON, NOON, "till-0")


@pytest.mark.asyncio
async def test_a_reader_sees_what_was_acknowledged(tmp_path: Path) -> None:
    storage = a_storage(tmp_path)
    for n in range(50):
        await storage.write(lambda tx, n=n: visits.start(tx, a_visit(str(n))))
        seen = await storage.read(lambda view: len(visits.present(view.ledger)))
        assert seen == n + 1
    await storage.close()


@pytest.mark.asyncio
async def test_a_reader_cannot_write(tmp_path: Path) -> None:
    storage = a_storage(tmp_path)
    with pytest.raises(Unavailable):
        await storage.read(lambda view: visits.start(view.ledger, a_visit("x")))
    await storage.close()


@pytest.mark.asyncio
async def test_the_error_of_a_read_is_its_callers(tmp_path: Path) -> None:
    storage = a_storage(tmp_path)

    def fail(_view: View) -> None:
        raise LookupError("nobody")

    with pytest.raises(LookupError):
        await storage.read(fail)
    assert await storage.read(lambda view: customers.count(view.cache)) == 0
    await storage.close()


@pytest.mark.asyncio
async def test_a_slow_read_holds_nobody_up(tmp_path: Path) -> None:
    storage = a_storage(tmp_path)
    opened = threading.Event()
    slow_read = asyncio.ensure_future(storage.read(lambda _view: opened.wait(5), is_long=True))
    await storage.write(lambda tx: visits.start(tx, a_visit("a")))
    assert await storage.read(lambda view: len(visits.present(view.ledger))) == 1
    opened.set()
    assert await slow_read
    await storage.close()


@pytest.mark.asyncio
async def test_a_closed_storage_says_so(tmp_path: Path) -> None:
    storage = a_storage(tmp_path)
    waiting = [
        asyncio.ensure_future(storage.write(lambda tx, n=n: visits.start(tx, a_visit(str(n)))))
        for n in range(20)
    ]
    await asyncio.sleep(0)
    await storage.close()
    await asyncio.gather(*waiting)
    for refused in (storage.write(str), storage.write_cache(str), storage.read(str)):
        with pytest.raises(Unavailable):
            await refused
    again = a_storage(tmp_path)
    assert await again.read(lambda view: len(visits.present(view.ledger))) == 20
    await again.close()


@slow
@pytest.mark.asyncio
async def test_a_snapshot_fills_the_cache_and_tells_its_progress(tmp_path: Path) -> None:
    storage = a_storage(tmp_path)
    told: list[tuple[int, int]] = []
    cursor = await storage.import_snapshot(
        in_pieces(customers_named("Anna", "Bert")), lambda *report: told.append(report)
    )
    assert cursor == "cursor-1"
    assert told[-1] == (2, 2)
    assert await storage.read(who) == ["Anna", "Bert"]
    assert await storage.read(lambda view: changes.cursor(view.cache)) == "cursor-1"
    assert await storage.read(lambda view: changes.as_of(view.cache)) == NOON
    await storage.close()
    assert not (tmp_path / "cache.new.db").exists()
    assert not (tmp_path / "cache.db").read_bytes().startswith(b"SQLite")


@slow
@pytest.mark.asyncio
async def test_a_second_snapshot_replaces_the_first_and_the_feed_goes_on(tmp_path: Path) -> None:
    storage = a_storage(tmp_path)
    await storage.import_snapshot(in_pieces(customers_named("Anna")), ignore_progress)
    await storage.import_snapshot(in_pieces(customers_named("Bert")), ignore_progress)
    assert await storage.read(who) == ["Bert"]
    late = [Change("customers", "c-Cora", "upsert", customer("c-Cora", "Cora Probe"))]
    await storage.write_cache(lambda tx: changes.apply(tx, late, "cursor-2", NOON))
    assert await storage.read(who) == ["Bert", "Cora"]
    await storage.close()
    storage = a_storage(tmp_path)
    assert storage.recovered == []
    assert await storage.read(who) == ["Bert", "Cora"]
    await storage.close()


@slow
@pytest.mark.asyncio
async def test_reads_and_writes_go_on_while_a_snapshot_comes(tmp_path: Path) -> None:
    storage = a_storage(tmp_path)
    await storage.import_snapshot(in_pieces(customers_named("Anna")), ignore_progress)
    answers: list[list[str]] = []
    done = asyncio.Event()

    async def keep_reading(number: int) -> None:
        count = 0
        while not done.is_set():
            answers.append(await storage.read(who))
            name = f"{number}-{count}"
            await storage.write(lambda tx, name=name: visits.start(tx, a_visit(name)))
            count += 1

    readers = [asyncio.create_task(keep_reading(n)) for n in range(4)]
    await storage.import_snapshot(in_pieces(customers_named("Bert")), ignore_progress)
    await asyncio.sleep(0.05)
    done.set()
    await asyncio.gather(*readers)
    await storage.close()
    assert answers[0] == ["Anna"]
    assert answers[-1] == ["Bert"]
    assert all(answer in (["Anna"], ["Bert"]) for answer in answers)


@slow
@pytest.mark.asyncio
@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b"not zstd at all",
        customers_named("Bert")[:-20],
        snapshot_bytes([line("customers", customer("c-1"))], count=2),
        snapshot_bytes([{"snapshot": {}}]),
        snapshot_bytes(["not an object"]),  # type: ignore[list-item]  # that is the point
    ],
    ids=["empty", "not zstd", "cut off", "wrong count", "two starts", "no object"],
)
async def test_an_unusable_snapshot_leaves_the_old_cache(tmp_path: Path, stream: bytes) -> None:
    storage = a_storage(tmp_path)
    kept = [Change("customers", "c-Anna", "upsert", customer("c-Anna", "Anna Probe"))]
    await storage.write_cache(lambda tx: changes.apply(tx, kept, "cursor-0", NOON))
    with pytest.raises(SnapshotFailed) as failed:
        await storage.import_snapshot(in_pieces(stream), ignore_progress)
    assert not failed.value.permanent
    assert await storage.read(who) == ["Anna"]
    assert await storage.read(lambda view: changes.cursor(view.cache)) == "cursor-0"
    assert not (tmp_path / "cache.new.db").exists()
    await storage.close()


@slow
@pytest.mark.asyncio
async def test_a_line_that_goes_down_is_the_callers_own_error(tmp_path: Path) -> None:
    storage = a_storage(tmp_path)

    async def interrupted() -> AsyncIterator[SnapshotPiece]:
        yield SnapshotPiece(customers_named("Bert")[:50], 0)
        raise ConnectionError("the cable is out")

    with pytest.raises(ConnectionError):
        await storage.import_snapshot(interrupted(), ignore_progress)
    assert not (tmp_path / "cache.new.db").exists()
    await storage.import_snapshot(in_pieces(customers_named("Bert")), ignore_progress)
    assert await storage.read(who) == ["Bert"]
    await storage.close()


@slow
@pytest.mark.asyncio
async def test_a_cancelled_import_leaves_nothing_behind(tmp_path: Path) -> None:
    storage = a_storage(tmp_path)
    stuck = asyncio.Event()

    async def endless() -> AsyncIterator[SnapshotPiece]:
        yield SnapshotPiece(customers_named("Bert")[:50], 0)
        stuck.set()
        await asyncio.sleep(60)

    importing = asyncio.create_task(storage.import_snapshot(endless(), ignore_progress))
    await stuck.wait()
    with pytest.raises(Conflict):
        await storage.import_snapshot(in_pieces(b""), ignore_progress)
    importing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await importing
    assert not (tmp_path / "cache.new.db").exists()
    await storage.close()


@slow
@pytest.mark.asyncio
async def test_a_snapshot_mends_a_damaged_cache(tmp_path: Path) -> None:
    await a_storage(tmp_path).close()
    (tmp_path / "cache.db").write_bytes(b"x" * 8192)
    storage = a_storage(tmp_path)
    assert storage.health()[1].state is HealthState.DEGRADED
    await storage.import_snapshot(in_pieces(customers_named("Anna")), ignore_progress)
    assert storage.health()[1].state is HealthState.OK
    await storage.close()
