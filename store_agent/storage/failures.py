"""What a SQLite error means for the caller: one table for both drivers."""

from __future__ import annotations

import errno
from enum import Enum

# Primary result codes of SQLite (sqlite.org/rescode.html).
SQLITE_BUSY = 5
SQLITE_LOCKED = 6
SQLITE_NOMEM = 7
SQLITE_READONLY = 8
SQLITE_IOERR = 10
SQLITE_CORRUPT = 11
SQLITE_FULL = 13
SQLITE_CANTOPEN = 14
SQLITE_NOTADB = 26


class Failure(Enum):
    """Kinds of trouble that are not the statement's own fault."""

    FULL = "the disk or the file's size limit is full"
    IO_ERROR = "the disk reported an error"
    DAMAGED = "the file is damaged"
    BUSY = "another program holds the file"
    READ_ONLY = "the file cannot be written"


_BY_CODE = {
    SQLITE_BUSY: Failure.BUSY,
    SQLITE_LOCKED: Failure.BUSY,
    SQLITE_NOMEM: Failure.IO_ERROR,
    SQLITE_READONLY: Failure.READ_ONLY,
    SQLITE_IOERR: Failure.IO_ERROR,
    SQLITE_CORRUPT: Failure.DAMAGED,
    SQLITE_FULL: Failure.FULL,
    SQLITE_CANTOPEN: Failure.IO_ERROR,
    SQLITE_NOTADB: Failure.DAMAGED,
}

HINTS = {
    Failure.FULL: "Free space on the disk of the data folder.",
    Failure.IO_ERROR: "Check the disk or memory card of the data folder (dmesg, smartctl).",
    Failure.DAMAGED: "Restart the agent: it moves the damaged file aside and reports it.",
    Failure.BUSY: "Close the other program that has the data folder open.",
    Failure.READ_ONLY: "Mount the data folder writable and give it to the agent's user.",
}

REOPEN = frozenset({Failure.IO_ERROR, Failure.DAMAGED, Failure.READ_ONLY})
"""After these the connection is not to be trusted: close, open, verify; never repeat the fsync."""


_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


class NoRoom(Exception):
    """The reserve has nothing left for this work; the disk was not even asked."""


def result_code(error: BaseException) -> int | None:
    """SQLite's primary result code of a driver's exception; None for any other exception."""
    code = getattr(error, "sqlite_errorcode", None)  # sqlite3, sqlcipher3
    if code is None:
        code = getattr(error, "result", None)  # apsw
    return code & 0xFF if isinstance(code, int) else None


def classify(error: BaseException) -> Failure | None:
    """The failure behind `error`; None when the statement itself (or the caller) is at fault."""
    if isinstance(error, NoRoom) or (isinstance(error, OSError) and error.errno in _NO_ROOM):
        return Failure.FULL
    code = result_code(error)
    return None if code is None else _BY_CODE.get(code)
