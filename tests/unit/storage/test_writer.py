"""The writer: group commit, one job's failure is its own, nothing acknowledged that is not kept."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storage_builders import KEY, at_noon

from store_agent.domain.errors import NotWritable, Unavailable
from store_agent.domain.health import HealthState
from store_agent.storage.connection import (
    CACHE_WRITER,
    LEDGER_WRITER,
    Connection,
    Profile,
    open_connection,
)
from store_agent.storage.writer import Writer


def with_tables(path: Path) -> Connection:
    connection = open_connection(path, KEY, CACHE_WRITER)
    connection.execute("CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value)")
    connection.execute("CREATE TABLE IF NOT EXISTS rows (n INTEGER PRIMARY KEY, v TEXT)")
    return connection


def a_writer(path: Path, *, queue_limit: int = 1024, profile: Profile = LEDGER_WRITER) -> Writer:
    with_tables(path).close()
    return Writer(
        "ledger", lambda: open_connection(path, KEY, profile), at_noon, queue_limit=queue_limit
    )


def insert(value: str) -> object:
    def work(tx: Connection) -> str:
        tx.execute("INSERT INTO rows (v) VALUES (?)", (value,))
        return value

    return work


def insert_and_fail(value: str) -> object:
    def work(tx: Connection) -> None:
        tx.execute("INSERT INTO rows (v) VALUES (?)", (value,))
        raise LookupError(value)

    return work


def stored(path: Path) -> list[str]:
    connection = open_connection(path, KEY, LEDGER_WRITER)
    try:
        return [row[0] for row in connection.execute("SELECT v FROM rows ORDER BY n").fetchall()]
    finally:
        connection.close()


class Gate:
    """Holds the writer thread inside a job until opened."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.open = threading.Event()

    def __call__(self, _tx: Connection) -> None:
        self.entered.set()
        self.open.wait(5)


@pytest.mark.asyncio
async def test_it_returns_what_the_job_returns(tmp_path: Path) -> None:
    writer = a_writer(tmp_path / "a.db")
    assert await writer.write(insert("x")) == "x"
    writer.stop()
    assert stored(tmp_path / "a.db") == ["x"]


@pytest.mark.asyncio
async def test_a_failing_job_takes_back_its_own_rows_only(tmp_path: Path) -> None:
    writer = a_writer(tmp_path / "a.db")
    gate = Gate()
    first = writer.write(gate)
    jobs = [
        writer.write(insert("a")),
        writer.write(insert_and_fail("b")),
        writer.write(insert("c")),
    ]
    gate.open.set()
    await first
    results = await asyncio.gather(*jobs, return_exceptions=True)
    writer.stop()
    assert results[0] == "a"
    assert isinstance(results[1], LookupError)
    assert results[2] == "c"
    assert stored(tmp_path / "a.db") == ["a", "c"]


