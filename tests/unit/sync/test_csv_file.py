"""The daily file: every event in exactly one line of one file that is whole, whatever happens."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import TransportError, UnreachableError
from sync.fakes import PlainLedger
from sync.outbox import Lane, OutboxRow, to_rfc3339
from sync.transports.base import ResultStatus, Tended
from sync.transports.csv_file import Settings, build, tables
from sync.transports.csv_file.columns import COLUMNS, Shop, heading, line
from sync.transports.csv_file.disk import RealDisk
from sync.transports.csv_file.fake import FakeDisk, NotAsPromisedError, read_day
from sync.transports.csv_file.publishing import Publisher
from sync.transports.csv_file.tables import MIGRATIONS
from sync.transports.table import Surroundings

SATURDAY = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
FOLDER = Path("/media/stick")
SHOP = Shop("koeln-01", "epoch1", "EUR")


def row(
    number: int,
    at: datetime = SATURDAY,
    kind: str = "store.scan.recorded",
    data: dict | None = None,
    **fields,
) -> OutboxRow:
    text = orjson.dumps({"lane": "till-0"} if data is None else data)
    fields = {"subject": "c-1"} | fields
    subject = fields.pop("subject")
    return OutboxRow(number, f"e{number:04}", kind, subject, to_rfc3339(at), text, **fields)


class CuttableLedger(PlainLedger):
    """Power may fail before a transaction as well."""

    before = staticmethod(lambda _: None)

    async def write(self, fn):
        self.before("write")
        return await super().write(fn)


class Desk:
    """A transport over real SQLite and the shipped disk; the agent can be started again."""

    def __init__(self, disk=None, folder: Path = FOLDER, **settings) -> None:
        self.now = SATURDAY
        self.ledger = CuttableLedger()
        for _, script in MIGRATIONS:
            self.ledger.connection.executescript(script)
        self.disk = disk or FakeDisk()
        self.folder = folder
        self.settings = settings
        self.epoch = "epoch1"
        self.start()

    def start(self) -> None:
        """Begin, or begin again after an end nobody foresaw."""
        around = Surroundings(
            store_id="koeln-01",
            epoch=self.epoch,
            ledger=self.ledger,
            now=lambda: self.now,
            monotonic=lambda: 0.0,
            directory=self.folder,
            currency="EUR",
            zone="Europe/Berlin",
            name="daily",
        )
        self.transport = build(Settings(folder=self.folder, **self.settings), around, self.disk)

    async def send(self, *rows: OutboxRow) -> list:
        return await self.transport.send(rows)

    async def next_day(self, days: int = 1) -> None:
        self.now += timedelta(days=days)
        await self.transport.tend()

    def ids(self) -> dict[str, list[str]]:
        return {
            name: [one["event_id"] for one in rows] for name, rows in self.disk.published().items()
        }

    def waiting(self) -> list[str]:
        found = self.ledger.connection.execute("SELECT id FROM csv_lines ORDER BY seq")
        return [one[0] for one in found]


def cells(*arguments) -> dict[str, str]:
    text = (heading() + line(*arguments)).decode()
    (only,) = csv.DictReader(io.StringIO(text, newline=""))
    return only


def test_a_line_says_what_happened_in_named_columns():
    data = {"txn_id": "t-1", "till": "till-0", "total": 5980, "currency": "EUR", "lines": []}
    said = cells(row(7, kind="store.sale.recorded", data=data), SATURDAY.date(), SHOP)
    assert said | {"data": ""} == {
        "event_id": "e0007",
        "type": "store.sale.recorded",
        "occurred_at": "2026-11-21T12:00:00.000000Z",
        "time_is_certain": "no",
        "business_day": "2026-11-21",
        "store_id": "koeln-01",
        "epoch": "epoch1",
        "sequence": "00000000000000000007",
        "customer_id": "c-1",
        "visit_id": "",
        "txn_id": "t-1",
        "place": "till-0",
        "amount": "59.80",
        "currency": "EUR",
        "points": "",
        "data": "",
    }
    assert orjson.loads(said["data"]) == data


@pytest.mark.parametrize(
    ("kind", "data", "amount", "currency"),
    [
        ("store.sale.recorded", {"total": 1290, "currency": "JPY"}, "1290", "JPY"),
        ("store.sale.recorded", {"total": 1290, "currency": "KWD"}, "1.290", "KWD"),
        ("store.sale.recorded", {"total": -5}, "-0.05", "EUR"),
        ("store.redemption.recorded", {"amount": 500, "currency": "EUR"}, "5.00", "EUR"),
        ("store.return.recorded", {"lines": [{"refund_amount": 100}, {}]}, "1.00", "EUR"),
        ("store.lot.closed", {"amount": 100}, "", ""),
        ("store.sale.recorded", {"total": None}, "", ""),
    ],
)
def test_money_is_in_decimals_of_its_currency(kind, data, amount, currency):
    said = cells(row(1, kind=kind, data=data), SATURDAY.date(), SHOP)
    assert (said["amount"], said["currency"]) == (amount, currency)


@pytest.mark.parametrize("bad", ["=1+1", "+49221", "-cmd", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1"])
def test_a_spreadsheet_calculates_nothing(bad):
    said = cells(row(1, subject=bad), SATURDAY.date(), SHOP)
    assert said["customer_id"] == f"'{bad}"


@pytest.mark.parametrize("good", ["-5", "-0.05", "c-1", "5-3", "a=b", ""])
def test_what_is_no_formula_stays_as_it_is(good):
    assert cells(row(1, subject=good), SATURDAY.date(), SHOP)["customer_id"] == good


@given(subject=st.text(), lane=st.text())
def test_any_text_comes_back_from_its_cell(subject, lane):
    said = cells(row(1, subject=subject, data={"lane": lane}), SATURDAY.date(), SHOP)
    assert said["customer_id"].removeprefix("'") == subject.removeprefix("'")
    assert orjson.loads(said["data"]) == {"lane": lane}


def test_lines_end_as_the_standard_says():
    assert heading().endswith(b"data\r\n")
    assert heading() == (",".join(COLUMNS) + "\r\n").encode()


@pytest.mark.asyncio
async def test_a_day_becomes_a_file_with_its_checksum_when_it_is_over():
    desk = Desk()
    await desk.send(row(1), row(2))
    await desk.transport.tend()
    assert desk.ids() == {}
    await desk.next_day()
    assert desk.ids() == {"koeln-01_daily_2026-11-21.csv": ["e0001", "e0002"]}
    assert desk.waiting() == []


@pytest.mark.asyncio
async def test_the_checksum_is_what_sha256sum_reads(tmp_path):
    folder = tmp_path / "stick"
    folder.mkdir()
    desk = Desk(RealDisk(), folder)
    await desk.send(row(1), row(2))
    await desk.next_day()
    name = "koeln-01_daily_2026-11-21.csv"
    content, checksum = (folder / name).read_bytes(), (folder / f"{name}.sha256").read_bytes()
    assert [one["event_id"] for one in read_day(content, checksum, name)] == ["e0001", "e0002"]
    names = sorted(file.name for file in folder.iterdir())
    assert names == [".store-agent-daily", name, f"{name}.sha256"]
    assert (folder / name).stat().st_mode & 0o007 == 0


@pytest.mark.asyncio
async def test_a_business_day_is_the_shops_own():
    desk = Desk(day_begins_hour=4)
    desk.now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    in_the_night = datetime(2026, 11, 22, 2, 59, tzinfo=UTC)  # 03:59 in Berlin: still Saturday
    await desk.send(row(1, in_the_night), row(2, in_the_night + timedelta(minutes=1)))
    await desk.next_day()
    assert desk.ids() == {
        "koeln-01_daily_2026-11-21.csv": ["e0001"],
        "koeln-01_daily_2026-11-22.csv": ["e0002"],
    }


@pytest.mark.asyncio
async def test_the_day_of_an_event_is_that_of_its_true_time():
    desk = Desk()
    years_s = (SATURDAY - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
    in_1970 = datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC)
    await desk.send(row(1, in_1970, offset_s=years_s - 86_400))
    await desk.next_day()
    ((name, (one,)),) = desk.disk.published().items()
    assert name == "koeln-01_daily_2026-11-20.csv"
    assert one["time_is_certain"] == "yes"


@pytest.mark.asyncio
@pytest.mark.parametrize("year", [1, 1970, 2050, 9999])
async def test_an_event_of_a_wrong_clock_comes_into_the_file_of_the_day_it_arrives(year):
    desk = Desk()
    await desk.send(row(1, datetime(year, 1, 1, tzinfo=UTC)))
    await desk.next_day()
    assert desk.ids() == {"koeln-01_daily_2026-11-21.csv": ["e0001"]}


@pytest.mark.asyncio
@pytest.mark.parametrize("year", [1970, 2060])
async def test_without_a_date_the_events_wait(year):
    desk = Desk()
    desk.now = datetime(year, 1, 1, tzinfo=UTC)
    with pytest.raises(TransportError, match="date") as caught:
        await desk.send(row(1))
    assert "NTP" in caught.value.hint
    assert desk.waiting() == []


@pytest.mark.asyncio
async def test_a_day_waits_a_little_for_stragglers():
    desk = Desk(patience_minutes=30)
    await desk.send(row(1))
    desk.now = datetime(2026, 11, 21, 23, 20, tzinfo=UTC)  # 00:20 in Berlin
    await desk.transport.tend()
    assert desk.ids() == {}
    await desk.send(row(2, SATURDAY))
    desk.now += timedelta(minutes=11)
    await desk.transport.tend()
    assert desk.ids() == {"koeln-01_daily_2026-11-21.csv": ["e0001", "e0002"]}


@pytest.mark.asyncio
async def test_what_comes_too_late_is_a_further_file_and_the_first_never_changes():
    desk = Desk()
    await desk.send(row(1))
    await desk.next_day()
    before = desk.disk.contents()
    await desk.send(row(2, SATURDAY), row(3, desk.now))
    await desk.next_day()
    assert desk.ids() == {
        "koeln-01_daily_2026-11-21.csv": ["e0001"],
        "koeln-01_daily_2026-11-21_2.csv": ["e0002"],
        "koeln-01_daily_2026-11-22.csv": ["e0003"],
    }
    assert desk.disk.contents().items() >= before.items()


@pytest.mark.asyncio
async def test_of_a_long_backlog_each_day_is_one_file():
    desk = Desk()
    desk.now = SATURDAY + timedelta(days=30)
    rows = [row(n, SATURDAY + timedelta(hours=n)) for n in range(1, 721)]
    sent = 0
    while sent < len(rows):
        sent += len(await desk.send(*rows[sent : sent + 100]))
    await desk.transport.tend()
    assert len(desk.ids()) == 30
    assert all_ids(desk) == [one.id for one in rows]


@pytest.mark.asyncio
async def test_an_event_of_either_lane_is_taken_once():
    desk = Desk()
    urgent, ordinary = row(5, lane=Lane.URGENT), row(2)
    assert (await desk.send(urgent))[0].status is ResultStatus.ACCEPTED
    assert (await desk.send(ordinary))[0].status is ResultStatus.ACCEPTED
    assert (await desk.send(urgent))[0].status is ResultStatus.DUPLICATE
    await desk.next_day()
    again = [*await desk.send(urgent), *await desk.send(ordinary)]
    assert {result.status for result in again} == {ResultStatus.DUPLICATE}
    assert desk.ids() == {"koeln-01_daily_2026-11-21.csv": ["e0002", "e0005"]}


@pytest.mark.asyncio
async def test_in_a_fresh_ledger_places_count_anew_and_rescued_lines_stay():
    desk = Desk()
    await desk.send(row(7), row(8))
    desk.epoch = "epoch2"  # the ledger was damaged; these tables came through
    desk.start()
    again = row(1)._replace(id="e0008")  # delivered, but its position was not noted
    results = await desk.send(again, row(2), row(7)._replace(id="e0107"))
    assert [result.status for result in results] == ["duplicate", "accepted", "accepted"]
    await desk.next_day()
    assert desk.ids() == {"koeln-01_daily_2026-11-21.csv": ["e0007", "e0008", "e0002", "e0107"]}


@pytest.mark.asyncio
async def test_a_pulled_stick_is_told_and_nothing_is_lost():
    desk = Desk()
    await desk.send(row(1))
    desk.disk.is_there = False
    with pytest.raises(UnreachableError) as caught:
        await desk.send(row(2))
    assert "plug" in caught.value.hint
    assert str(FOLDER) in caught.value.hint
    assert desk.waiting() == ["e0001"]
    desk.disk.is_there = True
    await desk.send(row(2))
    await desk.next_day()
    assert desk.ids() == {"koeln-01_daily_2026-11-21.csv": ["e0001", "e0002"]}


@pytest.mark.asyncio
async def test_an_empty_mount_point_is_not_taken_for_the_stick():
    desk = Desk()
    await desk.send(row(1))
    desk.disk = FakeDisk()
    desk.start()
    with pytest.raises(UnreachableError, match="not the one used before") as caught:
        await desk.send(row(2))
    assert ".store-agent-daily" in caught.value.hint
    desk.disk.begin(FOLDER / ".store-agent-daily")  # as the hint says
    await desk.send(row(2))
    assert desk.waiting() == ["e0001", "e0002"]


@pytest.mark.asyncio
async def test_a_full_disk_is_told_and_the_file_written_when_there_is_room():
    desk = Desk()
    await desk.send(*[row(n) for n in range(1, 51)])
    desk.disk.room_bytes = 3000
    with pytest.raises(TransportError, match="no room") as caught:
        await desk.next_day()
    assert "Make room" in caught.value.hint
    assert desk.ids() == {}
    with pytest.raises(TransportError, match="no room"):
        await desk.send(row(60, desk.now))  # nor does it pile up in the ledger
    desk.disk.room_bytes = 1 << 30
    await desk.send(row(60, desk.now))
    assert [len(ids) for ids in desk.ids().values()] == [50]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("number", "hint"),
    [(errno.EACCES, "user"), (errno.EROFS, "user"), (errno.ESTALE, "mount"), (errno.EIO, "stick")],
)
async def test_every_fault_of_the_folder_has_a_remedy(number, hint):
    desk = Desk()

    def fail(step: str) -> None:
        if step == "append":
            raise OSError(number, os.strerror(number))

    desk.disk.before = fail
    with pytest.raises(UnreachableError) as caught:
        await desk.send(row(1))
    assert hint in caught.value.hint


@pytest.mark.asyncio
async def test_old_files_go_and_those_of_others_stay():
    desk = Desk(keep_days=2)
    desk.disk.begin(FOLDER / "invoice_2020-01-01.csv")
    desk.disk.begin(FOLDER / "koeln-01_other_2020-01-01.csv")
    for number in range(1, 6):
        await desk.send(row(number, desk.now))
        await desk.next_day()
    assert list(desk.ids()) == [f"koeln-01_daily_2026-11-2{n}.csv" for n in (4, 5)]
    assert {"invoice_2020-01-01.csv", "koeln-01_other_2020-01-01.csv"} <= set(desk.disk.contents())
    assert len(desk.disk.contents()) == 7


class PowerCut(Exception):
    """The step does not happen, nor anything after it."""


async def two_days(desk: Desk, rows: Sequence[OutboxRow]) -> None:
    """As a worker would do it: what may not have been taken is sent again."""
    await desk.send(*rows[:3])
    await desk.next_day()
    await desk.send(*rows)
    await desk.next_day()


async def count_steps() -> int:
    """How often disk and ledger are written or asked in two days."""
    desk, steps = Desk(), 0

    def count(_: str) -> None:
        nonlocal steps
        steps += 1

    desk.disk.before = desk.ledger.before = count
    await two_days(desk, all_rows())
    return steps


async def cut_power_before(desk: Desk, step: int) -> None:
    """Two days that end before the disk's step of this number."""

    def count(_: str) -> None:
        nonlocal step
        step -= 1
        if step <= 0:
            raise PowerCut

    desk.disk.before = desk.ledger.before = count
    with pytest.raises(PowerCut):
        await two_days(desk, all_rows())
    desk.disk.before = desk.ledger.before = lambda _: None
    desk.disk.cut_power()
    desk.start()


