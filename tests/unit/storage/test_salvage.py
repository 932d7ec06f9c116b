"""A ledger with damaged pages: what can be read comes back, what is gone is named."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from storage_builders import KEY, NOON, a_storage

from store_agent.domain.greeting import Visit
from store_agent.domain.health import HealthState
from store_agent.storage import Connection, Lodger, Storage, answers, meta, visits
from store_agent.storage.connection import LEDGER_WRITER, connect_damaged, open_connection
from store_agent.storage.salvage import DamagedFile
from sync import outbox, schema
from sync.outbox import EventClass, Lane, OutboxEvent

PAGE_BYTES = 4096
OUTBOX = Lodger(schema.MIGRATIONS, tables=outbox.TABLES, rescue=outbox.rescue)
TRANSPORTS = {"platform": True, "crm": True}


def a_shop(folder: Path, lodger: Lodger = OUTBOX) -> Storage:
    return a_storage(folder, lodger=lodger)


def damage_page(folder: Path, number: int) -> None:
    with (folder / "ledger.db").open("r+b") as file:
        file.seek((number - 1) * PAGE_BYTES + 700)
        file.write(os.urandom(40))


def pretend_power_cut(folder: Path) -> None:
    """The whole file is read at the next start."""
    (folder / "storage.lock").write_bytes(b"running\n")


def root_page(folder: Path, table: str) -> int:
    connection = open_connection(folder / "ledger.db", KEY, LEDGER_WRITER)
    sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
    page = connection.execute(sql, (table,)).fetchall()[0][0]
    connection.close()
    return int(page)


def pages_of(folder: Path) -> int:
    return (folder / "ledger.db").stat().st_size // PAGE_BYTES


async def ids(storage: Storage, sql: str) -> list[str]:
    return await storage.read(lambda view: [row[0] for row in view.ledger.execute(sql).fetchall()])


def put(tx: Connection, name: str, lane: Lane = Lane.ORDINARY, size: int = 10) -> None:
    data = b'{"x":"%s"}' % (b"x" * size)
    subject = f"customer-of-lane-{lane}"  # one customer's events may change the lane
    outbox.put(tx, OutboxEvent(name, "store.t", NOON, data, subject, lane, EventClass.RIGHT))


async def fill(folder: Path, *works: Callable[[Connection], object]) -> str:
    storage = a_shop(folder)
    for work in works:
        await storage.write(work)
    await storage.close()
    return storage.epoch


# -- one file -------------------------------------------------------------------------------------


def a_file(path: Path) -> None:
    connection = open_connection(path, KEY, LEDGER_WRITER)
    connection.execute("CREATE TABLE numbers (id INTEGER PRIMARY KEY, x)")
    connection.execute("CREATE TABLE words (id TEXT PRIMARY KEY, x) WITHOUT ROWID")
    connection.execute(
        "CREATE TABLE pairs (a TEXT, b INTEGER, x, PRIMARY KEY (a, b)) WITHOUT ROWID"
    )
    connection.execute("BEGIN")
    for n in range(3000):
        for table, key in (("numbers", (n,)), ("words", (f"0193-{n:05}",)), ("pairs", ("a", n))):
            marks = ", ".join("?" * len(key))
            row = (*key, os.urandom(100))
            connection.execute(f"INSERT INTO {table} VALUES ({marks}, ?)", row)
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()


@pytest.mark.parametrize("seed", range(5))
def test_everything_on_whole_pages_is_read_in_order(tmp_path: Path, seed: int) -> None:
    a_file(tmp_path / "ledger.db")
    rng = random.Random(seed)
    damaged = rng.sample(range(20, pages_of(tmp_path)), 4)
    for page in damaged:
        damage_page(tmp_path, page)
    old = DamagedFile(partial(connect_damaged, tmp_path / "ledger.db", KEY))
    numbers = [row[0] for row in old.rows("numbers", ("id",))]
    words = [row[0] for row in old.rows("words", ("id",))]
    old.close()
    for found in (numbers, words):
        assert found == sorted(set(found))
    assert len(numbers) + len(words) >= 6000 - 4 * 40  # a page holds no more
    assert old.torn


@pytest.mark.parametrize("seed", range(3))
def test_a_key_of_several_columns_is_read_behind_each_damage(tmp_path: Path, seed: int) -> None:
    a_file(tmp_path / "ledger.db")
    assert pairs_in(tmp_path) == (list(range(3000)), set())
    rng = random.Random(seed)
    for page in rng.sample(range(20, pages_of(tmp_path)), 6):
        damage_page(tmp_path, page)
    found, torn = pairs_in(tmp_path)
    assert found == sorted(set(found))
    assert len(found) >= 3000 - 6 * 40
    assert torn <= {"pairs"}


def pairs_in(folder: Path) -> tuple[list[int], set[str]]:
    old = DamagedFile(partial(connect_damaged, folder / "ledger.db", KEY))
    found = [row[0] for row in old.rows("pairs", ("b",))]
    old.close()
    return found, old.torn


def test_a_key_of_several_columns_whose_beginning_is_gone_is_read_from_its_end(
    tmp_path: Path,
) -> None:
    a_file(tmp_path / "ledger.db")
    first = 0
    for page in range(5, pages_of(tmp_path)):  # find the page where the table begins
        content = (tmp_path / "ledger.db").read_bytes()
        damage_page(tmp_path, page)
        found, torn = pairs_in(tmp_path)
        first = found[0] if found else -1
        (tmp_path / "ledger.db").write_bytes(content)
        if torn and first > 0:
            break
    assert found == list(range(first, 3000))
    assert 0 < first < 60


def test_reading_does_not_change_the_damaged_file_or_its_log(tmp_path: Path) -> None:
    a_file(tmp_path / "ledger.db")
    connection = open_connection(tmp_path / "ledger.db", KEY, LEDGER_WRITER)
    connection.execute("INSERT INTO numbers VALUES (9999, 'in the log')")
    kept = {end: (tmp_path / f"ledger.db{end}").read_bytes() for end in ("", "-wal")}
    connection.close()
    for end, content in kept.items():
        (tmp_path / f"ledger.db{end}").write_bytes(content)
    damage_page(tmp_path, pages_of(tmp_path) - 1)
    before = (tmp_path / "ledger.db").read_bytes()
    old = DamagedFile(partial(connect_damaged, tmp_path / "ledger.db", KEY))
    assert [row[0] for row in old.rows("numbers", ("id",))][-1] == 9999
    old.close()
    assert (tmp_path / "ledger.db").read_bytes() == before
    assert (tmp_path / "ledger.db-wal").read_bytes() == kept["-wal"]


# -- a shop ---------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_the_fresh_ledger_holds_what_could_be_read(tmp_path: Path) -> None:
    def live(tx: Connection) -> None:
        for n in range(40):
            visits.start(tx, Visit(f"v-{n:03}", f"c-{n}", NOON, NOON, "till-0"))
            answers.remember(tx, "scan", f"s-{n}", b"", b"x" * 3000, NOON)
        tx.execute(
            "INSERT INTO lots VALUES ('lot-1', 'o', 5, 5, 'use', 'strict', NULL, 'active', '2026')"
        )
        tx.execute("INSERT INTO closed_lots VALUES ('lot-0', '2026')")

    epoch = await fill(tmp_path, live)
    damage_page(tmp_path, root_page(tmp_path, "answers"))
    pretend_power_cut(tmp_path)
    storage = a_shop(tmp_path)
    (recovery,) = storage.recovered
    assert "rows were recovered, parts of answers were not" in recovery.reason
    assert storage.epoch != epoch
    assert await ids(storage, "SELECT id FROM visits ORDER BY id") == [
        f"v-{n:03}" for n in range(40)
    ]
    assert await ids(storage, "SELECT lot_id FROM closed_lots") == ["lot-0"]
    assert await ids(storage, "SELECT lot_id FROM lots") == []  # void: the centre settles them
    assert storage.health()[0].state is HealthState.DEGRADED
    await storage.close()
    again = a_shop(tmp_path)
    assert (again.recovered, len(await ids(again, "SELECT id FROM visits"))) == ([], 40)
    await again.close()


@pytest.mark.asyncio
async def test_undelivered_events_come_along_and_nobody_gets_one_twice(tmp_path: Path) -> None:
    def live(tx: Connection) -> None:
        outbox.enrol(tx, TRANSPORTS)
        for n in range(12):
            put(tx, f"e-{n:02}", Lane(n % 2))
        for transport, count in (("platform", 4), ("crm", 2)):
            for lane in Lane:
                row = outbox.page(tx, transport, lane, count)[-1]
                outbox.acknowledge(tx, row.seq, transport, lane)
        bad = outbox.page(tx, "crm", Lane.ORDINARY, 1)[0]
        outbox.quarantine(tx, bad, "crm", "bad", "it is bad", NOON)
        outbox.acknowledge(tx, bad.seq, "crm", Lane.ORDINARY)
        answers.remember(tx, "scan", "s", b"", b"x" * 3000, NOON)

    def waiting(conn: Connection) -> dict[tuple[str, Lane], list[str]]:
        return {
            (name, lane): [row.id for row in outbox.page(conn, name, lane)]
            for name in TRANSPORTS
            for lane in Lane
        }

    await fill(tmp_path, live)
    before = await _look(tmp_path, waiting)
    damage_page(tmp_path, root_page(tmp_path, "answers"))
    pretend_power_cut(tmp_path)
    assert await _look(tmp_path, waiting) == before
    counts = await _look(tmp_path, lambda conn: [outbox.backlog(conn, one) for one in TRANSPORTS])
    assert [one.count for one in counts] == [4, 7]
    assert [one.quarantined for one in counts] == [0, 1]
    kept = await _look(tmp_path, lambda conn: conn.execute("SELECT id FROM outbox").fetchall())
    assert not {"e-00", "e-01"} & {row[0] for row in kept}  # everybody had them


async def _look(folder: Path, look: Callable[[Connection], object]) -> object:
    storage = a_shop(folder)
    found = await storage.read(lambda view: look(view.ledger))
    await storage.close()
    return found


@pytest.mark.asyncio
async def test_events_between_two_damages_come_along(tmp_path: Path) -> None:
    def live(tx: Connection) -> None:
        outbox.enrol(tx, TRANSPORTS)
        for n in range(600):
            put(tx, f"e-{n:03}", size=400)

    await fill(tmp_path, live)
    for page in (pages_of(tmp_path) - 60, pages_of(tmp_path) - 20):
        damage_page(tmp_path, page)
    pretend_power_cut(tmp_path)
    storage = a_shop(tmp_path)
    assert storage.recovered
    found = await ids(storage, "SELECT id FROM outbox ORDER BY seq")
    assert found == sorted(set(found))
    assert 560 <= len(found) < 600
    await storage.close()


@pytest.mark.asyncio
async def test_without_page_one_a_fresh_ledger_opens_empty(tmp_path: Path) -> None:
    await fill(tmp_path, lambda tx: visits.start(tx, Visit("v-1", "c-1", NOON, NOON, "till-0")))
    damage_page(tmp_path, 1)
    storage = a_shop(tmp_path)
    assert "0 rows were recovered" in storage.recovered[0].reason
    assert await ids(storage, "SELECT id FROM visits") == []
    await storage.close()


@pytest.mark.asyncio
async def test_nothing_in_a_damaged_file_keeps_the_shop_from_opening(tmp_path: Path) -> None:
    def odd(_old: DamagedFile, _tx: Connection) -> int:
        raise KeyError("nobody thought of this")

    await fill(tmp_path, lambda tx: visits.start(tx, Visit("v-1", "c-1", NOON, NOON, "till-0")))
    damage_page(tmp_path, root_page(tmp_path, "answers"))
    pretend_power_cut(tmp_path)
    storage = a_shop(tmp_path, Lodger(schema.MIGRATIONS, rescue=odd))
    assert "could not be recovered (KeyError)" in storage.recovered[0].reason
    await storage.write(lambda tx: visits.start(tx, Visit("v-2", "c-2", NOON, NOON, "till-0")))
    await storage.close()


@pytest.mark.asyncio
@pytest.mark.parametrize("renames", range(4))
async def test_a_power_cut_while_the_files_are_exchanged_loses_nothing(
    tmp_path: Path, renames: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(tmp_path, lambda tx: visits.start(tx, Visit("v-1", "c-1", NOON, NOON, "till-0")))
    damage_page(tmp_path, root_page(tmp_path, "answers"))
    pretend_power_cut(tmp_path)
    left = [renames]

    def until_the_power_goes(move: Callable[[Path, Path], Path], path: Path, to: Path) -> Path:
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        return move(path, to)

    with monkeypatch.context() as patched:
        for name in ("rename", "replace"):
            move = getattr(Path, name)
            patched.setattr(Path, name, lambda p, to, m=move: until_the_power_goes(m, p, to))
        with pytest.raises(KeyboardInterrupt):
            a_shop(tmp_path)
        assert left[0] == 0
    storage = a_shop(tmp_path)
    assert await ids(storage, "SELECT id FROM visits") == ["v-1"]
    assert [one.file for one in storage.recovered] == ["ledger.db"]
    assert await storage.read(lambda view: meta.get(view.ledger, "store_id")) == "store-1"
    await storage.close()


@pytest.mark.asyncio
async def test_damage_that_the_weekly_check_finds_shows_and_is_mended_at_the_next_start(
    tmp_path: Path,
) -> None:
    await fill(tmp_path, lambda tx: answers.remember(tx, "scan", "s", b"", b"x" * 3000, NOON))
    page = root_page(tmp_path, "answers")
    storage = a_shop(tmp_path)
    damage_page(tmp_path, page)
    await storage.check_integrity()
    ledger, cache, _ = storage.health()
    assert (ledger.state, cache.state) == (HealthState.DEGRADED, HealthState.OK)
    assert "restart" in ledger.reason
    await storage.close()
    again = a_shop(tmp_path)
    assert [one.file for one in again.recovered] == ["ledger.db"]
    await again.close()
