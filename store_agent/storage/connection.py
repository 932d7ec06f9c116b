"""The one way to a SQLite connection.

`Connection` is the little of SQLite that the rest of storage uses. sqlcipher3 (the box) and apsw
(the power-loss tests) both satisfy it, so the tests drive the production code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import quote

from sqlcipher3 import dbapi2

from store_agent.storage.errors import NotDurable

Row = tuple[Any, ...]
Parameters = Sequence[Any]

# Prepared statements kept per connection; storage has fewer than this many different ones.
STATEMENT_CACHE = 256
BUSY_TIMEOUT_MS = 5000
# The file of the write-ahead log shrinks to this after a checkpoint that emptied it.
WAL_SIZE_LIMIT_BYTES = 16 * 1024 * 1024


class Cursor(Protocol):
    """The rows of one statement."""

    def fetchone(self) -> Row | None:
        """The next row, or None."""

    def fetchall(self) -> list[Row]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Row]:
        """Row by row."""


class Connection(Protocol):
    """One SQLite connection in autocommit mode."""

    @property
    def in_transaction(self) -> bool:
        """Whether a BEGIN is open."""

    def execute(self, sql: str, params: Parameters = (), /) -> Cursor:
        """Run one statement."""

    def executemany(self, sql: str, params: Iterable[Parameters], /) -> Cursor:
        """Run one statement for each of `params`."""

    def close(self) -> None:
        """Close it; every statement must be finished."""


Connect = Callable[[Path, bytes | None], Connection]
"""Opens a raw connection: path, raw key or None for a plain file."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How one connection is used."""

    synchronous: str  # FULL: a commit survives a power cut; NORMAL: the file stays consistent
    page_cache_kib: int
    read_only: bool = False
    max_pages: int | None = None  # byte cap in pages: a clean SQLITE_FULL before the disk is full


# Page caches are small on purpose: the agent shares a small box, and the pages of the files stay
# in the page cache of the operating system anyway.
LEDGER_WRITER = Profile("FULL", page_cache_kib=2048)
LEDGER_READER = Profile("FULL", page_cache_kib=512, read_only=True)
CACHE_WRITER = Profile("NORMAL", page_cache_kib=2048)
CACHE_READER = Profile("NORMAL", page_cache_kib=4096, read_only=True)

_SYNCHRONOUS_LEVEL = {"OFF": 0, "NORMAL": 1, "FULL": 2}


def connect_sqlcipher(path: Path, key: bytes | None) -> Connection:
    """Open `path` with SQLCipher; `key` is the raw 32-byte key, None means a plain file."""
    connection = dbapi2.connect(
        str(path),
        isolation_level=None,
        check_same_thread=False,
        cached_statements=STATEMENT_CACHE,
        timeout=BUSY_TIMEOUT_MS / 1000,
    )
    # SQLCipher logs every failed page to stderr on its own; failures are reported by exceptions.
    connection.execute("PRAGMA cipher_log_level = NONE")
    if key is not None:
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    return cast(Connection, connection)


def connect_damaged(path: Path, key: bytes | None) -> Connection:
    """Open `path` for reading what is left of it, without changing it or its log."""
    connection = dbapi2.connect(
        f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA cipher_log_level = NONE")
    if key is not None:
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    return cast(Connection, connection)


def open_connection(
    path: Path, key: bytes | None, profile: Profile, connect: Connect = connect_sqlcipher
) -> Connection:
    """Open and configure a connection.

    Raises NotDurable when SQLite answers with other settings than asked for, and the driver's own
    error when the file cannot be read.
    """
    connection = connect(path, key)
    try:
        configure(connection, profile)
    except BaseException:
        connection.close()
        raise
    return connection


def marks(values: Sized) -> str:
    """As many question marks as `values`, for `IN (...)`; none is no error and matches nothing."""
    return ", ".join("?" * len(values))


def configure(connection: Connection, profile: Profile) -> None:
    """Set the pragmas of `profile`, and see that SQLite runs with them. Raises NotDurable."""
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # only counts before the first table
    wanted = _pragmas(profile)
    for name, value in wanted.items():
        connection.execute(f"PRAGMA {name} = {value}").fetchall()
    if profile.max_pages is not None:
        connection.execute(f"PRAGMA max_page_count = {profile.max_pages}")
    for name, value in wanted.items():
        runs = connection.execute(f"PRAGMA {name}").fetchall()
        if runs and str(runs[0][0]) != value:  # what this build does not know has no answer
            raise NotDurable(
                f"SQLite refused {name} = {value} (it runs {runs[0][0]})",
                hint="Put the data folder on a local file system (ext4), not on a network share.",
            )


def _pragmas(profile: Profile) -> dict[str, str]:
    """What every connection runs with, as SQLite tells it."""
    return {
        "journal_mode": "wal",
        "synchronous": str(_SYNCHRONOUS_LEVEL[profile.synchronous]),
        "wal_autocheckpoint": "0",  # the writer does it, off the hot path
        "journal_size_limit": str(WAL_SIZE_LIMIT_BYTES),
        "foreign_keys": "1",
        "temp_store": "2",  # in memory
        "cell_size_check": "1",
        "trusted_schema": "0",
        "mmap_size": "0",  # an I/O error in mapped memory would be a SIGBUS
        "cache_size": str(-profile.page_cache_kib),
        "query_only": str(int(profile.read_only)),
    }
