"""Files that must be there after a power cut, and the lock on the data folder."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from store_agent.storage.errors import InUse

SIDE_FILES = ("-wal", "-shm")
LOCK_FILE = "storage.lock"
_RUNNING = b"running\n"
_STOPPED = b"stopped\n"  # as long: overwriting needs no new block, so a full disk starts, too


def sync_folder(folder: Path) -> None:
    """Make renames and new files in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Make the content of `path` durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_durably(path: Path, content: bytes) -> None:
    """Replace `path` in one step: after a power cut it holds the old content or the new one."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(content)
    sync_file(fresh)
    fresh.replace(path)
    sync_folder(path.parent)


def with_side_files(database: Path) -> list[Path]:
    """The database file and those SQLite keeps beside it, as far as they exist."""
    candidates = [database, *(database.with_name(database.name + end) for end in SIDE_FILES)]
    return [path for path in candidates if path.exists()]


class FolderLock:
    """One agent per data folder. The lock file also tells whether the last run ended cleanly."""

    def __init__(self, folder: Path) -> None:
        """Take the lock; raises InUse when another process has it."""
        self._descriptor = os.open(folder / LOCK_FILE, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._descriptor)
            raise InUse(
                f"another agent has {folder} open",
                hint="Stop the other agent, or give this one another data folder.",
            ) from error
        self.was_unclean = os.pread(self._descriptor, len(_RUNNING), 0) == _RUNNING
        os.pwrite(self._descriptor, _RUNNING, 0)
        os.fsync(self._descriptor)
        sync_folder(folder)

    def release(self, *, clean: bool) -> None:
        """Give the folder free; `clean` when everything was written and closed."""
        if clean:
            os.pwrite(self._descriptor, _STOPPED, 0)
            os.fsync(self._descriptor)
        os.close(self._descriptor)