def all_rows() -> list[OutboxRow]:
    return [row(n) for n in range(1, 6)]


def all_ids(desk: Desk) -> list[str]:
    """What is published or still in the ledger; twice what is in both."""
    return sorted([*chain.from_iterable(desk.ids().values()), *desk.waiting()])


def is_sound(desk: Desk) -> bool:
    """Whether nothing taken is lost, and every file that has its name is whole."""
    try:
        kept = set(all_ids(desk))
    except NotAsPromisedError:
        return False
    files = [content for name, content in desk.disk.contents().items() if name.endswith(".csv")]
    is_whole = all(one.startswith(heading()) and one.count(b"\r\n") > 1 for one in files)
    taken = desk.ledger.connection.execute("SELECT max(seq) FROM csv_places").fetchone()[0] or 0
    return is_whole and {one.id for one in all_rows()[:taken]} <= kept


@pytest.mark.asyncio
async def test_a_power_cut_before_any_step_loses_and_doubles_nothing():
    steps = await count_steps()
    assert steps > 20
    for step in range(1, steps + 1):
        desk = Desk()
        await cut_power_before(desk, step)
        assert is_sound(desk)
        await two_days(desk, all_rows())
        assert all_ids(desk) == [one.id for one in all_rows()]
        assert desk.waiting() == []


