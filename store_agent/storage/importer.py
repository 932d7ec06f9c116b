"""The child process that turns a snapshot into a cache file.

Standard input: one JSON line `{"target", "key"}` (raw key as hex or null), then zstd NDJSON:
`{"snapshot": {"total", "as_of"}}`, `{"collection", "key", "doc"}` ..., `{"cursor", "count"}`.
Standard output: JSON lines `{"done", "total"}` and at the end `{"cursor", "count", "quarantined"}`
or `{"error"}`. Memory stays flat whatever the size.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import zstandard

from store_agent.domain.errors import InvalidInput
from store_agent.storage import cache, changes, documents, migrations, words
from store_agent.storage.changes import Change
from store_agent.storage.connection import Connection, connect_sqlcipher
from store_agent.storage.documents import COLLECTIONS
from store_agent.storage.files import sync_file

READ_BYTES = 256 * 1024
MAX_LINE_BYTES = 1024 * 1024  # one document; more is no document of ours
MAX_WINDOW_BYTES = 8 * 1024 * 1024  # what a zstd frame may make us keep in memory
MAX_TOTAL_BYTES = 32 * 1024**3  # a decompression bomb would fill the disk otherwise
ROWS_PER_INSERT = 1000
DOCUMENTS_PER_REPORT = 5000
PAGE_CACHE_KIB = 64 * 1024
SEARCH_BUFFER_BYTES = 8 * 1024 * 1024  # fewer, larger pieces of the search index to merge
_USUAL_SEARCH_BUFFER_BYTES = 1024 * 1024


class BadSnapshot(Exception):
    """The stream is not a snapshot; the message goes to the log of the agent."""


def main() -> int:
    """Run one import; 0 when the file is complete."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    order = orjson.loads(source.readline())
    target = Path(order["target"])
    key = bytes.fromhex(order["key"]) if order["key"] is not None else None
    try:
        result = build(source, target, key, sink)
    except (BadSnapshot, zstandard.ZstdError) as error:
        _report(sink, {"error": str(error)})
        return 1
    _report(sink, result)
    return 0


def build(source: BinaryIO, target: Path, key: bytes | None, sink: BinaryIO) -> dict[str, Any]:
    """Write the cache file `target` from the zstd stream `source`, durable when this returns."""
    connection = connect_sqlcipher(target, key)
    try:
        _prepare(connection)
        connection.execute("BEGIN")
        result = _Import(connection, sink).run(_documents(source))
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
    finally:
        connection.close()
    sync_file(target)
    return result


def _prepare(connection: Connection) -> None:
    """Fast and unsafe settings: a file that is not finished is thrown away."""
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = OFF").fetchall()
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(f"PRAGMA cache_size = -{PAGE_CACHE_KIB}")
    migrations.apply(connection, [cache.MIGRATIONS])
    _set_search_buffer(connection, SEARCH_BUFFER_BYTES)


def _set_search_buffer(connection: Connection, size_bytes: int) -> None:
    connection.execute(
        "INSERT INTO customer_words (customer_words, rank) VALUES ('hashsize', ?)", (size_bytes,)
    )


def _documents(source: BinaryIO) -> Iterator[dict[str, Any]]:
    for line in _lines(source):
        try:
            document = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise BadSnapshot("a line is not JSON") from error
        if not isinstance(document, dict):
            raise BadSnapshot("a line is not a JSON object")
        yield document


