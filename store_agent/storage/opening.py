"""Opening a data file at start: is it ours, is it whole, is its schema the one we know?

A file that is damaged is moved aside, never deleted, and a fresh one takes its place. A file that
is merely not for us (other key, newer schema, other store) is refused, because starting fresh
would hide what it holds.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from store_agent.storage import keys, meta, migrations
from store_agent.storage.connection import (
    Connect,
    Connection,
    Profile,
    connect_damaged,
    open_connection,
)
from store_agent.storage.errors import NewerSchema, NotEncrypted, WrongKey
from store_agent.storage.failures import Failure, classify
from store_agent.storage.files import SIDE_FILES, sync_file, sync_folder, with_side_files
from store_agent.storage.migrations import MigrationSet
from store_agent.storage.salvage import DamagedFile
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
    rescue: Rescue | None = None

    def open(self) -> Connection:
        """A configured connection for the writer."""
        return open_connection(self.path, self.key, self.profile, self.connect)


Rescue = Callable[[DamagedFile, Connection], int]
"""Copies what it can from a damaged file into a fresh one, in one transaction; rows copied."""


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
    completed = _complete_exchange(file.path, at)
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
        return _replace(file, log, str(error), initialise, at)
    finally:
        log.unlink(missing_ok=True)
    return completed


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


def fault_of(connection: Connection) -> str:
    """What `integrity_check` finds first; "" when all is well."""
    try:
        found = str(connection.execute("PRAGMA integrity_check(1)").fetchall()[0][0])
    except Exception as error:
        if classify(error) is not Failure.DAMAGED:
            raise
        return str(error)
    return "" if found == "ok" else found


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


def _replace(
    file: DataFile, log: Path, reason: str, initialise: Callable[[Connection], None], at: datetime
) -> Recovery:
    """Build a fresh file with what can be read of the damaged one, then exchange the two.

    Until the exchange nothing has changed: a power cut before it begins all of this again.
    """
    fresh = replace(file, path=_fresh(file.path))
    _prepare(fresh, initialise, at, thorough=False)
    if file.rescue is not None:
        _restore_log(file.path, log)
        reason = f"{reason}; {_rescue(file, file.rescue, fresh)}"
    moved_to = _move_aside(file.path, log, at)
    fresh.path.replace(file.path)
    sync_folder(file.path.parent)
    return Recovery(file.path.name, moved_to, reason, at)


def _complete_exchange(path: Path, at: datetime) -> Recovery | None:
    """After a power cut between the two renames of an exchange: only the second is missing."""
    fresh = _fresh(path)
    if path.exists():
        for leftover in with_side_files(fresh):
            leftover.unlink()
        return None
    aside = sorted(path.parent.glob(f"{path.name}.damaged-*"))
    if not fresh.exists() or not aside:
        return None
    fresh.replace(path)
    sync_folder(path.parent)
    name = aside[-1].name.removesuffix("-wal").removesuffix("-shm")
    return Recovery(path.name, name, "damaged; a power cut came while it was exchanged", at)


def _fresh(path: Path) -> Path:
    return path.with_name(path.name + ".fresh")


def _restore_log(path: Path, held: Path) -> None:
    """Rows may stand only in a log that SQLite has thrown away meanwhile."""
    log = path.with_name(path.name + "-wal")
    if held.exists() and not log.exists():
        log.hardlink_to(held)


def _rescue(file: DataFile, rescue: Rescue, fresh: DataFile) -> str:
    """Copy what can be read; a clause for the operator. Raises only for want of room."""
    old = DamagedFile(partial(connect_damaged, file.path, file.key))
    connection = fresh.open()
    try:
        rows = 0

        def copy(tx: Connection) -> None:
            nonlocal rows
            rows = rescue(old, tx)

        _in_transaction(connection, copy)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except Exception as error:
        if classify(error) is not None:
            raise
        # Whatever a damaged file holds must not keep the shop from opening.
        return f"its rows could not be recovered ({type(error).__name__})"
    finally:
        old.close()
        connection.close()
    torn = f", parts of {', '.join(sorted(old.torn))} were not" if old.torn else ""
    return f"{rows} rows were recovered{torn}"


def _move_aside(path: Path, log: Path, at: datetime) -> str:
    """Give the damaged file another name. Its log goes first: it must not meet the fresh file."""
    target = _free_name(path, f"damaged-{file_stamp(at)}")
    for part in reversed(with_side_files(path)):
        part.rename(target.with_name(target.name + part.name.removeprefix(path.name)))
    if log.exists():
        log.replace(target.with_name(target.name + "-wal"))
    sync_folder(path.parent)
    return target.name


def _free_name(path: Path, ending: str) -> Path:
    """A name beside `path` that nobody uses, also not with SQLite's side files."""
    target = path.with_name(f"{path.name}.{ending}")
    number = 1
    while any(target.with_name(target.name + end).exists() for end in ("", *SIDE_FILES)):
        number += 1
        target = path.with_name(f"{path.name}.{ending}-{number}")
    return target
