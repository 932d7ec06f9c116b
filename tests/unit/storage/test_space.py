"""The reserve for a full disk: who gets it, when, and how it comes back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from storage_builders import KEY, NOON, a_storage, at_noon

from store_agent.domain.errors import NotWritable, Unavailable
from store_agent.domain.health import HealthState
from store_agent.storage import Connection, Storage, answers, waiting
from store_agent.storage.connection import CACHE_WRITER, open_connection
from store_agent.storage.space import (
    MIB,
    STEPS,
    DiskRoom,
    LedgerReserve,
    Level,
    Space,
    SpaceSettings,
)

BALLAST = 2 * MIB
CAP = MIB


class Disk:
    """A disk of any size; what is on it is not counted."""

    def __init__(self, free: int = 1000 * MIB, total: int = 2000 * MIB) -> None:
        self.total, self.free = total, free

    def measure(self, _folder: Path) -> DiskRoom:
        return DiskRoom(self.total, self.free)


def a_space(folder: Path, disk: Disk | None = None, ballast: int = BALLAST) -> Space:
    space = Space(folder, SpaceSettings(ballast), at_noon, (disk or Disk()).measure)
    space.rebuild()
    return space


def blocks(folder: Path) -> int:
    return (folder / "ballast").stat().st_blocks * 512


def test_the_ballast_is_real_blocks_and_no_hole(tmp_path: Path) -> None:
    space = a_space(tmp_path)
    assert space.level is Level.AMPLE
    assert blocks(tmp_path) >= BALLAST


def test_it_is_given_in_steps_and_the_last_ones_to_upkeep_only(tmp_path: Path) -> None:
    space = a_space(tmp_path)
    given = 0
    while space.release(upkeep=False):
        given += 1
        assert blocks(tmp_path) <= BALLAST - given * space.step_bytes + 8192
    assert given == STEPS - 2
    assert space.level is Level.SHORT
    while space.release(upkeep=True):
        given += 1
    assert given == STEPS
    assert space.released_bytes == BALLAST


def test_it_comes_back_once_there_is_room_for_it_and_some_more(tmp_path: Path) -> None:
    disk = Disk()
    space = a_space(tmp_path, disk)
    space.release(upkeep=False)
    disk.free = space.step_bytes
    space.rebuild()
    assert blocks(tmp_path) < BALLAST
    disk.free = BALLAST + space.step_bytes
    space.rebuild()
    assert space.level is Level.AMPLE
    assert blocks(tmp_path) >= BALLAST


def test_a_small_disk_gets_a_small_ballast(tmp_path: Path) -> None:
    assert a_space(tmp_path, Disk(total=8 * MIB), ballast=32 * MIB).whole_bytes == MIB


def test_little_room_shows_before_the_reserve_is_touched(tmp_path: Path) -> None:
    disk = Disk()
    space = a_space(tmp_path, disk)
    disk.free = 100_000
    space.look()
    health = space.health(waiting=0)
    assert (health.name, health.state, health.since) == ("storage", HealthState.DEGRADED, NOON)
    assert "short" in health.reason


def test_what_waits_in_memory_shows(tmp_path: Path) -> None:
    assert "3 entries wait" in a_space(tmp_path).health(waiting=3).reason


def test_the_cap_lies_below_the_end_of_the_disk(tmp_path: Path) -> None:
    disk = Disk(free=6 * MIB)
    reserve = LedgerReserve(a_space(tmp_path, disk))
    connection = open_connection(tmp_path / "a.db", KEY, CACHE_WRITER)
    connection.execute("CREATE TABLE t (x)")
    reserve.may_write(connection)
    cap = connection.execute("PRAGMA max_page_count").fetchall()[0][0]
    connection.close()
    assert 4 * MIB < cap * 4096 < 6 * MIB


def test_room_that_others_made_is_used_before_the_ballast(tmp_path: Path) -> None:
    disk = Disk(free=6 * MIB)
    space = a_space(tmp_path, disk)
    reserve = LedgerReserve(space)
    connection = open_connection(tmp_path / "a.db", KEY, CACHE_WRITER)
    connection.execute("CREATE TABLE t (x)")
    reserve.may_write(connection)
    disk.free = 20 * MIB
    assert reserve.give(connection, upkeep=False, first=True)
    connection.close()
    assert space.released_bytes == 0


# -- the whole storage, with a ledger that may not grow ------------------------------------------


def a_small_storage(folder: Path, ballast: int = BALLAST) -> Storage:
    return a_storage(folder, space=SpaceSettings(ballast, max_ledger_bytes=CAP))


def fill(name: str, length: int = 50_000) -> object:
    def work(tx: Connection) -> str:
        answers.remember(tx, "scan", name, b"", b"x" * length, NOON)
        return name

    return work


async def fill_up(storage: Storage) -> list[str]:
    """Write until nothing more is taken; what was acknowledged."""
    told: list[str] = []
    for n in range(1000):
        try:
            told.append(await storage.write(fill(f"n-{n}")))
        except NotWritable:
            return told
    raise AssertionError("it never became full")


async def keys_of(storage: Storage) -> list[str]:
    sql = "SELECT key FROM answers"
    return await storage.read(lambda view: [r[0] for r in view.ledger.execute(sql).fetchall()])


def states(storage: Storage) -> dict[str, HealthState]:
    return {row.name: row.state for row in storage.health()}


@pytest.mark.asyncio
async def test_a_full_ledger_goes_on_with_the_reserve_and_says_so(tmp_path: Path) -> None:
    storage = a_small_storage(tmp_path)
    for n in range(25):  # more than the cap, less than cap and reserve
        await storage.write(fill(f"n-{n}"))
    assert states(storage) == {
        "ledger": HealthState.OK,
        "cache": HealthState.OK,
        "storage": HealthState.DEGRADED,
    }
    assert len(await keys_of(storage)) == 25
    await storage.close()


@pytest.mark.asyncio
async def test_without_any_reserve_left_nothing_is_acknowledged(tmp_path: Path) -> None:
    storage = a_small_storage(tmp_path)
    told = await fill_up(storage)
    assert states(storage)["storage"] is HealthState.DOWN
    assert states(storage)["ledger"] is HealthState.DOWN
    assert sorted(await keys_of(storage)) == sorted(told)
    assert len(told) * 50_000 > CAP + BALLAST // 2
    with pytest.raises(NotWritable):
        await storage.write(fill("another"))
    assert states(storage)["storage"] is HealthState.DOWN
    await storage.close()


@pytest.mark.asyncio
async def test_upkeep_still_makes_room_and_then_writing_goes_on(tmp_path: Path) -> None:
    storage = a_small_storage(tmp_path)
    told = await fill_up(storage)
    with pytest.raises(NotWritable):  # what is kept back is not for this
        await storage.write(fill("small", 8_000))
    await storage.write(lambda tx: answers.forget_before(tx, NOON.max), is_upkeep=True)
    await storage.write(fill("after"))
    assert await keys_of(storage) == ["after"]
    assert told
    assert states(storage)["ledger"] is HealthState.OK
    await storage.close()


@pytest.mark.asyncio
async def test_upkeep_that_shares_a_group_with_other_work_is_done(tmp_path: Path) -> None:
    storage = a_small_storage(tmp_path)
    await fill_up(storage)
    results = await asyncio.gather(
        storage.write(fill("a")),
        storage.write(lambda tx: answers.forget_before(tx, NOON.max), is_upkeep=True),
        storage.write(fill("b")),
        return_exceptions=True,
    )
    assert [type(one) for one in results] == [NotWritable, type(None), NotWritable]
    assert await keys_of(storage) == []
    await storage.close()


@pytest.mark.asyncio
async def test_the_reserve_is_whole_again_after_room_was_made(tmp_path: Path) -> None:
    storage = a_small_storage(tmp_path)
    await fill_up(storage)
    await storage.write(lambda tx: answers.forget_before(tx, NOON.max), is_upkeep=True)
    await storage.write(fill("after"))
    await storage.watch_space()
    assert states(storage)["storage"] is HealthState.OK
    assert blocks(tmp_path) >= BALLAST
    await storage.close()


@pytest.mark.asyncio
async def test_what_was_kept_is_recorded_in_order_when_there_is_room(tmp_path: Path) -> None:
    storage = a_small_storage(tmp_path)
    await fill_up(storage)
    order: list[str] = []
    for name in ("one", "two"):
        assert storage.write_later(lambda tx, name=name: order.append(fill(name)(tx)))
    assert await storage.catch_up() == 0
    assert "2 entries wait" in storage.health()[-1].reason
    await storage.write(lambda tx: answers.forget_before(tx, NOON.max), is_upkeep=True)
    assert await storage.catch_up() == 2
    assert order == ["one", "two"]
    assert sorted(await keys_of(storage)) == ["one", "two"]
    await storage.close()


@pytest.mark.asyncio
async def test_one_that_can_never_be_recorded_does_not_hold_up_the_rest(tmp_path: Path) -> None:
    storage = a_small_storage(tmp_path)

    def bad(_tx: Connection) -> None:
        raise ValueError("it has changed since")

    storage.write_later(bad)
    storage.write_later(fill("good"))
    await storage.catch_up()
    assert await keys_of(storage) == ["good"]
    await storage.close()


@pytest.mark.asyncio
async def test_only_so_much_waits_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LIMIT", 2)
    storage = a_small_storage(tmp_path)
    assert [storage.write_later(fill(name)) for name in "abc"] == [True, True, False]
    await fill_up(storage)
    with pytest.raises(NotWritable):  # a look that cannot even wait is not shown
        await storage.write_or_keep(fill("d"))
    await storage.close()


@pytest.mark.asyncio
async def test_what_waits_is_recorded_at_a_clean_end(tmp_path: Path) -> None:
    storage = a_small_storage(tmp_path)
    storage.write_later(fill("kept"))
    await storage.close()
    again = a_small_storage(tmp_path)
    assert await keys_of(again) == ["kept"]
    await again.close()


@pytest.mark.asyncio
async def test_no_snapshot_is_taken_while_room_is_short(tmp_path: Path) -> None:
    storage = a_small_storage(tmp_path)
    await fill_up(storage)

    async def nothing():
        return
        yield b""

    with pytest.raises(Unavailable, match="no room"):
        await storage.import_snapshot(nothing(), lambda *_: None)
    await storage.close()