class NamesFirst(Publisher):
    """Known bad: the name comes before the content is durable."""

    async def _name(self, part: Path, file: str) -> None:
        await self._on_disk(self._disk.rename, part, self._shelf.folder / file)
        await self._on_disk(self._disk.sync, self._shelf.folder / file)
        await self._on_disk(self._disk.sync_folder, self._shelf.folder)


class ForgetsFirst(Publisher):
    """Known bad: the lines leave the ledger before the file stands."""

    async def _write(self, file: str) -> None:
        part = await self._ledger.read(
            lambda conn: tables.page(conn, "daily", file, tables.FIRST, 500)
        )
        await self._ledger.write(lambda tx: tables.forget(tx, "daily", file))
        content = heading() + b"".join(text for _, _, text in part)
        await self._put(file, [content])
        digest = hashlib.sha256(content).hexdigest()
        await self._put(f"{file}.sha256", [f"{digest}  {file}\n".encode()])


@pytest.mark.asyncio
@pytest.mark.parametrize("bad", [NamesFirst, ForgetsFirst])
async def test_a_publisher_in_a_hurry_is_found_out(monkeypatch, bad):
    monkeypatch.setattr("sync.transports.csv_file.Publisher", bad)
    steps = await count_steps()
    sound = []
    for step in range(1, steps + 1):
        desk = Desk()
        await cut_power_before(desk, step)
        sound.append(is_sound(desk))
    assert not all(sound)
    assert any(sound)


def test_an_importer_rejects_what_was_tampered_with():
    content = heading() + line(row(1), SATURDAY.date(), SHOP)
    with pytest.raises(NotAsPromisedError):
        read_day(content, b"0" * 64 + b"  x.csv\n", "x.csv")


def test_it_has_something_to_do_at_rest():
    assert isinstance(Desk().transport, Tended)
