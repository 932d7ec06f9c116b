"""Room on the disk: how much is left, and a reserve for the day when nothing is.

On a full disk even a DELETE fails. So a **ballast** file of real blocks lies beside the ledger.
When a commit finds no room, the ballast is shortened by a step and the commit is tried again: the
shop goes on, and the state shows. Its last quarter is for upkeep alone (acknowledging, purging),
which is what makes room again.

The ledger also has a cap in pages below what the disk holds, so that SQLite refuses a statement
cleanly before the disk refuses a write. While room is short the cache may not grow.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import NamedTuple, Protocol

from store_agent.domain.health import ComponentHealth, HealthState
from store_agent.storage.connection import Connection
from store_agent.storage.failures import classify

MIB = 1024 * 1024
BALLAST_FILE = "ballast"
BALLAST_BYTES = 32 * MIB
STEPS = 8
UPKEEP_STEPS = 2  # the last ones, for work that makes room
SMALLEST_SHARE = 8  # on a small disk the ballast is an eighth of it
BLOCK_BYTES = 64 * 1024
# So much room, beyond what upkeep was given, lets ordinary work begin again.
ENOUGH_BYTES = 128 * 1024
WORTH_FRAMES = 64  # of the log: fewer are not worth the fsyncs


class DiskRoom(NamedTuple):
    """What a file system says of itself, in bytes."""

    total: int
    free: int


class Level(StrEnum):
    """How much room there is for the ledger."""

    AMPLE = "ample"
    SHORT = "short"  # the reserve is in use, or nearly; everything is still made durable
    SPENT = "spent"  # read-only: nothing but upkeep is written


@dataclass(frozen=True, slots=True)
class SpaceSettings:
    """No ballast with 0 bytes; `max_ledger_bytes` of None means as the disk allows."""

    ballast_bytes: int = BALLAST_BYTES
    max_ledger_bytes: int | None = None


class Space:
    """The disk under one data folder, and the ballast on it. Safe to use from any thread."""

    def __init__(
        self,
        folder: Path,
        settings: SpaceSettings,
        now: Callable[[], datetime],
        measure: Callable[[Path], DiskRoom] | None = None,
    ) -> None:
        """Looks once; makes nothing before `rebuild`."""
        self._folder = folder
        self._path = folder / BALLAST_FILE
        self._measure = measure or disk_room
        self._now = now
        self._lock = Lock()
        self._since = now()
        self.settings = settings
        self._room = self._measure(folder)
        share = min(settings.ballast_bytes, self._room.total // SMALLEST_SHARE)
        self.step_bytes = _whole_blocks(share // STEPS)
        self.whole_bytes = self.step_bytes * STEPS
        self._ballast = self._length()
        self._is_spent = False
        self._level = self._judge()

    @property
    def level(self) -> Level:
        """How much room there was when somebody looked last."""
        return self._level

    @property
    def free_bytes(self) -> int:
        """Free for the ledger when somebody looked last; the ballast is not counted."""
        return self._room.free

    @property
    def disk_bytes(self) -> int:
        """The size of the disk."""
        return self._room.total

    @property
    def room_bytes(self) -> int:
        """What is free, and what of the ballast ordinary work can still get."""
        return self._room.free + max(0, self._ballast - self.upkeep_bytes)

    @property
    def released_bytes(self) -> int:
        """How much of the ballast is in use."""
        return self.whole_bytes - self._ballast

    @property
    def upkeep_bytes(self) -> int:
        """The part of the ballast that ordinary work never gets."""
        return self.step_bytes * UPKEEP_STEPS

    @property
    def given_to_upkeep(self) -> int:
        """How much of that part is in use."""
        return max(0, self.upkeep_bytes - self._ballast)

    @property
    def margin_bytes(self) -> int:
        """Kept below the disk's end for what is not the file itself: both logs, certificates."""
        return max(self.step_bytes, ENOUGH_BYTES)

    def look(self) -> DiskRoom:
        """Measure again."""
        self._room = self._measure(self._folder)
        self._settle()
        return self._room

    def release(self, *, upkeep: bool) -> bool:
        """Give a step of the ballast to the ledger; False when there is none for this purpose."""
        with self._lock:
            floor = 0 if upkeep else self.upkeep_bytes
            if self._ballast <= floor:
                return False
            length = max(floor, self._ballast - self.step_bytes)
            with self._path.open("r+b") as file:
                file.truncate(length)
                os.fsync(file.fileno())
            self._ballast = length
        self.look()
        return True

    def rebuild(self) -> None:
        """Take the ballast back as soon as the disk has room for it and some more."""
        room = self.look()
        missing = self.whole_bytes - self._ballast
        if missing > 0 and room.free >= missing + self._low_bytes:
            with self._lock:
                self._extend()
            self.look()

    def spend(self, *, is_spent: bool) -> None:
        """Note whether ordinary work finds no room any more."""
        self._is_spent = is_spent
        self._settle()

    def health(self, waiting: int) -> ComponentHealth:
        """The component `storage`; `waiting` is what is served and not yet recorded."""
        reason = _REASONS[self._level]
        if waiting:
            reason += f"; {waiting} entries wait in memory"
        return ComponentHealth("storage", _STATES[self._level], self._since, reason.lstrip("; "))

    @property
    def _low_bytes(self) -> int:
        return self.whole_bytes // 2

    def _judge(self) -> Level:
        if self._is_spent:
            return Level.SPENT
        is_short = self._ballast < self.whole_bytes or self._room.free < self._low_bytes
        return Level.SHORT if is_short else Level.AMPLE

    def _settle(self) -> None:
        level = self._judge()
        if level is not self._level:
            self._level, self._since = level, self._now()

    def _length(self) -> int:
        try:
            return min(self._path.stat().st_size, self.whole_bytes)
        except FileNotFoundError:
            return 0

    def _extend(self) -> None:
        """Real blocks, not a hole: what the file system promised it cannot give to others."""
        descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, self.whole_bytes)
            os.fsync(descriptor)
            self._ballast = self.whole_bytes
        except OSError:  # somebody was faster
            with suppress(OSError):
                os.ftruncate(descriptor, self._ballast)
        finally:
            os.close(descriptor)


