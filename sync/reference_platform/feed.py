"""The two ways documents reach a shop: the change log behind a cursor, and the snapshot.

A cursor is `<log id>.<number>`: opaque to shops, and of no use on another platform's file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import zstandard

from sync.reference_platform.store import PlatformStore

CHANGES_PER_PAGE = 500
SNAPSHOT_ROWS_PER_READ = 1000  # about 400 kB of text in memory at a time
SNAPSHOT_ZSTD_LEVEL = 1  # as small as level 3 on such rows, at ten times the speed of gzip


class UnknownCursorError(Exception):
    """The cursor is not of this log, or older than what the log still holds."""


@dataclass(frozen=True, slots=True)
class FeedPage:
    """The next changes behind a cursor. `changes` are wire-ready objects."""

    changes: list[dict[str, Any]]
    cursor: str
    up_to_date: bool


def changes_after(store: PlatformStore, cursor: str, limit: int = CHANGES_PER_PAGE) -> FeedPage:
    """The page behind `cursor`, possibly empty. Raises UnknownCursorError."""
    with store.transaction() as tx:
        log, base, head = _bounds(tx)
        after = _parse(cursor, log)
        if not base <= after <= head:
            raise UnknownCursorError
        rows = tx.execute(
            "SELECT seq, collection, key, op, doc, confirms FROM changes WHERE seq > ?"
            " ORDER BY seq LIMIT ?",
            (after, limit),
        ).fetchall()
    last = rows[-1][0] if rows else after
    return FeedPage([_change(row) for row in rows], f"{log}.{last}", last >= head)


def snapshot(path: Path, as_of: str) -> Iterator[bytes]:
    """The whole state as zstd-compressed NDJSON in pieces; one consistent read, flat memory."""
    connection = sqlite3.connect(
        f"file:{path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("BEGIN")
        log, _, head = _bounds(connection)
        total = connection.execute("SELECT count(*) FROM documents").fetchone()[0]
        compressor = zstandard.ZstdCompressor(level=SNAPSHOT_ZSTD_LEVEL).compressobj()
        yield compressor.compress(_line({"snapshot": {"total": total, "as_of": as_of}}))
        rows = connection.execute("SELECT collection, key, doc FROM documents ORDER BY rowid")
        while chunk := rows.fetchmany(SNAPSHOT_ROWS_PER_READ):
            yield compressor.compress(b"".join(map(_document_line, chunk)))
        yield compressor.compress(_line({"cursor": f"{log}.{head}", "count": total}))
        yield compressor.flush()
    finally:
        connection.close()


def _bounds(tx: sqlite3.Connection) -> tuple[str, int, int]:
    notes = dict(tx.execute("SELECT name, value FROM notes WHERE name IN ('log', 'base')"))
    base = int(notes["base"])
    head = tx.execute("SELECT max(seq) FROM changes").fetchone()[0]
    return notes["log"], base, max(base, head or 0)


def _parse(cursor: str, log: str) -> int:
    own_log, _, number = cursor.partition(".")
    if own_log != log or not (number.isascii() and number.isdigit()):
        raise UnknownCursorError
    return int(number)


def _change(row: tuple[Any, ...]) -> dict[str, Any]:
    _, collection, key, op, doc, confirms = row
    change: dict[str, Any] = {"collection": collection, "key": key, "op": op}
    if doc is not None:
        change["doc"] = orjson.Fragment(doc)
    if confirms is not None:
        change["confirms"] = confirms
    return change


def _line(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value) + b"\n"


def _document_line(row: tuple[str, str, bytes]) -> bytes:
    collection, key, doc = row
    return b'{"collection":%b,"key":%b,"doc":%b}\n' % (
        orjson.dumps(collection),
        orjson.dumps(key),
        doc,
    )
