"""The two ways documents reach a shop: the change log behind a cursor, and the snapshot.

A cursor is `<log id>.<number>`: opaque to shops, and of no use on another platform's file. With a
store's id both are narrowed to what is in its scope; without, they hold everything.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import zstandard

from sync.reference_platform import scope
from sync.reference_platform.store import PlatformStore

CHANGES_PER_PAGE = 500
SNAPSHOT_ROWS_PER_READ = 1000  # about 400 kB of text in memory at a time
SNAPSHOT_ZSTD_LEVEL = 1  # as small as level 3 on such rows, at ten times the speed of gzip
NARROWED = (
    " WHERE collection NOT IN ('vouchers', 'purchases')"
    " OR CAST(doc AS TEXT) ->> 'customer_id' IN (SELECT key FROM temp.in_scope)"
)


class UnknownCursorError(Exception):
    """The cursor is not of this log, or older than what the log still holds."""


@dataclass(frozen=True, slots=True)
class FeedPage:
    """The next changes behind a cursor. `changes` are wire-ready objects."""

    changes: list[dict[str, Any]]
    cursor: str
    up_to_date: bool


def changes_after(
    store: PlatformStore,
    cursor: str,
    store_id: str,
    *,
    is_narrow: bool = False,
    limit: int = CHANGES_PER_PAGE,
) -> FeedPage:
    """The page of a store behind `cursor`, possibly empty. Raises UnknownCursorError."""
    with store.transaction() as tx:
        log, base, head = _bounds(tx)
        after = _parse(cursor, log)
        if not base <= after <= head:
            raise UnknownCursorError
        rows = tx.execute(
            "SELECT seq, collection, key, op, doc, confirms, store_id FROM changes WHERE seq > ?"
            " AND (store_id IS NULL OR store_id = ?) ORDER BY seq LIMIT ?",
            (after, store_id, limit),
        ).fetchall()
        changes = [_change(row) for row in rows]
        if is_narrow:
            changes = [
                narrowed
                for change, row in zip(changes, rows, strict=True)
                if (narrowed := _narrow(tx, store_id, change, row)) is not None
            ]
    last = rows[-1][0] if len(rows) == limit else head
    return FeedPage(changes, f"{log}.{last}", last >= head)


def head(path: Path) -> str:
    """The cursor that a snapshot taken now would end with."""
    with closing(_opened(path)) as connection:
        log, _, newest = _bounds(connection)
        return f"{log}.{newest}"


def snapshot(path: Path, as_of: str, store_id: str | None = None) -> Iterator[bytes]:
    """The state as zstd-compressed NDJSON in pieces; one consistent read, flat memory."""
    with closing(_opened(path)) as connection:
        connection.execute("BEGIN")
        if store_id is not None:
            connection.execute(
                f"CREATE TEMP TABLE in_scope AS {scope.IN_SCOPE}",
                {"store_id": store_id},
            )
            connection.execute("CREATE UNIQUE INDEX temp.by_key ON in_scope (key)")
        where = "" if store_id is None else NARROWED
        log, _, newest = _bounds(connection)
        total = connection.execute(f"SELECT count(*) FROM documents{where}").fetchone()[0]  # noqa: S608
        compressor = zstandard.ZstdCompressor(level=SNAPSHOT_ZSTD_LEVEL).compressobj()
        yield compressor.compress(_line({"snapshot": {"total": total, "as_of": as_of}}))
        for chunk in _rows(connection, where):
            yield compressor.compress(b"".join(map(_document_line, chunk)))
        yield compressor.compress(_line({"cursor": f"{log}.{newest}", "count": total}))
        yield compressor.flush()


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
    )


def _rows(connection: sqlite3.Connection, where: str) -> Iterator[list[tuple[str, str, bytes]]]:
    rows = connection.execute(
        f"SELECT collection, key, doc FROM documents{where} ORDER BY rowid"  # noqa: S608
    )
    while chunk := rows.fetchmany(SNAPSHOT_ROWS_PER_READ):
        yield [_stubbed(connection, row) for row in chunk] if where else chunk


def _stubbed(connection: sqlite3.Connection, row: tuple[str, str, bytes]) -> tuple[str, str, bytes]:
    collection, key, doc = row
    if collection != "customers" or _has(connection, key):
        return row
    return collection, key, orjson.dumps(scope.stub(orjson.loads(doc)))


def _has(connection: sqlite3.Connection, key: str) -> bool:
    found = connection.execute("SELECT 1 FROM temp.in_scope WHERE key = ?", (key,)).fetchone()
    return found is not None


def _bounds(tx: sqlite3.Connection) -> tuple[str, int, int]:
    notes = dict(tx.execute("SELECT name, value FROM notes WHERE name IN ('log', 'base')"))
    base = int(notes["base"])
    newest = tx.execute("SELECT max(seq) FROM changes").fetchone()[0]
    return notes["log"], base, max(base, newest or 0)


def _parse(cursor: str, log: str) -> int:
    own_log, _, number = cursor.partition(".")
    if own_log != log or not (number.isascii() and number.isdigit()):
        raise UnknownCursorError
    return int(number)


def _narrow(
    tx: sqlite3.Connection, store_id: str, change: dict[str, Any], row: tuple[Any, ...]
) -> dict[str, Any] | None:
    told_this_store = row[6] is not None
    return change if told_this_store else scope.narrow(tx, store_id, change, row[4])


def _change(row: tuple[Any, ...]) -> dict[str, Any]:
    _, collection, key, op, doc, confirms, _ = row
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