class Reserve(Protocol):
    """What a writer asks about room."""

    def may_write(self, connection: Connection) -> bool:
        """Before each group: whether ordinary work may be tried."""

    def give(self, connection: Connection, *, upkeep: bool, first: bool) -> bool:
        """After SQLITE_FULL, the `first` or another in one commit: is it worth trying again?"""

    @property
    def is_short(self) -> bool:
        """Whether blocks that the file has are better kept than given back."""


class LedgerReserve:
    """Room for the ledger: its cap, then the ballast step by step."""

    def __init__(self, space: Space) -> None:
        """Over one disk."""
        self._space = space
        self._capped: Connection | None = None

    @property
    def is_short(self) -> bool:
        """As `Reserve`."""
        return self._space.level is not Level.AMPLE

    def may_write(self, connection: Connection) -> bool:
        """As `Reserve`. Free without trouble: nothing is measured while there is room."""
        if self._capped is not connection:
            self._cap(connection)
        if self._space.level is not Level.SPENT:
            return True
        self._space.look()
        page_bytes = _pragma(connection, "page_size")
        growth = (self._cap(connection) - _pragma(connection, "page_count")) * page_bytes
        room_bytes = max(0, growth - self._space.given_to_upkeep)
        room_bytes += _pragma(connection, "freelist_count") * page_bytes  # needs no new block
        self._space.spend(is_spent=room_bytes < ENOUGH_BYTES)
        return room_bytes >= ENOUGH_BYTES

    def give(self, connection: Connection, *, upkeep: bool, first: bool) -> bool:
        """As `Reserve`."""
        before = _pragma(connection, "max_page_count")
        self._space.look()
        if self._cap(connection) > before:  # others made room since the last look
            return True
        if first and _log_is_free(connection):
            return True
        if self._space.release(upkeep=upkeep):
            _log_is_free(connection)  # while there is room for the file to grow
            self._space.look()
            self._cap(connection)
            return True
        if not upkeep:
            self._space.spend(is_spent=True)
        return False

    def _cap(self, connection: Connection) -> int:
        """Set the cap by the room there is now; the cap in pages."""
        page_bytes = _pragma(connection, "page_size")
        file_bytes = _pragma(connection, "page_count") * page_bytes
        cap_bytes = file_bytes + max(0, self._space.free_bytes - self._space.margin_bytes)
        configured = self._space.settings.max_ledger_bytes
        if configured is not None:
            cap_bytes = min(cap_bytes, configured + self._space.released_bytes)
        self._capped = connection
        return _cap_at(connection, cap_bytes // page_bytes)


class CacheReserve:
    """The cache does not grow while room is short; what fits into it is still written."""

    def __init__(self, space: Space) -> None:
        """Over one disk."""
        self._space = space
        self._capped: tuple[Connection, bool] | None = None

    @property
    def is_short(self) -> bool:
        """As `Reserve`."""
        return self._space.level is not Level.AMPLE

    def may_write(self, connection: Connection) -> bool:
        """As `Reserve`: a withdrawn consent must arrive on a full disk, too."""
        now = (connection, self.is_short)
        if self._capped != now:
            self._capped = now
            _cap_at(connection, 1 if self.is_short else MAX_PAGES)
        return True

    def give(self, connection: Connection, *, upkeep: bool, first: bool) -> bool:
        """As `Reserve`: the ballast is not for what can be fetched again."""
        return False


class NoReserve:
    """For a file of which nobody counts the room."""

    is_short = False

    def may_write(self, connection: Connection) -> bool:
        """As `Reserve`."""
        return True

    def give(self, connection: Connection, *, upkeep: bool, first: bool) -> bool:
        """As `Reserve`."""
        return False


MAX_PAGES = 0xFFFFFFFE  # SQLite's own limit

_STATES = {
    Level.AMPLE: HealthState.OK,
    Level.SHORT: HealthState.DEGRADED,
    Level.SPENT: HealthState.DOWN,
}
_REASONS = {
    Level.AMPLE: "",
    Level.SHORT: "room on the disk is short; everything is still recorded",
    Level.SPENT: "the disk is full: customers are shown, nothing new is recorded",
}


def disk_room(folder: Path) -> DiskRoom:
    """The file system under `folder`, as this user may use it."""
    found = os.statvfs(folder)
    return DiskRoom(found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize)


def _log_is_free(connection: Connection) -> bool:
    """Write the log back, so that the next commit begins at its start and needs no block."""
    try:
        _busy, frames, done = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()[0]
    except Exception as error:
        if classify(error) is None:
            raise
        return False
    return bool(frames == done and frames >= WORTH_FRAMES)


def _cap_at(connection: Connection, pages: int) -> int:
    """Never below what the file has: SQLite raises it to that."""
    return _pragma(connection, f"max_page_count = {max(1, pages)}")


def _pragma(connection: Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchall()[0][0])


def _whole_blocks(length: int) -> int:
    return length // BLOCK_BYTES * BLOCK_BYTES
