"""Starting up: whose files are these, are they whole, and what happens when not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from storage_builders import KEY, NOON, OTHER_KEY, a_storage

from store_agent.domain.greeting import Visit
from store_agent.domain.health import HealthState
from store_agent.storage import Storage, changes, ledger, meta, visits
from store_agent.storage.connection import (
    CACHE_WRITER,
    LEDGER_WRITER,
    Connection,
    configure,
    connect_sqlcipher,
    open_connection,
)
from store_agent.storage.errors import (
    InUse,
    NewerSchema,
    NotDurable,
    NotEncrypted,
    OtherStore,
    WrongKey,
)

A_VISIT = Visit("v-1", "c-1", NOON, NOON, "till-0")


async def a_used_folder(folder: Path, **changes_: object) -> str:
    """Open, write one visit, close; the epoch."""
    storage = a_storage(folder, **changes_)
    await storage.write(lambda tx: visits.start(tx, A_VISIT))
    await storage.close()
    return storage.epoch


def damage(path: Path, offset: int = 0, length: int = 4096) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(os.urandom(length))


def pretend_power_cut(folder: Path) -> None:
    (folder / "storage.lock").write_bytes(b"running\n")


def files_in(folder: Path, part: str = "") -> list[Path]:
    return sorted(path for path in folder.iterdir() if part in path.name)


async def present(storage: Storage) -> list[str]:
    return await storage.read(lambda view: [visit.id for visit in visits.present(view.ledger)])


@pytest.mark.asyncio
async def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    epoch = await a_used_folder(tmp_path)
    storage = a_storage(tmp_path)
    assert await present(storage) == ["v-1"]
    assert storage.epoch == epoch
    assert storage.store_id == "store-1"
    assert storage.recovered == []
    await storage.close()


@pytest.mark.asyncio
async def test_the_files_are_encrypted(tmp_path: Path) -> None:
    await a_used_folder(tmp_path)
    for name in ("ledger.db", "cache.db"):
        content = (tmp_path / name).read_bytes()
        assert not content.startswith(b"SQLite format 3")
        assert b"CREATE TABLE" not in content


@pytest.mark.asyncio
async def test_the_ledger_runs_with_wal_and_full(tmp_path: Path) -> None:
    storage = a_storage(tmp_path)

    def settings(tx: Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "wal_autocheckpoint", "auto_vacuum", "mmap_size")
        return [tx.execute(f"PRAGMA {name}").fetchall()[0][0] for name in names]

    assert await storage.write(settings) == ["wal", 2, 0, 2, 0]
    await storage.close()


def test_a_file_system_without_wal_is_refused() -> None:
    memory = connect_sqlcipher(Path(":memory:"), None)
    with pytest.raises(NotDurable):
        configure(memory, LEDGER_WRITER)
    memory.close()


def test_without_a_key_it_only_starts_when_told_so(tmp_path: Path) -> None:
    with pytest.raises(NotEncrypted):
        a_storage(tmp_path, key=None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.asyncio
async def test_a_plain_file_is_used_when_that_is_allowed(tmp_path: Path) -> None:
    await a_used_folder(tmp_path, key=None, allow_unencrypted=True)
    assert (tmp_path / "ledger.db").read_bytes().startswith(b"SQLite format 3")


@pytest.mark.asyncio
async def test_a_plain_file_is_refused_when_a_key_is_set(tmp_path: Path) -> None:
    await a_used_folder(tmp_path, key=None, allow_unencrypted=True)
    (tmp_path / "db.key.id").unlink()
    with pytest.raises(NotEncrypted):
        a_storage(tmp_path)


@pytest.mark.asyncio
@pytest.mark.parametrize("noted", [True, False], ids=["fingerprint kept", "fingerprint lost"])
async def test_a_wrong_key_is_refused_and_not_taken_for_damage(tmp_path: Path, noted: bool) -> None:
    epoch = await a_used_folder(tmp_path)
    if not noted:
        (tmp_path / "db.key.id").unlink()
    before = files_in(tmp_path)
    with pytest.raises(WrongKey):
        a_storage(tmp_path, key=OTHER_KEY)
    assert files_in(tmp_path) == before
    storage = a_storage(tmp_path)
    assert storage.epoch == epoch
    await storage.close()


@pytest.mark.asyncio
async def test_a_ledger_of_another_store_is_refused(tmp_path: Path) -> None:
    await a_used_folder(tmp_path)
    with pytest.raises(OtherStore):
        a_storage(tmp_path, store_id="store-2")


@pytest.mark.asyncio
async def test_a_second_agent_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    storage = a_storage(tmp_path)
    with pytest.raises(InUse):
        a_storage(tmp_path)
    await storage.close()
    await a_storage(tmp_path).close()


@pytest.mark.asyncio
@pytest.mark.parametrize("file", ["ledger.db", "cache.db"])
async def test_a_newer_schema_version_is_refused(tmp_path: Path, file: str) -> None:
    await a_used_folder(tmp_path)
    connection = open_connection(tmp_path / file, KEY, CACHE_WRITER)
    meta.put(connection, "schema_version", 99)
    connection.close()
    with pytest.raises(NewerSchema):
        a_storage(tmp_path)


@pytest.mark.asyncio
async def test_a_migration_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    newer = (("0001_later", "CREATE TABLE later (x)"),)
    await a_used_folder(tmp_path, extra_migrations=newer)
    with pytest.raises(NewerSchema) as refused:
        a_storage(tmp_path)
    assert "0001_later" in str(refused.value)


@pytest.mark.asyncio
async def test_an_upgrade_makes_a_copy_first(tmp_path: Path) -> None:
    await a_used_folder(tmp_path)
    storage = a_storage(tmp_path, extra_migrations=(("0001_more", "CREATE TABLE more (x);"),))
    assert await present(storage) == ["v-1"]
    await storage.write(lambda tx: tx.execute("INSERT INTO more VALUES (1)").fetchall())
    await storage.close()
    copies = files_in(tmp_path, "before-upgrade")
    assert len(copies) == 1
    copy = open_connection(copies[0], KEY, CACHE_WRITER)
    assert copy.execute("SELECT id FROM visits").fetchall() == [("v-1",)]
    assert not copy.execute("SELECT 1 FROM sqlite_schema WHERE name = 'more'").fetchall()
    copy.close()


@pytest.mark.asyncio
async def test_a_start_without_news_makes_no_copy(tmp_path: Path) -> None:
    await a_used_folder(tmp_path)
    await a_storage(tmp_path).close()
    assert files_in(tmp_path, "before-upgrade") == []


@pytest.mark.asyncio
async def test_a_failed_migration_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    await a_used_folder(tmp_path)
    bad = (("0001_bad", "CREATE TABLE half (x); CREATE TABLE half (x);"),)
    with pytest.raises(Exception, match="already exists"):
        a_storage(tmp_path, extra_migrations=bad)
    storage = a_storage(tmp_path)
    assert await present(storage) == ["v-1"]
    await storage.close()


@pytest.mark.asyncio
async def test_a_damaged_ledger_is_moved_aside_and_reported(tmp_path: Path) -> None:
    epoch = await a_used_folder(tmp_path)
    damage(tmp_path / "ledger.db")
    damaged = (tmp_path / "ledger.db").read_bytes()
    storage = a_storage(tmp_path)
    (recovery,) = storage.recovered
    assert recovery.file == "ledger.db"
    assert recovery.at == NOON
    assert (tmp_path / recovery.moved_to).read_bytes() == damaged
    assert storage.epoch != epoch
    assert await present(storage) == []
    health = {row.name: row for row in storage.health()}
    assert health["ledger"].state is HealthState.DEGRADED
    assert recovery.moved_to in health["ledger"].reason
    assert health["cache"].state is HealthState.OK
    await storage.close()
    again = a_storage(tmp_path)
    assert again.recovered == []
    assert again.health()[0].state is HealthState.OK
    await again.close()


@pytest.mark.asyncio
async def test_the_log_of_a_damaged_file_moves_with_it(tmp_path: Path) -> None:
    await a_used_folder(tmp_path)
    damage(tmp_path / "ledger.db")
    (tmp_path / "ledger.db-wal").write_bytes(b"a log")
    storage = a_storage(tmp_path)
    moved_to = storage.recovered[0].moved_to
    assert (tmp_path / f"{moved_to}-wal").read_bytes() == b"a log"
    await storage.close()


@pytest.mark.asyncio
async def test_a_damaged_cache_starts_empty_and_asks_for_a_snapshot(tmp_path: Path) -> None:
    storage = a_storage(tmp_path)
    await storage.write(lambda tx: visits.start(tx, A_VISIT))
    await storage.write_cache(lambda tx: changes.apply(tx, [], "cursor-7", NOON))
    await storage.close()
    damage(tmp_path / "cache.db")
    storage = a_storage(tmp_path)
    assert [recovery.file for recovery in storage.recovered] == ["cache.db"]
    assert await storage.read(lambda view: changes.cursor(view.cache)) is None
    assert await present(storage) == ["v-1"]
    await storage.close()


@pytest.mark.asyncio
async def test_hidden_damage_is_found_after_an_unclean_end(tmp_path: Path) -> None:
    storage = a_storage(tmp_path)
    await storage.write(
        lambda tx: tx.executemany(
            "INSERT INTO answers VALUES ('scan', ?, x'00', zeroblob(3000), '2026')",
            [(str(n),) for n in range(200)],
        ).fetchall()
    )
    await storage.close()
    damage(tmp_path / "ledger.db", offset=4096 * 120, length=100)
    pretend_power_cut(tmp_path)
    storage = a_storage(tmp_path)
    assert [recovery.file for recovery in storage.recovered] == ["ledger.db"]
    await storage.close()


@pytest.mark.asyncio
async def test_an_unclean_end_alone_is_no_damage(tmp_path: Path) -> None:
    epoch = await a_used_folder(tmp_path)
    pretend_power_cut(tmp_path)
    storage = a_storage(tmp_path)
    assert storage.recovered == []
    assert storage.epoch == epoch
    await storage.close()


@pytest.mark.asyncio
async def test_two_damaged_files_of_one_second_are_both_kept(tmp_path: Path) -> None:
    for _ in range(2):
        await a_used_folder(tmp_path)
        damage(tmp_path / "ledger.db")
        storage = a_storage(tmp_path)
        assert storage.recovered
        await storage.close()
    assert len(files_in(tmp_path, ".damaged-")) == 2


@pytest.mark.asyncio
async def test_a_start_that_was_cut_off_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").touch()
    (tmp_path / "cache.new.db").write_bytes(b"half a snapshot")
    storage = a_storage(tmp_path)
    assert not (tmp_path / "cache.new.db").exists()
    assert storage.recovered == []
    await storage.close()


def test_every_ledger_gets_an_epoch_of_its_own(tmp_path: Path) -> None:
    epochs = set()
    for name in ("a.db", "b.db"):
        connection = open_connection(tmp_path / name, KEY, CACHE_WRITER)
        connection.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value)")
        epochs.add(ledger.identify(connection, "store-1", NOON).epoch)
        connection.close()
    assert len(epochs) == 2
    assert all(len(epoch) == 32 and int(epoch, 16) for epoch in epochs)
