"""What the ledger keeps for daily files: the lines of days that are not written yet.

A line is taken once: by its event's id while it is here, and afterwards by the place in the queue,
which is noted in the same transaction. Places count within an epoch: these tables may come out of
a damaged ledger into a fresh one, whose queue begins anew. A file's lines are fixed (`file` is set)
before it is written and leave when it stands on the disk: whatever happens in between, the same
bytes are written again under the same name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from sync.outbox import Connection, Lane

MIGRATIONS: tuple[tuple[str, str], ...] = (
    (
        "csv_file_001_lines",
        """
        CREATE TABLE csv_lines (
            transport TEXT NOT NULL,
            epoch TEXT NOT NULL,
            seq INTEGER NOT NULL,
            id TEXT NOT NULL,
            day TEXT NOT NULL,
            file TEXT,
            line BLOB NOT NULL,
            PRIMARY KEY (transport, epoch, seq)
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX csv_lines_by_id ON csv_lines (transport, id);
        CREATE INDEX csv_lines_by_day ON csv_lines (transport, file, day);
        CREATE TABLE csv_places (
            transport TEXT NOT NULL,
            epoch TEXT NOT NULL,
            lane INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            PRIMARY KEY (transport, epoch, lane)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE csv_folders (
            transport TEXT NOT NULL,
            folder TEXT NOT NULL,
            PRIMARY KEY (transport, folder)
        ) STRICT, WITHOUT ROWID;
        """,
    ),
)


Place = tuple[str, int]  # epoch and sequence number
FIRST: Place = ("", 0)


class Line(NamedTuple):
    """One event's line, its place in the queue, and the business day it belongs to."""

    epoch: str
    lane: Lane
    seq: int
    id: str
    day: date
    text: bytes


def take(tx: Connection, transport: str, lines: Iterable[Line]) -> frozenset[str]:
    """Keep what is new; the ids of what was here before."""
    known = set()
    for one in lines:
        if _is_known(tx, transport, one):
            known.add(one.id)
            continue
        tx.execute(
            "INSERT INTO csv_lines (transport, epoch, seq, id, day, line)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (transport, one.epoch, one.seq, one.id, one.day.isoformat(), one.text),
        )
        tx.execute(
            "INSERT INTO csv_places VALUES (?, ?, ?, ?) ON CONFLICT (transport, epoch, lane)"
            " DO UPDATE SET seq = excluded.seq",
            (transport, one.epoch, one.lane, one.seq),
        )
    return frozenset(known)


def unfinished(conn: Connection, transport: str) -> list[str]:
    """The files whose lines are fixed and which may not stand on the disk yet."""
    found = conn.execute(
        "SELECT DISTINCT file FROM csv_lines WHERE transport = ? AND file IS NOT NULL ORDER BY 1",
        (transport,),
    )
    return [row[0] for row in found.fetchall()]


def days_before(conn: Connection, transport: str, day: date) -> list[date]:
    """The days before `day` with lines that belong to no file yet, oldest first."""
    found = conn.execute(
        "SELECT DISTINCT day FROM csv_lines WHERE transport = ? AND file IS NULL AND day < ?"
        " ORDER BY day",
        (transport, day.isoformat()),
    )
    return [date.fromisoformat(row[0]) for row in found.fetchall()]


def fix(tx: Connection, transport: str, day: date, file: str) -> None:
    """From now on these lines are `file`; what comes later for that day is another one."""
    tx.execute(
        "UPDATE csv_lines SET file = ? WHERE transport = ? AND file IS NULL AND day = ?",
        (file, transport, day.isoformat()),
    )


def page(
    conn: Connection, transport: str, file: str, after: Place, limit: int
) -> Sequence[tuple[str, int, bytes]]:
    """Epoch, sequence number and text of at most `limit` lines of a file, in their order."""
    return conn.execute(
        "SELECT epoch, seq, line FROM csv_lines WHERE transport = ? AND file = ?"
        " AND (epoch, seq) > (?, ?) ORDER BY epoch, seq LIMIT ?",
        (transport, file, *after, limit),
    ).fetchall()


def forget(tx: Connection, transport: str, file: str) -> None:
    """The file is on the disk. All its lines at once: half of them would be another file."""
    tx.execute("DELETE FROM csv_lines WHERE transport = ? AND file = ?", (transport, file))


def knows_folder(conn: Connection, transport: str, folder: str) -> bool:
    """Whether this folder was in use before."""
    found = conn.execute(
        "SELECT 1 FROM csv_folders WHERE transport = ? AND folder = ?", (transport, folder)
    )
    return found.fetchone() is not None


def remember_folder(tx: Connection, transport: str, folder: str) -> None:
    """This folder is in use."""
    tx.execute("INSERT OR IGNORE INTO csv_folders VALUES (?, ?)", (transport, folder))


def _is_known(tx: Connection, transport: str, one: Line) -> bool:
    found = tx.execute(
        "SELECT 1 FROM csv_places WHERE transport = ?1 AND epoch = ?2 AND lane = ?3 AND seq >= ?4"
        " UNION ALL SELECT 1 FROM csv_lines WHERE transport = ?1 AND id = ?5",
        (transport, one.epoch, one.lane, one.seq, one.id),
    )
    return found.fetchone() is not None
