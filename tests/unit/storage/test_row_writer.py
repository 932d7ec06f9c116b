"""The second process of an import: rows arrive there, or the import fails; nothing in between."""

from __future__ import annotations

import io
import os
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from storage_builders import KEY, customer, line, snapshot_bytes

from store_agent.storage import catalog, customers, importer
from store_agent.storage.connection import CACHE_WRITER, open_connection
from store_agent.storage.row_writer import Statement, WriterFailed, elsewhere, run

pytestmark = pytest.mark.timeout(60)


def writing_to(path: Path):
    def write(statements: Iterator[Statement]) -> None:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("BEGIN")
        run(connection, statements)
        connection.execute("COMMIT")

    return write


MUCH = [("SELECT ?", (b"x" * 100_000,))] * 100


def send(write, *statements) -> None:
    with elsewhere(write) as there:
        for sql, params in statements:
            there.execute(sql, params)


def rows(path: Path) -> list[tuple[object, ...]]:
    return sqlite3.connect(path).execute("SELECT * FROM t ORDER BY n").fetchall()


def test_statements_are_run_in_order_with_all_kinds_of_values(tmp_path: Path) -> None:
    with elsewhere(writing_to(tmp_path / "db")) as there:
        there.execute("CREATE TABLE t (n, value)")
        there.executemany("INSERT INTO t VALUES (?, ?)", ((n, bytes([n])) for n in range(3)))
        assert there.execute("INSERT INTO t VALUES (?, ?)", [3, None]).fetchall() == []
        there.execute("UPDATE t SET value = ? WHERE n = ?", ("ü" * 9, 0))
    assert rows(tmp_path / "db") == [(0, "ü" * 9), (1, b"\x01"), (2, b"\x02"), (3, None)]


def test_more_than_a_pipe_holds(tmp_path: Path) -> None:
    big = b"x" * 3_000_000
    with elsewhere(writing_to(tmp_path / "db")) as there:
        there.execute("CREATE TABLE t (n, value)")
        there.executemany("INSERT INTO t VALUES (?, ?)", [(n, big) for n in range(3)])
    assert [len(row[1]) for row in rows(tmp_path / "db")] == [len(big)] * 3  # type: ignore[arg-type]


def test_a_statement_that_fails_there_fails_the_import(tmp_path: Path) -> None:
    with pytest.raises(WriterFailed):
        send(writing_to(tmp_path / "db"), ("INSERT INTO nothing VALUES (1)", ()), *MUCH)


def test_an_error_here_leaves_nothing_finished_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too many values"):
        send(writing_to(tmp_path / "db"), ("CREATE TABLE t (n, value)", ()), ("a", "b", "c"))
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        rows(tmp_path / "db")


def test_a_writer_that_is_killed_fails_the_import(tmp_path: Path) -> None:
    def write(statements: Iterator[Statement]) -> None:
        next(statements)
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(WriterFailed):
        send(write, *MUCH)


def test_two_processes_make_the_same_file_as_one(tmp_path: Path) -> None:
    lines = [line("customers", customer(f"c-{n}", f"N{n} Probe")) for n in range(50)]
    lines += [line("horoscopes", {"id": "aries"}), line("offers", {"id": "o-1"})]
    lines += [line("weather", {"id": "s-1"}) | {"v": 2}]
    made = {}
    for name, build in (("one", importer.build), ("two", importer.build_in_two)):
        result = build(io.BytesIO(snapshot_bytes(lines)), tmp_path / name, KEY, io.BytesIO())
        assert result == {"cursor": "cursor-1", "count": 53, "quarantined": 2}
        cache = open_connection(tmp_path / name, KEY, CACHE_WRITER)
        assert cache.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        made[name] = (
            [one.id for one in customers.search(cache, "probe", 99)],
            catalog.version(cache, "customers"),
            cache.execute("SELECT collection, key, version FROM quarantine").fetchall(),
            cache.execute("SELECT collection, n FROM ignored").fetchall(),
        )
        cache.close()
    assert made["one"] == made["two"]
    assert made["one"][2] == [("offers", "o-1", 1), ("weather", "s-1", 2)]
    assert made["one"][3] == [("horoscopes", 1)]
