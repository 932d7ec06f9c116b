"""The folder that daily files go to: a card, a stick, a share. It blocks: run it in a thread."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Protocol

from sync.errors import TransportError, UnreachableError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
FILE_MODE = 0o640  # the files hold what customers did


class Disk(Protocol):
    """What a daily file needs of a file system. Raises OSError."""

    def exists(self, file: Path) -> bool:
        """Whether there is such a file; False as well when there is no such folder."""

    def names(self, folder: Path) -> list[str]:
        """What is in the folder. Raises FileNotFoundError when there is none."""

    def begin(self, file: Path) -> None:
        """Make the file, or empty it."""

    def append(self, file: Path, piece: bytes) -> None:
        """Write behind what is there."""

    def sync(self, file: Path) -> None:
        """Return when the content would survive a power cut."""

    def rename(self, file: Path, to: Path) -> None:
        """Give it its name; whatever bore it is replaced in the same moment."""

    def sync_folder(self, folder: Path) -> None:
        """Return when the names would survive a power cut."""

    def remove(self, file: Path) -> None:
        """Delete it."""


class RealDisk:
    """The operating system's."""

    def exists(self, file: Path) -> bool:
        """See `Disk`."""
        return file.exists()

    def names(self, folder: Path) -> list[str]:
        """See `Disk`."""
        return os.listdir(folder)  # noqa: PTH208  the same, without a Path for each

    def begin(self, file: Path) -> None:
        """See `Disk`."""
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE))

    def append(self, file: Path, piece: bytes) -> None:
        """See `Disk`."""
        with file.open("ab", buffering=0) as out:
            view = memoryview(piece)
            while view:
                view = view[out.write(view) :]

    def sync(self, file: Path) -> None:
        """See `Disk`."""
        _fsync(file)

    def rename(self, file: Path, to: Path) -> None:
        """See `Disk`."""
        file.replace(to)

    def sync_folder(self, folder: Path) -> None:
        """See `Disk`."""
        _fsync(folder)

    def remove(self, file: Path) -> None:
        """See `Disk`."""
        file.unlink()


def explained(error: OSError, folder: Path) -> TransportError:
    """What went wrong with the folder, and who can mend it."""
    kind = errno.errorcode.get(error.errno or 0, type(error).__name__)
    if error.errno in FULL:
        return TransportError("no room for the daily file", hint=f"Make room in {folder}.")
    return UnreachableError(f"the folder of daily files fails: {kind}", hint=_remedy(kind, folder))


def _remedy(kind: str, folder: Path) -> str:
    if kind in {"ENOENT", "ENOTDIR", "ESTALE", "ENODEV", "EIO", "ENOTCONN"}:
        return f"{folder} is gone: plug the stick in, mount the share, or make the folder."
    if kind in {"EACCES", "EPERM", "EROFS"}:
        return f"Let the agent's user write to {folder}."
    return f"Look at {folder}."


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