@settings(max_examples=40)
@given(st.lists(st.booleans(), max_size=40), st.integers(1, 7))
def test_exactly_the_succeeding_jobs_are_kept_in_order(
    tmp_path_factory: pytest.TempPathFactory, good: list[bool], group_limit: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "any-mix.db"
    with_tables(path).close()

    async def run() -> list[str]:
        writer = Writer("ledger", lambda: with_tables(path), at_noon, group_limit=group_limit)
        await writer.write(lambda tx: tx.execute("DELETE FROM rows").fetchall())
        jobs = [
            writer.write(insert(str(n)) if ok else insert_and_fail(str(n)))
            for n, ok in enumerate(good)
        ]
        results = await asyncio.gather(*jobs, return_exceptions=True)
        writer.stop()
        return [result for result in results if isinstance(result, str)]

    acknowledged = asyncio.run(run())
    expected = [str(n) for n, ok in enumerate(good) if ok]
    assert acknowledged == expected
    assert stored(path) == expected


@pytest.mark.asyncio
async def test_jobs_that_wait_share_one_commit(tmp_path: Path) -> None:
    connections: list[Counting] = []

    class Counting:
        def __init__(self, inner: Connection) -> None:
            self.inner = inner
            self.commits = 0

        @property
        def in_transaction(self) -> bool:
            return self.inner.in_transaction

        def execute(self, sql: str, params: tuple = ()) -> object:
            self.commits += sql == "COMMIT"
            return self.inner.execute(sql, params)

        def close(self) -> None:
            self.inner.close()

    a_writer(tmp_path / "a.db").stop()

    def connect() -> Connection:
        connections.append(Counting(open_connection(tmp_path / "a.db", KEY, LEDGER_WRITER)))
        return connections[-1]

    writer = Writer("ledger", connect, at_noon)
    gate = Gate()
    first = writer.write(gate)
    await asyncio.to_thread(gate.entered.wait)  # so that the others cannot join its group
    others = [writer.write(insert(str(n))) for n in range(50)]
    gate.open.set()
    await asyncio.gather(first, *others)
    writer.stop()
    assert connections[0].commits == 2


@pytest.mark.asyncio
async def test_a_full_queue_says_come_back_in_a_second(tmp_path: Path) -> None:
    writer = a_writer(tmp_path / "a.db", queue_limit=3)
    gate = Gate()
    first = writer.write(gate)
    await asyncio.to_thread(gate.entered.wait)
    waiting = [writer.write(insert(str(n))) for n in range(3)]
    with pytest.raises(Unavailable) as refused:
        writer.write(insert("too many"))
    gate.open.set()
    await asyncio.gather(first, *waiting)
    writer.stop()
    assert refused.value.retry_after_s == 1
    assert stored(tmp_path / "a.db") == ["0", "1", "2"]


@pytest.mark.asyncio
async def test_a_job_whose_caller_went_away_before_it_began_is_left_out(tmp_path: Path) -> None:
    writer = a_writer(tmp_path / "a.db")
    gate = Gate()
    first = writer.write(gate)
    await asyncio.to_thread(gate.entered.wait)
    gone = writer.write(insert("gone"))
    gone.cancel()
    gate.open.set()
    await first
    await writer.write(insert("here"))
    writer.stop()
    assert stored(tmp_path / "a.db") == ["here"]


@pytest.mark.asyncio
async def test_a_full_disk_acknowledges_nothing_and_shows_in_health(tmp_path: Path) -> None:
    small = Profile("FULL", page_cache_kib=512, max_pages=20)
    writer = a_writer(tmp_path / "a.db", profile=small)
    await writer.write(insert("before"))
    gate = Gate()
    first = writer.write(gate)
    await asyncio.to_thread(gate.entered.wait)
    jobs = [writer.write(insert("x" * 100)), writer.write(insert("y" * 200_000))]
    gate.open.set()
    await first
    results = await asyncio.gather(*jobs, return_exceptions=True)
    health = writer.health
    await writer.write(insert("after"))
    recovered = writer.health
    writer.stop()
    assert [type(result) for result in results] == [NotWritable, NotWritable]
    assert health.state is HealthState.DOWN
    assert "full" in health.reason
    assert recovered.state is HealthState.OK
    assert stored(tmp_path / "a.db") == ["before", "after"]


class Failing:
    """A connection whose next COMMIT reports a disk error."""

    def __init__(self, inner: Connection, errors: list[Exception]) -> None:
        self.inner = inner
        self.errors = errors
        self.closed = False

    @property
    def in_transaction(self) -> bool:
        return self.inner.in_transaction

    def execute(self, sql: str, params: tuple = ()) -> object:
        if sql == "COMMIT" and self.errors:
            raise self.errors.pop()
        return self.inner.execute(sql, params)

    def close(self) -> None:
        self.closed = True
        self.inner.close()


class DiskError(Exception):
    sqlite_errorcode = 10 | (4 << 8)  # SQLITE_IOERR_FSYNC


@pytest.mark.asyncio
async def test_after_a_disk_error_the_connection_is_thrown_away(tmp_path: Path) -> None:
    a_writer(tmp_path / "a.db").stop()
    opened: list[Failing] = []
    errors: list[Exception] = []

    def connect() -> Connection:
        opened.append(Failing(open_connection(tmp_path / "a.db", KEY, LEDGER_WRITER), errors))
        return opened[-1]

    writer = Writer("ledger", connect, at_noon)
    await writer.write(insert("before"))
    errors.append(DiskError())
    with pytest.raises(Unavailable):
        await writer.write(insert("lost"))
    health = writer.health
    await writer.write(insert("after"))
    recovered = writer.health.state
    writer.stop()
    assert health.state is HealthState.DOWN
    assert "disk reported an error" in health.reason
    assert recovered is HealthState.OK
    assert opened[0].closed
    assert len(opened) == 2
    assert stored(tmp_path / "a.db") == ["before", "after"]


@pytest.mark.asyncio
async def test_a_writer_in_trouble_finds_out_by_itself_that_the_disk_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store_agent.storage.writer.PROBE_PERIOD_S", 0.02)
    a_writer(tmp_path / "a.db").stop()
    errors: list[Exception] = [DiskError(), DiskError(), DiskError()]
    writer = Writer(
        "ledger",
        lambda: Failing(open_connection(tmp_path / "a.db", KEY, LEDGER_WRITER), errors),
        at_noon,
    )
    with pytest.raises(Unavailable):
        await writer.write(insert("lost"))
    for _ in range(200):
        await asyncio.sleep(0.02)
        if writer.health.state is HealthState.OK:
            break
    state = writer.health.state
    writer.stop()
    assert state is HealthState.OK
    assert errors == []


@pytest.mark.asyncio
async def test_a_bug_in_a_job_does_not_end_the_thread(tmp_path: Path) -> None:
    writer = a_writer(tmp_path / "a.db")

    def bug(tx: Connection) -> None:
        tx.execute("COMMIT")  # a job must not; its group fails, the next one works

    with pytest.raises(Unavailable):
        await writer.write(bug)
    assert await writer.write(insert("after")) == "after"
    writer.stop()


@pytest.mark.asyncio
async def test_it_finishes_what_is_queued_before_it_stops(tmp_path: Path) -> None:
    writer = a_writer(tmp_path / "a.db")
    jobs = [writer.write(insert(str(n))) for n in range(100)]
    went_well = await asyncio.to_thread(writer.stop)
    assert await asyncio.gather(*jobs) == [str(n) for n in range(100)]
    assert went_well
    with pytest.raises(Unavailable):
        writer.write(insert("late"))
    assert not (tmp_path / "a.db-wal").exists()


@pytest.mark.asyncio
async def test_the_log_is_emptied_when_the_shop_is_quiet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store_agent.storage.checkpoints.SHORT_PAUSE_S", 0.01)
    monkeypatch.setattr("store_agent.storage.checkpoints.LONG_PAUSE_S", 0.02)
    writer = a_writer(tmp_path / "a.db")
    await writer.write(insert("x"))
    log = tmp_path / "a.db-wal"
    for _ in range(200):
        if log.stat().st_size == 0:
            break
        await asyncio.sleep(0.01)
    size = log.stat().st_size
    writer.stop()
    assert size == 0
