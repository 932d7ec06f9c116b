"""The data folder of one shop: its two files, its lock, and how they are opened together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from store_agent.storage import cache, keys, ledger, salvage, snapshot
from store_agent.storage.connection import (
    CACHE_READER,
    CACHE_WRITER,
    LEDGER_READER,
    LEDGER_WRITER,
    Connect,
    Connection,
    open_connection,
)
from store_agent.storage.failures import Failure, classify
from store_agent.storage.files import FolderLock
from store_agent.storage.ledger import LedgerIdentity
from store_agent.storage.migrations import Migration, MigrationSet
from store_agent.storage.opening import DataFile, Recovery, Rescue, fault_of, open_or_recover
from store_agent.storage.salvage import DamagedFile
from store_agent.storage.space import BLOCK_BYTES, Space, SpaceSettings
from store_agent.storage.view import View
from store_agent.storage.writer import QUEUE_LIMIT

AS_THE_DISK_ALLOWS = SpaceSettings()


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """Where the files are, whose they are, and how they are protected."""

    directory: Path
    store_id: str
    key: bytes | None  # raw 32 bytes, see keys.load_or_create_key
    allow_unencrypted: bool = False  # only for data that names nobody
    queue_limit: int = QUEUE_LIMIT  # writes that may wait before callers get Unavailable
    space: SpaceSettings = AS_THE_DISK_ALLOWS


def _no_rows(_old: DamagedFile, _tx: Connection) -> int:
    return 0


def _nothing(_tx: Connection) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Lodger:
    """A part that keeps tables of its own in the ledger (the outbox).

    `first` runs at the beginning of each of the ledger's transactions; `rescue` brings what can be
    read of its `tables` in a damaged file into a fresh one.
    """

    migrations: tuple[Migration, ...] = ()
    first: Callable[[Connection], None] = _nothing
    tables: tuple[str, ...] = ()
    rescue: Rescue = _no_rows


@dataclass(frozen=True, slots=True)
class Files:
    """Both files, found and prepared."""

    ledger: DataFile
    cache: DataFile
    identity: LedgerIdentity
    recovered: tuple[Recovery, ...]
    lock: FolderLock
    space: Space

    def open_view(self) -> View:
        """Read-only connections for one reader thread."""
        file = self.ledger
        ledger_reader = open_connection(file.path, file.key, LEDGER_READER, file.connect)
        return View(ledger_reader, self.open_cache())

    def faults(self) -> dict[str, str]:
        """Read both files whole: what is wrong with which, by file name. Blocks for seconds."""
        found = {}
        for file, profile in ((self.ledger, LEDGER_READER), (self.cache, CACHE_READER)):
            connection = open_connection(file.path, file.key, profile, file.connect)
            try:
                fault = fault_of(connection)
            finally:
                connection.close()
            if fault:
                found[file.path.name] = fault
        return found

    def open_cache(self) -> Connection:
        """A read-only connection to the cache."""
        file = self.cache
        return open_connection(file.path, file.key, CACHE_READER, file.connect)


@dataclass(frozen=True, slots=True)
class Opening:
    """What both files are opened with."""

    settings: StorageSettings
    at: datetime
    lodger: Lodger
    connect: Connect
    lock: FolderLock
    space: Space

    def open(self) -> Files:
        """Open both, on a full disk with the help of the ballast. Raises StorageRefused."""
        wants_rows = True
        while True:
            try:
                return self._open(wants_rows=wants_rows)
            except Exception as error:
                if not self._is_for_want_of_room(error):
                    raise
                if not self.space.release(upkeep=True):
                    if not wants_rows:
                        raise
                    wants_rows = False  # no room for a second file: the damaged one is kept aside

    def _is_for_want_of_room(self, error: Exception) -> bool:
        """SQLite calls it an I/O error when the index of its log finds no room."""
        failure = classify(error)
        no_room = self.space.look().free < BLOCK_BYTES
        return failure is Failure.FULL or (failure is Failure.IO_ERROR and no_room)

    def _open(self, *, wants_rows: bool) -> Files:
        folder, key, thorough = self.settings.directory, self.settings.key, self.lock.was_unclean
        snapshot.remove_leftovers(folder)
        ours = (ledger.MIGRATIONS, MigrationSet("parts", self.lodger.migrations))
        ledger_file = DataFile(
            folder / ledger.FILE,
            key,
            LEDGER_WRITER,
            ours,
            self.connect,
            self._rescue if wants_rows else None,
        )
        fetched = (cache.MIGRATIONS,)
        cache_file = DataFile(folder / cache.FILE, key, CACHE_WRITER, fetched, self.connect)
        identities: list[LedgerIdentity] = []

        def identify(tx: Connection) -> None:
            identities.append(ledger.identify(tx, self.settings.store_id, self.at))

        recovered = [
            open_or_recover(ledger_file, identify, self.at, thorough=thorough),
            open_or_recover(cache_file, _nothing_more, self.at, thorough=thorough),
        ]
        keys.note_fingerprint(folder, key)
        found = tuple(one for one in recovered if one is not None)
        return Files(ledger_file, cache_file, identities[-1], found, self.lock, self.space)

    def _rescue(self, old: DamagedFile, tx: Connection) -> int:
        """What is left of a damaged ledger; other parts know what to make of their own tables."""
        theirs = frozenset(self.lodger.tables)
        return salvage.carry_over(old, tx, besides=theirs) + self.lodger.rescue(old, tx)


def _nothing_more(_tx: Connection) -> None:
    """The cache needs no identity: it can always be fetched again."""
