"""Opening a data file at start: is it ours, is it whole, is its schema the one we know?

A file that is damaged is moved aside, never deleted, and a fresh one takes its place. A file that
is merely not for us (other key, newer schema, other store) is refused, because starting fresh
would hide what it holds.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from store_agent.storage import keys, meta, migrations
from store_agent.storage.connection import Connect, Connection, Profile, open_connection
from store_agent.storage.errors import NewerSchema, NotEncrypted, WrongKey
from store_agent.storage.failures import Failure, classify
from store_agent.storage.files import SIDE_FILES, sync_file, sync_folder, with_side_files
from store_agent.storage.migrations import MigrationSet
from store_agent.storage.times import file_stamp

PLAIN_HEADER = b"SQLite format 3\x00"


@dataclass(frozen=True, slots=True)
class Recovery:
    """A damaged file that was moved aside at start."""

    file: str
    moved_to: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DataFile:
    """One of the two files and how to open it. `sets[0]` are its own migrations."""

    path: Path
    key: bytes | None
    profile: Profile
    sets: Sequence[MigrationSet]
    connect: Connect

    def open(self) -> Connection:
        """A configured connection for the writer."""
        return open_connection(self.path, self.key, self.profile, self.connect)


class _Damaged(Exception):
    """The file does not hold what SQLite or this agent wrote; the message says how it shows."""


def open_or_recover(
    file: DataFile, initialise: Callable[[Connection], None], at: datetime, *, thorough: bool
) -> Recovery | None:
    """Make `file` ready for use; what was moved aside, if it was damaged.

    `initialise` runs in a transaction after the migrations. `thorough` (after an unclean end)
    reads the whole file. Raises StorageRefused when the file must not be used.
    """
    key_is_right = keys.check_fingerprint(file.path.parent, file.key)
    _refuse_plain_text(file)
    log = _hold_log(file.path)
    try:
        _prepare(file, initialise, at, thorough=thorough)
    except _Damaged as error:
        if not key_is_right:
            raise WrongKey(
                f"{file.path.name} cannot be read with this key",
                hint=f"Restore the key, or move {file.path.name} away to start with a fresh file.",
            ) from error
        recovery = _move_aside(file.path, log, str(error), at)
        _prepare(file, initialise, at, thorough=False)
        return recovery
    finally:
        log.unlink(missing_ok=True)
    return None


def _refuse_plain_text(file: DataFile) -> None:
    if file.key is None or not file.path.exists():
        return
    with file.path.open("rb") as content:
        if content.read(len(PLAIN_HEADER)) == PLAIN_HEADER:
            raise NotEncrypted(
                f"{file.path.name} is not encrypted, but a key is set",
                hint="Move the file away, or allow unencrypted files in the settings.",
            )


def _prepare(
    file: DataFile, initialise: Callable[[Connection], None], at: datetime, *, thorough: bool
) -> None:
    try:
        connection = file.open()
        try:
            _check(connection, thorough=thorough)
            _upgrade(file, connection, at)
            _in_transaction(connection, lambda tx: _finish(tx, file, initialise))
        finally:
            connection.close()
    except Exception as error:
        if classify(error) is Failure.DAMAGED:
            raise _Damaged(str(error)) from error
        raise


def _check(connection: Connection, *, thorough: bool) -> None:
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    if thorough:
        faults = connection.execute("PRAGMA quick_check(1)").fetchall()
        if faults[0][0] != "ok":
            raise _Damaged(f"quick_check: {faults[0][0]}")


def _upgrade(file: DataFile, connection: Connection, at: datetime) -> None:
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()[0][0]
    if migrations.pending(connection, file.sets) == 0:
        return
    if tables:
        _back_up(file, connection, at)
    migrations.apply(connection, file.sets)


def _back_up(file: DataFile, connection: Connection, at: datetime) -> None:
    """Copy the file as it is, encrypted, before its schema changes."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    copy = _free_name(file.path, f"before-upgrade-{file_stamp(at)}")
    shutil.copy2(file.path, copy)
    sync_file(copy)
    sync_folder(copy.parent)


def _finish(tx: Connection, file: DataFile, initialise: Callable[[Connection], None]) -> None:
    ours = len(file.sets[0].migrations)
    known = int(meta.get(tx, "schema_version") or 0)
    if known > ours:
        raise NewerSchema(
            f"{file.path.name} has schema version {known}, this release knows {ours}",
            hint="Install the newer release again, or restore the copy made before its upgrade.",
        )
    initialise(tx)
    if known != ours:  # a start without news writes nothing, and so needs no room
        meta.put(tx, "schema_version", ours)


def _in_transaction(connection: Connection, work: Callable[[Connection], None]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        work(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _hold_log(path: Path) -> Path:
    """A second name for the write-ahead log: SQLite deletes a log that it cannot read."""
    held = path.with_name(path.name + "-wal.held")
    held.unlink(missing_ok=True)
    with suppress(OSError):  # no log, or a file system without links: then without
        held.hardlink_to(path.with_name(path.name + "-wal"))
    return held


def _move_aside(path: Path, log: Path, reason: str, at: datetime) -> Recovery:
    target = _free_name(path, f"damaged-{file_stamp(at)}")
    for part in with_side_files(path):
        part.rename(target.with_name(target.name + part.name.removeprefix(path.name)))
    if log.exists():
        log.replace(target.with_name(target.name + "-wal"))
    sync_folder(path.parent)
    return Recovery(path.name, target.name, reason, at)


def _free_name(path: Path, ending: str) -> Path:
    """A name beside `path` that nobody uses, also not with SQLite's side files."""
    target = path.with_name(f"{path.name}.{ending}")
    number = 1
    while any(target.with_name(target.name + end).exists() for end in ("", *SIDE_FILES)):
        number += 1
        target = path.with_name(f"{path.name}.{ending}-{number}")
    return target
