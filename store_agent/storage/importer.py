"""The child process that turns a snapshot into a cache file.

Standard input: one JSON line `{"target", "key", "spool", "tag", "offset"}` (raw key as hex or
null), then zstd NDJSON: `{"snapshot": {"total", "as_of"}}`, `{"collection", "key", "doc", "v"?}`
..., `{"cursor", "count"}`. With a spool, the first `offset` bytes of the stream stand there, and
what follows is added to it.
Standard output: JSON lines `{"done", "total"}` and at the end `{"cursor", "count", "quarantined"}`
or `{"error"}`. Memory stays flat whatever the size. One process reads and checks, another writes.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson
import zstandard

from store_agent.storage import cache, migrations
from store_agent.storage.connection import Connect, Connection, connect_sqlcipher
from store_agent.storage.files import sync_file
from store_agent.storage.filling import CacheFilling
from store_agent.storage.row_writer import Statement, elsewhere, run
from store_agent.storage.spool import DamagedSpool, Spool
from store_agent.storage.wire import BadSnapshot, Document, End, Source, Start, entries
from sync.snapshots import SnapshotPosition

PAGE_CACHE_KIB = 64 * 1024
SEARCH_BUFFER_BYTES = 8 * 1024 * 1024  # fewer, larger pieces of the search index to merge
USUAL_SEARCH_BUFFER_BYTES = 1024 * 1024
DOCUMENTS_PER_REPORT = 5000
LEAST_URGENT = 19


class Live:
    """The stream as it comes through the pipe."""

    def __init__(self, pipe: io.BufferedReader) -> None:
        """Behind the order."""
        self._pipe = pipe

    def read(self, size: int, /) -> bytes:
        """What is there, however little: a slow line must not hold back what has come."""
        return self._pipe.read1(size)


class Kept:
    """What was kept of the stream before, then what comes; that is kept as well."""

    def __init__(self, kept: Spool, live: Source) -> None:
        """Over an open spool."""
        self._spool = kept
        self._replay = kept.replay()
        self._live = live

    def read(self, size: int, /) -> bytes:
        """The next record, or what comes."""
        record = next(self._replay, None)
        if record is not None:
            return record
        data = self._live.read(size)
        if data:
            self._spool.append(data)
        return data


def main() -> int:
    """Run one import; 0 when the file is complete."""
    gc.disable()  # nothing here makes cycles, and looking for them costs a third of the time
    os.nice(LEAST_URGENT)  # scans go first, always
    pipe, sink = cast(io.BufferedReader, sys.stdin.buffer), sys.stdout.buffer
    order = orjson.loads(pipe.readline())
    key = bytes.fromhex(order["key"]) if order["key"] is not None else None
    try:
        result = _run(order, key, Live(pipe), sink)
    except (BadSnapshot, DamagedSpool, zstandard.ZstdError) as error:
        _report(sink, {"error": str(error)})
        return 1
    _report(sink, result)
    return 0


def _run(order: dict[str, Any], key: bytes | None, live: Live, sink: BinaryIO) -> dict[str, Any]:
    target = Path(order["target"])
    if order["spool"] is None:
        return build_in_two(live, target, key, sink)
    at = SnapshotPosition(order["tag"], order["offset"])
    with Spool(Path(order["spool"]), key, at) as kept:
        return build_in_two(Kept(kept, live), target, key, sink)


def build(
    source: Source,
    target: Path,
    key: bytes | None,
    sink: BinaryIO,
    connect: Connect = connect_sqlcipher,
) -> dict[str, Any]:
    """Write the cache file `target` from the zstd stream `source`; durable when this returns.

    Raises BadSnapshot or ZstdError; `target` is of no use then.
    """
    with _fresh_file(target, key, connect) as connection:
        return _fill(connection, source, sink)


def build_in_two(source: Source, target: Path, key: bytes | None, sink: BinaryIO) -> dict[str, Any]:
    """As `build`, with a second process that writes. Raises WriterFailed as well."""

    def write(statements: Iterator[Statement]) -> None:
        with _fresh_file(target, key, connect_sqlcipher) as connection:
            run(connection, statements)

    with elsewhere(write) as connection:
        return _fill(connection, source, sink)


@contextmanager
def _fresh_file(target: Path, key: bytes | None, connect: Connect) -> Iterator[Connection]:
    """An empty cache inside a transaction; complete and durable when the block ends well."""
    connection = connect(target, key)
    try:
        _prepare(connection)
        connection.execute("BEGIN")
        yield connection
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
    finally:
        connection.close()
    sync_file(target)


def _prepare(connection: Connection) -> None:
    """Fast and unsafe settings: a file that is not finished is thrown away."""
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = OFF").fetchall()
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(f"PRAGMA cache_size = -{PAGE_CACHE_KIB}")
    migrations.apply(connection, [cache.MIGRATIONS])
    _set_search_buffer(connection, SEARCH_BUFFER_BYTES)


def _fill(connection: Connection, source: Source, sink: BinaryIO) -> dict[str, Any]:
    stream = entries(source)
    start = next(stream, None)
    if not isinstance(start, Start):
        raise BadSnapshot("the first line does not announce a snapshot")
    filling = CacheFilling(connection, start.as_of)
    for done, entry in enumerate(stream):
        if isinstance(entry, End):
            if entry.count != done:
                raise BadSnapshot(f"{done} documents came, {entry.count} were sent")
            filling.finish(entry.cursor)
            connection.execute("INSERT INTO customer_words (customer_words) VALUES ('optimize')")
            _set_search_buffer(connection, USUAL_SEARCH_BUFFER_BYTES)
            _report(sink, {"done": done, "total": start.total})
            return {"cursor": entry.cursor, "count": done, "quarantined": filling.quarantined}
        if not isinstance(entry, Document):
            raise BadSnapshot("a second snapshot begins in the first one")
        filling.add(entry)
        if done % DOCUMENTS_PER_REPORT == 0:
            _report(sink, {"done": done, "total": start.total})
    raise BadSnapshot("the stream ended before its last line")


def _set_search_buffer(connection: Connection, size_bytes: int) -> None:
    connection.execute(
        "INSERT INTO customer_words (customer_words, rank) VALUES ('hashsize', ?)", (size_bytes,)
    )


def _report(sink: BinaryIO, report: dict[str, Any]) -> None:
    sink.write(orjson.dumps(report) + b"\n")
    sink.flush()


if __name__ == "__main__":
    sys.exit(main())
