"""The facade of storage: open the files, write durably, read cheaply, swap in a snapshot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from store_agent.domain.errors import Conflict, NotWritable, Unavailable
from store_agent.domain.health import ComponentHealth, HealthState
from store_agent.storage import cache, ledger
from store_agent.storage.connection import Connect, Connection, connect_sqlcipher
from store_agent.storage.deciding import Deciding
from store_agent.storage.errors import NotEncrypted
from store_agent.storage.files import FolderLock, sync_folder, with_side_files
from store_agent.storage.folder import Files, Lodger, Opening, StorageSettings
from store_agent.storage.opening import Recovery
from store_agent.storage.readers import Readers
from store_agent.storage.snapshot import Progress, SnapshotImport
from store_agent.storage.space import CacheReserve, LedgerReserve, Level, Space
from store_agent.storage.view import View
from store_agent.storage.waiting import Waiting
from store_agent.storage.writer import Around, Writer
from sync.snapshots import SnapshotPiece, SnapshotPosition

__all__ = ["Lodger", "Storage", "StorageSettings", "View", "open_storage"]

T = TypeVar("T")
F = TypeVar("F")


class Storage:
    """Both files of one shop. Made by `open_storage`; its methods belong to one event loop."""

    def __init__(
        self,
        settings: StorageSettings,
        files: Files,
        now: Callable[[], datetime],
        first: Callable[[Connection], None],
    ) -> None:
        """Start the threads over files that are open_storage's work."""
        self._settings = settings
        self._files = files
        self._now = now
        self._space, limit = files.space, settings.queue_limit
        self._ledger = Writer(
            "ledger",
            files.ledger.open,
            now,
            queue_limit=limit,
            around=Around(LedgerReserve(files.space), first),
        )
        self._cache = Writer(
            "cache",
            files.cache.open,
            now,
            queue_limit=limit,
            around=Around(CacheReserve(files.space)),
        )
        self._waiting = Waiting(self._ledger.write)
        self._deciding = Deciding(files.open_cache)
        self._readers = Readers(files.open_view)
        self._snapshots = SnapshotImport(settings.directory, settings.key)
        self._importing = False
        self._closed = False
        self._recovered = list(files.recovered)
        self._faults: dict[str, str] = {}
        self._faults_at = now()

    @property
    def store_id(self) -> str:
        """The store this ledger belongs to, for ever."""
        return self._files.identity.store_id

    @property
    def epoch(self) -> str:
        """The life of this ledger file: UUIDv7 as hex. A new file is a new epoch."""
        return self._files.identity.epoch

    @property
    def recovered(self) -> list[Recovery]:
        """Files that were damaged at start and moved aside."""
        return list(self._files.recovered)

    async def write(self, work: Callable[[Connection], T], *, is_upkeep: bool = False) -> T:
        """Run `work` in a ledger transaction; returns what it returns, after the fsync.

        What `work` raises comes out here and takes back its own rows. It may run again when the
        disk was full at first. `is_upkeep`: it makes room, and so may use the last of it. Raises
        Unavailable when the queue is full or storage is closed, NotWritable when the disk refuses;
        then nothing was kept.
        """
        return await self._ledger.write(work, is_upkeep=is_upkeep)

    def write_later(self, work: Callable[[Connection], object]) -> bool:
        """Keep `work` in memory until the disk takes writes again: for what was served unrecorded.

        False when too much waits already. A crash loses it; `catch_up` records it.
        """
        return self._waiting.keep(work)

    async def write_or_keep(self, work: Callable[[Connection], object]) -> None:
        """`write`, or `write_later` when the disk refuses: for notes on what is shown anyway.

        Raises Unavailable when neither is possible.
        """
        try:
            await self._ledger.write(work)
        except NotWritable:
            if not self.write_later(work):
                raise

    async def catch_up(self) -> int:
        """Record what waits in memory, as far as the disk takes it; how many were."""
        return await self._waiting.catch_up() if self._waiting else 0

    async def write_cache(self, work: Callable[[Connection], T]) -> T:
        """As `write`, for the cache; a power cut may take back the last of it."""
        return await self._cache.write(work)

    async def read(self, work: Callable[[View], T], *, is_long: bool = False) -> T:
        """Run `work` over both files in a reader thread; it sees every commit made before.

        `is_long` keeps reads of more than some milliseconds out of the way of scans.
        """
        return await self._readers.read(work, is_long=is_long)

    async def decide(self, look: Callable[[View], F], record: Callable[[Connection, F], T]) -> T:
        """`write` with what `look` finds in both files, inside the transaction that records it.

        `look` must be short: other writes wait behind it. Raises what `write` raises.
        """
        return await self._ledger.write(lambda tx: record(tx, self._deciding.look(tx, look)))

    def decide_later(
        self, look: Callable[[View], F], record: Callable[[Connection, F], object]
    ) -> bool:
        """`write_later` for what `decide` does."""
        return self.write_later(lambda tx: record(tx, self._deciding.look(tx, look)))

    async def snapshot_position(self) -> SnapshotPosition | None:
        """How much of an interrupted snapshot can be taken up again."""
        return await asyncio.to_thread(self._snapshots.position)

    async def forget_snapshot(self) -> None:
        """No snapshot is wanted any more: let go of what had come of one."""
        if not self._importing:
            await self._snapshots.stop()
            self._snapshots.forget()

    async def import_snapshot(
        self, pieces: AsyncIterator[SnapshotPiece], progress: Progress
    ) -> str:
        """Replace the cache by a snapshot (zstd NDJSON); the cursor it leads to.

        Reads and writes go on meanwhile; what is written to the cache until the swap is replaced
        too, and the feed gets it again from the cursor. An error of `pieces` comes out as it is;
        what came of a stream with a name is kept then (`snapshot_position`). Raises SnapshotFailed,
        and Conflict when another import is under way. The old cache stays in use after any error.
        """
        if self._importing:
            raise Conflict("a snapshot is being imported already")
        if self._space.level is not Level.AMPLE:
            raise Unavailable("there is no room for a snapshot", hint="Free space on the disk.")
        self._importing = True
        try:
            built = await self._snapshots.build(pieces, progress)
            await self._cache.replace(partial(self._swap, built.path))
            self._snapshots.forget()
        finally:
            self._importing = False
        self._recovered = [one for one in self._recovered if one.file != cache.FILE]
        return built.cursor

    @property
    def room_bytes(self) -> int:
        """What can still be recorded: free on the disk when it was looked at last, and the ballast
        as far as it is not kept for upkeep.
        """
        return self._space.room_bytes

    @property
    def disk_bytes(self) -> int:
        """The size of the disk."""
        return self._space.disk_bytes

    async def watch_space(self) -> None:
        """Look at the disk, and take the ballast back once there is room."""
        await asyncio.to_thread(self._space.rebuild)

    async def check_integrity(self) -> None:
        """Read both files whole. What is damaged shows, and is mended at the next start."""
        self._faults = await asyncio.to_thread(self._files.faults)
        self._faults_at = self._now()

    def health(self) -> list[ComponentHealth]:
        """How the ledger, the cache and the disk under them are doing."""
        return [
            self._health_of(self._ledger, ledger.FILE),
            self._health_of(self._cache, cache.FILE),
            self._space.health(len(self._waiting)),
        ]

    async def close(self) -> None:
        """Finish what is queued and close both files. Calls that come later get Unavailable."""
        if not self._closed:
            await self.catch_up()
            self._closed = True
            await self._snapshots.stop()
            await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._readers.stop()
        cache_is_clean = self._cache.stop()
        ledger_is_clean = self._ledger.stop()
        self._deciding.close()
        self._files.lock.release(clean=cache_is_clean and ledger_is_clean and not self._faults)

    def _health_of(self, writer: Writer, file: str) -> ComponentHealth:
        health = writer.health
        if health.state is not HealthState.OK:
            return health
        if file in self._faults:
            reason = f"{file} is damaged: restart the agent, it recovers what can be read"
            return ComponentHealth(health.name, HealthState.DEGRADED, self._faults_at, reason)
        for recovery in self._recovered:
            if recovery.file == file:
                reason = f"{file} was damaged and moved aside as {recovery.moved_to}"
                return ComponentHealth(health.name, HealthState.DEGRADED, recovery.at, reason)
        return health

    def _swap(self, new_file: Path, old: Connection) -> Connection:
        """Put `new_file` in the cache's place. Runs in the cache's writer thread."""
        target = self._files.cache.path
        with self._readers.paused(), self._deciding.paused():
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            old.close()
            for part in with_side_files(target)[1:]:
                part.unlink()  # a log left behind would be replayed into the new file
            new_file.replace(target)
            sync_folder(target.parent)
            return self._files.cache.open()


def open_storage(
    settings: StorageSettings,
    *,
    now: Callable[[], datetime],
    lodger: Lodger | None = None,
    connect: Connect = connect_sqlcipher,
) -> Storage:
    """Open or create both files in `settings.directory`. Blocks; call it before the loop serves.

    Raises StorageRefused when the files must not be used; damaged ones are moved aside
    (`recovered`), and what can be read of a damaged ledger is in the fresh one.
    """
    if settings.key is None and not settings.allow_unencrypted:
        raise NotEncrypted(
            "no key is set, and real data may not stand in a plain file",
            hint="Set the key file, or allow_unencrypted for a demonstration.",
        )
    settings.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    space = Space(settings.directory, settings.space, now)
    lock = FolderLock(settings.directory)
    try:
        lodger = lodger or Lodger()
        opening = Opening(settings, now(), lodger, connect, lock, space)
        files = opening.open()
        space.rebuild()
        return Storage(settings, files, now, lodger.first)
    except BaseException:
        lock.release(clean=not lock.was_unclean)
        raise
