"""What encryption costs: durable commits and point reads, with and without it. No budget.

Both sides use the production connection factory; the documents are larger than any page cache of
SQLite, so a read decrypts a page of the operating system's cache. A, B, A, B.
"""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable
from random import Random

from store_agent.domain.ids import new_id
from store_agent.storage import Connection
from store_agent.storage.connection import (
    CACHE_READER,
    LEDGER_WRITER,
    open_connection,
)
from tests.bench.places import KEPT
from tests.bench.report import Result, information, median

COMMITS = 1500
READS = 10_000
DOCUMENTS = 60_000
DOCUMENT_BYTES = 1_300  # a customer of the sample shop
ROW_BYTES = 400  # an event
KEY = bytes(range(32))
MICROSECONDS = 1e6


async def measure() -> list[Result]:
    """Microseconds; the baseline is the plain file."""
    folder = KEPT / "encryption"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    paths = {key: folder / ("encrypted.db" if key else "plain.db") for key in (KEY, None)}
    writers = [open_connection(path, key, LEDGER_WRITER) for key, path in paths.items()]
    for writer in writers:
        _fill(writer)
    readers = [open_connection(path, key, CACHE_READER) for key, path in paths.items()]
    row = secrets.token_bytes(ROW_BYTES)
    dice = Random(1)
    commits = _interleaved(writers, COMMITS, lambda one: _commit(one, row))
    reads = _interleaved(readers, READS, lambda one: _read(one, dice.randrange(DOCUMENTS)))
    for connection in (*writers, *readers):
        connection.close()
    shutil.rmtree(folder)
    return [
        information("encryption.commit", "us", *commits, "p50 of a durable commit"),
        information("encryption.read", "us", *reads, "p50 of a point read"),
    ]


def _fill(writer: Connection) -> None:
    writer.execute("CREATE TABLE documents (id INTEGER PRIMARY KEY, doc BLOB)")
    writer.execute("CREATE TABLE events (id TEXT PRIMARY KEY, data BLOB) WITHOUT ROWID")
    doc = secrets.token_bytes(DOCUMENT_BYTES)
    writer.execute("BEGIN")
    writer.executemany(
        "INSERT INTO documents VALUES (?, ?)", ((number, doc) for number in range(DOCUMENTS))
    )
    writer.execute("COMMIT")
    writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _interleaved(
    sides: list[Connection], count: int, work: Callable[[Connection], float]
) -> tuple[float, float]:
    """The median time on each side, in microseconds."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(count):
        for side, taken in zip(sides, times, strict=True):
            taken.append(work(side) * MICROSECONDS)
    return median(times[0]), median(times[1])


def _commit(writer: Connection, row: bytes) -> float:
    event_id = new_id()
    began = time.perf_counter()
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO events VALUES (?, ?)", (event_id, row))
    writer.execute("COMMIT")
    return time.perf_counter() - began


def _read(reader: Connection, number: int) -> float:
    began = time.perf_counter()
    reader.execute("SELECT doc FROM documents WHERE id = ?", (number,)).fetchall()
    return time.perf_counter() - began
