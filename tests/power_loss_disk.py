"""A disk that loses power: an SQLite VFS in memory whose files keep only what was synced.

Bytes become durable at xSync. A crash keeps, of what was written since, none or a random subset of
512-byte sectors, as a real disk may. Creating and deleting a file is durable at once: losing
directory entries is not part of this model.
"""

from __future__ import annotations

import os
import random
from dataclasses import replace
from pathlib import Path

import apsw
from storage_builders import NOON

from store_agent.storage import ledger, migrations
from store_agent.storage.connection import LEDGER_WRITER, Connection, Profile, open_connection
from sync import schema

SECTOR_BYTES = 512
FILE = Path("/shop/ledger.db")
SCRIPTS = [script for _, script in (*ledger.MIGRATIONS.migrations, *schema.MIGRATIONS)]
NORMAL = replace(LEDGER_WRITER, synchronous="NORMAL")


class PowerLost(apsw.IOError):
    """Every operation after the crash."""

    result = 10  # SQLITE_IOERR
    extendedresult = 10


class _File:
    def __init__(self, durable: bytes = b"") -> None:
        self.durable = bytes(durable)
        self.current = bytearray(durable)


class Disk:
    """The files of one machine. It goes dark when `operations_left` are used up."""

    def __init__(self, files: dict[str, bytes] | None = None) -> None:
        self.files = {name: _File(content) for name, content in (files or {}).items()}
        self.operations_left: int | None = None

    def operate(self) -> None:
        """Count one write, sync or truncation; raises PowerLost from the crash on."""
        if self.operations_left is None:
            return
        if self.operations_left <= 0:
            raise PowerLost("the power is gone")
        self.operations_left -= 1

    def after_crash(self, rng: random.Random) -> dict[str, bytes]:
        """What is on the disk when the power is back."""
        return {name: _surviving(file, rng) for name, file in self.files.items()}

    def contents(self) -> dict[str, bytes]:
        """The files as they are, of a machine that was shut down."""
        return {name: bytes(file.current) for name, file in self.files.items()}


def _surviving(file: _File, rng: random.Random) -> bytes:
    keep = rng.choice((0.0, 0.1, 0.5, 0.9, 1.0))
    size = rng.choice((len(file.durable), len(file.current)))
    image = bytearray(file.durable[:size].ljust(size, b"\0"))
    for start in range(0, size, SECTOR_BYTES):
        fresh = bytes(file.current[start : start + SECTOR_BYTES])
        if fresh and fresh != bytes(image[start : start + len(fresh)]) and rng.random() < keep:
            image[start : start + len(fresh)] = fresh
    return bytes(image[:size])


class DiskVFS(apsw.VFS):
    """Makes a Disk usable by apsw.Connection(..., vfs=name)."""

    def __init__(self, name: str, disk: Disk) -> None:
        super().__init__(name, base="")
        self.disk = disk

    def xOpen(self, name: object, flags: list[int]) -> _Handle:  # noqa: N802  SQLite's name
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        flags[1] = flags[0]
        return _Handle(self.disk, self.disk.files.setdefault(str(path), _File()))

    def xDelete(self, name: str, _sync_folder: bool) -> None:  # noqa: N802  SQLite's name
        self.disk.operate()
        self.disk.files.pop(name, None)

    def xAccess(self, name: str, _flags: int) -> bool:  # noqa: N802  SQLite's name
        return name in self.disk.files

    def xFullPathname(self, name: str) -> str:  # noqa: N802  SQLite's name
        return name

    def xSleep(self, _microseconds: int) -> int:  # noqa: N802  SQLite's name
        return 0

    def xRandomness(self, count: int) -> bytes:  # noqa: N802  SQLite's name
        return os.urandom(count)

    def xCurrentTime(self) -> float:  # noqa: N802  SQLite's name
        return 2460000.5

    def xCurrentTimeInt64(self) -> int:  # noqa: N802  SQLite's name
        return 212_544_043_200_000


class _Handle:
    """An open file. Only one connection exists at a time, so locks are not modelled."""

    def __init__(self, disk: Disk, file: _File) -> None:
        self._disk = disk
        self._file = file

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802  SQLite's name
        return bytes(self._file.current[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802  SQLite's name
        self._disk.operate()
        current = self._file.current
        if len(current) < offset:
            current.extend(b"\0" * (offset - len(current)))
        current[offset : offset + len(data)] = data

    def xTruncate(self, size: int) -> None:  # noqa: N802  SQLite's name
        self._disk.operate()
        del self._file.current[size:]

    def xSync(self, _flags: int) -> None:  # noqa: N802  SQLite's name
        self._disk.operate()
        self._file.durable = bytes(self._file.current)

    def xFileSize(self) -> int:  # noqa: N802  SQLite's name
        return len(self._file.current)

    def xLock(self, _level: int) -> None:  # noqa: N802  SQLite's name
        return None

    def xUnlock(self, _level: int) -> None:  # noqa: N802  SQLite's name
        return None

    def xCheckReservedLock(self) -> bool:  # noqa: N802  SQLite's name
        return False

    def xSectorSize(self) -> int:  # noqa: N802  SQLite's name
        return SECTOR_BYTES

    def xDeviceCharacteristics(self) -> int:  # noqa: N802  SQLite's name
        return 0

    def xFileControl(self, _op: int, _pointer: int) -> bool:  # noqa: N802  SQLite's name
        return False

    def xClose(self) -> None:  # noqa: N802  SQLite's name
        return None


class Machine:
    """One box: a disk, and connections to the file on it."""

    def __init__(self, files: dict[str, bytes] | None = None) -> None:
        self.disk = Disk(files)
        self.name = f"disk-{id(self)}"
        self.vfs = DiskVFS(self.name, self.disk)

    def open(self, profile: Profile) -> Connection:
        return open_connection(FILE, None, profile, self._connect)

    def _connect(self, path: Path, _key: bytes | None) -> Connection:
        connection = apsw.Connection(str(path), vfs=self.name)
        # The wal-index lives in the heap then; shared memory is lost in a crash anyway.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
        return connection


def a_fresh_ledger() -> dict[str, bytes]:
    """The files of a shop that was set up a moment ago, with every table there is."""
    machine = Machine()
    connection = machine.open(LEDGER_WRITER)
    # sqlite-utils, which applies them on the box, does not speak apsw; the statements are the same.
    connection.execute("BEGIN IMMEDIATE")
    for script in SCRIPTS:
        for statement in migrations.statements(script):
            connection.execute(statement)
    ledger.identify(connection, "store-1", NOON)
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()
    return machine.disk.contents()
