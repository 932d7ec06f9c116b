"""The shipped fake: an importer that trusts nothing, and a disk that loses what was not synced."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sync.transports.csv_file.columns import COLUMNS
from sync.transports.csv_file.publishing import CHECKSUM


class NotAsPromisedError(Exception):
    """A file that an importer has to reject; the message says why."""


def read_day(content: bytes, checksum: bytes, name: str) -> list[dict[str, str]]:
    """The rows of one published file. Raises NotAsPromisedError."""
    if checksum != f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode():
        raise NotAsPromisedError(f"{name} and its checksum differ")
    text = content.decode("utf-8")
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    if not rows or tuple(rows[0]) != COLUMNS:
        raise NotAsPromisedError(f"{name} has other columns")
    if any(len(row) != len(COLUMNS) for row in rows):
        raise NotAsPromisedError(f"{name} has a torn line")
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows[1:]]


@dataclass(slots=True)
class _Content:
    """What a file holds, and what of it would survive a power cut."""

    data: bytearray = field(default_factory=bytearray)
    durable: bytes = b""


@dataclass(slots=True)
class FakeDisk:
    """One folder in memory. What was not synced is lost at `cut_power`: content, and names.

    `is_there` False: the stick was pulled out. `room_bytes` bounds all content. `before` is called
    with the name of each step before it happens; it may raise.
    """

    is_there: bool = True
    room_bytes: int = 1 << 40
    before: Callable[[str], None] = lambda _: None
    _files: dict[str, _Content] = field(default_factory=dict)
    _durable_names: dict[str, _Content] = field(default_factory=dict)

    def cut_power(self) -> None:
        """Leave what is durable."""
        self._files = {
            name: _Content(bytearray(one.durable), one.durable)
            for name, one in self._durable_names.items()
        }
        self._durable_names = dict(self._files)

    def contents(self) -> dict[str, bytes]:
        """All files by name."""
        return {name: bytes(one.data) for name, one in self._files.items()}

    def published(self) -> dict[str, list[dict[str, str]]]:
        """Rows by file, of all that have their checksum. Raises NotAsPromisedError."""
        files = self.contents()
        return {
            name: read_day(content, files[name + CHECKSUM], name)
            for name, content in sorted(files.items())
            if name.endswith(".csv") and name + CHECKSUM in files
        }

    def exists(self, file: Path) -> bool:
        """See `Disk`."""
        self.before("exists")
        return self.is_there and file.name in self._files

    def names(self, folder: Path) -> list[str]:
        """See `Disk`."""
        self._begin_step("names", folder)
        return list(self._files)

    def begin(self, file: Path) -> None:
        """See `Disk`."""
        self._begin_step("begin", file)
        self._files[file.name] = _Content()

    def append(self, file: Path, piece: bytes) -> None:
        """See `Disk`."""
        self._begin_step("append", file)
        if sum(len(one.data) for one in self._files.values()) + len(piece) > self.room_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._files[file.name].data += piece

    def sync(self, file: Path) -> None:
        """See `Disk`."""
        self._begin_step("sync", file)
        content = self._files[file.name]
        content.durable = bytes(content.data)

    def rename(self, file: Path, to: Path) -> None:
        """See `Disk`. The new name is durable at once, as it may be: a journal is free to hurry."""
        self._begin_step("rename", file)
        self._files[to.name] = self._files.pop(file.name)
        self._durable_names.pop(file.name, None)
        self._durable_names[to.name] = self._files[to.name]

    def sync_folder(self, folder: Path) -> None:
        """See `Disk`."""
        self._begin_step("sync_folder", folder)
        self._durable_names = dict(self._files)

    def remove(self, file: Path) -> None:
        """See `Disk`."""
        self._begin_step("remove", file)
        del self._files[file.name]

    def _begin_step(self, name: str, path: Path) -> None:
        self.before(name)
        if not self.is_there:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
