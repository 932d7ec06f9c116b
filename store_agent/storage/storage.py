"""The facade of storage: open the files, write durably, read cheaply, swap in a snapshot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from store_agent.domain.errors import Conflict
from store_agent.domain.health import ComponentHealth, HealthState
from store_agent.storage import cache, keys, ledger, snapshot
from store_agent.storage.connection import (
    CACHE_READER,
    CACHE_WRITER,
    LEDGER_READER,
    LEDGER_WRITER,
    Connect,
    Connection,
    connect_sqlcipher,
    open_connection,
)
from store_agent.storage.deciding import Deciding
from store_agent.storage.errors import NotEncrypted
from store_agent.storage.files import FolderLock, sync_folder, with_side_files
from store_agent.storage.ledger import LedgerIdentity
from store_agent.storage.migrations import Migration, MigrationSet
from store_agent.storage.opening import DataFile, Recovery, open_or_recover
from store_agent.storage.readers import Readers
from store_agent.storage.snapshot import Progress
from store_agent.storage.view import View
from store_agent.storage.writer import QUEUE_LIMIT, Writer
from sync.snapshots import SnapshotPiece, SnapshotPosition

__all__ = ["Storage", "StorageSettings", "View", "open_storage"]

T = TypeVar("T")
F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """Where the files are, whose they are, and how they are protected."""

    directory: Path
    store_id: str
    key: bytes | None  # raw 32 bytes, see keys.load_or_create_key
    allow_unencrypted: bool = False  # only for data that names nobody
    queue_limit: int = QUEUE_LIMIT  # writes that may wait before callers get Unavailable


class Storage:
    """Both files of one shop. Made by `open_storage`; its methods belong to one event loop."""

    def __init__(
        self,
        settings: StorageSettings,
        files: _Files,
        now: Callable[[], datetime],
    ) -> None:
        """Start the threads over files that are open_storage's work."""
        self._settings = settings
        self._files = files
        self._now = now
        self._ledger = Writer("ledger", files.ledger.open, now, queue_limit=settings.queue_limit)
        self._cache = Writer("cache", files.cache.open, now, queue_limit=settings.queue_limit)
        self._deciding = Deciding(files.open_cache)
        self._readers = Readers(files.open_view)
        self._importing = False
        self._closed = False
        self._recovered = list(files.recovered)

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

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a ledger transaction; returns what it returns, after the fsync.

        What `work` raises comes out here and takes back its own rows. Raises Unavailable when the
        queue is full, the disk refuses, or storage is closed; then nothing was kept.
        """
        return await self._ledger.write(work)

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

    async def snapshot_position(self) -> SnapshotPosition | None:
        """How much of an interrupted snapshot can be taken up again."""
        return None

    async def import_snapshot(
        self, pieces: AsyncIterator[SnapshotPiece], progress: Progress
    ) -> str:
        """Replace the cache by a snapshot (zstd NDJSON); the cursor it leads to.

        Reads and writes go on meanwhile; what is written to the cache until the swap is replaced
        too, and the feed gets it again from the cursor. Raises SnapshotFailed, and Conflict when
        another import is under way; the old cache stays in use then.
        """
        if self._importing:
            raise Conflict("a snapshot is being imported already")
        self._importing = True
        try:
            directory, key = self._settings.directory, self._settings.key
            built = await snapshot.build(pieces, directory, key, progress)
            await self._cache.replace(partial(self._swap, built.path))
        finally:
            snapshot.remove_leftovers(self._settings.directory)
            self._importing = False
        self._recovered = [one for one in self._recovered if one.file != cache.FILE]
        return built.cursor

    def health(self) -> list[ComponentHealth]:
        """How the ledger and the cache are doing."""
        return [
            self._health_of(self._ledger, ledger.FILE),
            self._health_of(self._cache, cache.FILE),
        ]

    async def close(self) -> None:
        """Finish what is queued and close both files. Calls that come later get Unavailable."""
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._readers.stop()
        cache_is_clean = self._cache.stop()
        ledger_is_clean = self._ledger.stop()
        self._deciding.close()
        self._files.lock.release(clean=cache_is_clean and ledger_is_clean)

    def _health_of(self, writer: Writer, file: str) -> ComponentHealth:
        health = writer.health
        if health.state is not HealthState.OK:
            return health
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


@dataclass(frozen=True, slots=True)
class _Files:
    """What open_storage found and prepared."""

    ledger: DataFile
    cache: DataFile
    identity: LedgerIdentity
    recovered: tuple[Recovery, ...]
    lock: FolderLock

    def open_view(self) -> View:
        """Read-only connections for one reader thread."""
        file = self.ledger
        ledger_reader = open_connection(file.path, file.key, LEDGER_READER, file.connect)
        return View(ledger_reader, self.open_cache())

    def open_cache(self) -> Connection:
        """A read-only connection to the cache."""
        file = self.cache
        return open_connection(file.path, file.key, CACHE_READER, file.connect)


def open_storage(
    settings: StorageSettings,
    *,
    now: Callable[[], datetime],
    extra_migrations: Sequence[Migration] = (),
    connect: Connect = connect_sqlcipher,
) -> Storage:
    """Open or create both files in `settings.directory`. Blocks; call it before the loop serves.

    `extra_migrations` are the tables other parts keep in the ledger (the outbox). Raises
    StorageRefused when the files must not be used; damaged ones are moved aside (`recovered`).
    """
    if settings.key is None and not settings.allow_unencrypted:
        raise NotEncrypted(
            "no key is set, and real data may not stand in a plain file",
            hint="Set the key file, or allow_unencrypted for a demonstration.",
        )
    settings.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FolderLock(settings.directory)
    try:
        files = _open_files(settings, now, extra_migrations, connect, lock)
        return Storage(settings, files, now)
    except BaseException:
        lock.release(clean=not lock.was_unclean)
        raise


def _open_files(
    settings: StorageSettings,
    now: Callable[[], datetime],
    extra_migrations: Sequence[Migration],
    connect: Connect,
    lock: FolderLock,
) -> _Files:
    folder, key, at = settings.directory, settings.key, now()
    snapshot.remove_leftovers(folder)
    parts = MigrationSet("parts", tuple(extra_migrations))
    ledger_file = DataFile(
        folder / ledger.FILE, key, LEDGER_WRITER, (ledger.MIGRATIONS, parts), connect
    )
    cache_file = DataFile(folder / cache.FILE, key, CACHE_WRITER, (cache.MIGRATIONS,), connect)
    identities: list[LedgerIdentity] = []

    def identify(tx: Connection) -> None:
        identities.append(ledger.identify(tx, settings.store_id, at))

    recovered = [
        open_or_recover(ledger_file, identify, at, thorough=lock.was_unclean),
        open_or_recover(cache_file, _nothing_more, at, thorough=lock.was_unclean),
    ]
    keys.note_fingerprint(folder, key)
    found = tuple(one for one in recovered if one is not None)
    return _Files(ledger_file, cache_file, identities[-1], found, lock)


def _nothing_more(_tx: Connection) -> None:
    """The cache needs no identity: it can always be fetched again."""