def _lines(source: BinaryIO) -> Iterator[bytes]:
    """The lines of a zstd stream, never more than a piece of it in memory."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES)
    total = 0
    rest = b""
    with decompressor.stream_reader(source, read_across_frames=True, closefd=False) as reader:
        while piece := reader.read(READ_BYTES):
            total += len(piece)
            lines = (rest + piece).split(b"\n")
            rest = lines.pop()
            if len(rest) > MAX_LINE_BYTES or total > MAX_TOTAL_BYTES:
                raise BadSnapshot("a line or the whole is larger than a snapshot may be")
            yield from lines
    if rest:
        yield rest


class _Import:
    """One import under way."""

    def __init__(self, connection: Connection, sink: BinaryIO) -> None:
        self._connection = connection
        self._sink = sink
        self._rows: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self._words: list[tuple[int, str]] = []
        self._touched: set[str] = set()
        self._done = 0
        self._customers = 0
        self._quarantined = 0
        self._total = 0
        self._as_of = datetime.fromtimestamp(0, UTC)

    def run(self, source: Iterator[dict[str, Any]]) -> dict[str, Any]:
        """Take the whole stream; BadSnapshot when its end is missing or its count is wrong."""
        self._begin(next(source, {}))
        for document in source:
            if "cursor" in document:
                return self._end(document)
            self._add(document)
            self._done += 1
            if self._done % DOCUMENTS_PER_REPORT == 0:
                _report(self._sink, {"done": self._done, "total": self._total})
        raise BadSnapshot("the stream ended before its last line")

    def _begin(self, first: dict[str, Any]) -> None:
        try:
            head = first["snapshot"]
            self._total = int(head["total"])
            self._as_of = datetime.fromisoformat(head["as_of"])
        except (KeyError, TypeError, ValueError) as error:
            raise BadSnapshot("the first line does not announce a snapshot") from error
        if self._as_of.tzinfo is None:
            raise BadSnapshot("as_of needs a time zone")

    def _add(self, document: dict[str, Any]) -> None:
        try:
            name, key, doc = document["collection"], document["key"], document["doc"]
        except KeyError as error:
            raise BadSnapshot("a line is neither a document nor the end") from error
        if name not in COLLECTIONS:
            return
        try:
            value = COLLECTIONS[name].checked(key, doc)
        except InvalidInput as error:
            changes.quarantine(
                self._connection, Change(name, key, "upsert", doc), str(error), self._as_of
            )
            self._quarantined += 1
            return
        if name == "customers":
            self._customers += 1
            self._words.append((self._customers, words.of_customer(value)))
        elif name == "passes":
            documents.note_anchor(self._connection, value)
        rows = self._rows[name]
        rows.append(COLLECTIONS[name].row(key, doc, value))
        if len(rows) >= ROWS_PER_INSERT:
            self._flush(name)

    def _flush(self, name: str) -> None:
        rows = self._rows.pop(name)
        self._touched.add(name)
        if name != "customers":
            self._connection.executemany(COLLECTIONS[name].upsert_sql, rows)
            return
        numbers = [number for number, _ in self._words]
        self._connection.executemany(
            # A repeated id gets a new number; the search row of the old one finds nobody.
            "INSERT OR REPLACE INTO customers (n, id, doc) VALUES (?, ?, ?)",
            [(number, *row) for number, row in zip(numbers, rows, strict=True)],
        )
        self._connection.executemany(
            "INSERT INTO customer_words (rowid, words) VALUES (?, ?)", self._words
        )
        self._words = []

    def _end(self, last: dict[str, Any]) -> dict[str, Any]:
        if last.get("count") != self._done or not isinstance(last["cursor"], str):
            raise BadSnapshot(f"{self._done} documents came, {last.get('count')} were sent")
        for name in list(self._rows):
            self._flush(name)
        self._connection.execute("INSERT INTO customer_words (customer_words) VALUES ('optimize')")
        _set_search_buffer(self._connection, _USUAL_SEARCH_BUFFER_BYTES)
        changes.bump_versions(self._connection, self._touched)
        changes.set_cursor(self._connection, last["cursor"], self._as_of)
        _report(self._sink, {"done": self._done, "total": self._total})
        return {
            "cursor": last["cursor"],
            "count": self._done,
            "quarantined": self._quarantined,
        }


def _report(sink: BinaryIO, report: dict[str, Any]) -> None:
    sink.write(orjson.dumps(report) + b"\n")
    sink.flush()


if __name__ == "__main__":
    sys.exit(main())
