"""The rounds that keep the outbox within its bounds."""

from datetime import UTC, datetime, timedelta
from functools import partial

import orjson
import pytest

from sync import outbox, true_time, upkeep
from sync.fakes import PlainLedger
from sync.outbox import Caps, ClassCap, EventClass, Lane, OutboxEvent
from sync.outbox.caps import RECORD_ROOM, DropReason
from sync.outbox.tables import ROW_OVERHEAD_BYTES
from sync.true_time import BoxTime, PlatformClock, Told
from sync.upkeep import TELL_EVERY_S, OutboxUpkeep

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
RIGHT, RECORD, PRESENCE = EventClass.RIGHT, EventClass.RECORD, EventClass.PRESENCE
DATA = b'{"a":"' + b"x" * 100 + b'"}'
SIZE = len(DATA) + ROW_OVERHEAD_BYTES
BOUNDLESS = Caps(ClassCap(), ClassCap(), 10**12, 0)


class Box:
    """A ledger with its upkeep; time and disk as the test says."""

    def __init__(self, caps: Caps = BOUNDLESS, ages=None, path=":memory:") -> None:
        self.ledger = PlainLedger(path)
        self.db = self.ledger.connection
        self.free_bytes: int | None = None
        self.seconds = 0.0
        self.put_so_far = 0
        self.keep = OutboxUpkeep(
            self.ledger, caps, self.tombstone, lambda: self.seconds, lambda: self.free_bytes, ages
        )

    def tombstone(self, dropped: outbox.Dropped) -> OutboxEvent:
        self.put_so_far += 1
        told = {
            "class": dropped.event_class,
            "reason": dropped.reason,
            "first": dropped.first_seq,
            "last": dropped.last_seq,
            "count": dropped.count,
            "by": dict(dropped.by_transport),
        }
        event_id = f"t{self.put_so_far:05}"
        return OutboxEvent(
            event_id, "dropped", AT, orjson.dumps(told), None, Lane.URGENT, EventClass.RIGHT
        )

    def put(self, event_class: EventClass, count: int = 1, at: datetime = AT) -> None:
        def put_all(tx: outbox.Connection) -> None:
            for _ in range(count):
                self.put_so_far += 1
                event_id = f"e{self.put_so_far:05}"
                event = OutboxEvent(event_id, event_class, at, DATA, event_class=event_class)
                outbox.put(tx, event)

        self.ledger.transact(put_all)

    def waiting(self) -> list[str]:
        """The classes of what waits, in order."""
        return [row.type for row in outbox.page(self.db)]

    def told(self) -> list[dict]:
        return [orjson.loads(row.data) for row in outbox.page(self.db, lane=Lane.URGENT)]


@pytest.fixture
def box(request):
    made = Box(*getattr(request, "param", ()))
    yield made
    made.ledger.close()


@pytest.mark.asyncio
async def test_what_is_delivered_everywhere_is_deleted_in_bites(box, monkeypatch):
    monkeypatch.setattr(upkeep, "BITE_ROWS", 3)
    box.put(RECORD, 8)
    outbox.acknowledge(box.db, 7)
    assert (await box.keep.round()).purged == 7
    assert [row.seq for row in outbox.page(box.db, after_seq=0)] == [8]


@pytest.mark.asyncio
async def test_a_quiet_outbox_is_not_written_to(box):
    box.put(RECORD, 2)
    before = box.db.total_changes
    assert await box.keep.round() == upkeep.Report()
    assert box.db.total_changes == before


@pytest.mark.asyncio
@pytest.mark.parametrize("box", [(Caps(ClassCap(), ClassCap(), 10 * SIZE, 0),)], indirect=True)
async def test_above_the_cap_the_oldest_of_the_lowest_class_go_and_one_event_tells(box):
    box.put(RECORD, 4)
    box.put(PRESENCE, 4)
    box.put(RIGHT, 4)
    assert (await box.keep.round()).dropped == 3
    assert box.waiting() == ["record"] * 4 + ["presence"] + ["right"] * 4
    told = {"class": "presence", "reason": "bytes", "first": 5, "last": 7, "count": 3}
    assert box.told() == [told | {"by": {"platform": 3}}]
    assert outbox.backlog(box.db).dropped == 3
    assert outbox.backlog(box.db).count == 9 + 1


@pytest.mark.asyncio
@pytest.mark.parametrize("box", [(Caps(ClassCap(), ClassCap(), 10 * SIZE, 0),)], indirect=True)
async def test_when_rights_alone_are_too_much_the_rest_is_refused_at_put_and_counted(box):
    box.put(RIGHT, 12)
    await box.keep.round()
    box.put(PRESENCE, 2)
    box.put(RIGHT)
    box.put(RECORD)
    assert box.waiting() == ["right"] * 13
    assert outbox.page(box.db)[-1].seq == 15, "what was refused used up its numbers"
    assert outbox.backlog(box.db).dropped == 3
    box.seconds += TELL_EVERY_S
    await box.keep.round()
    assert [(one["class"], one["first"], one["last"], one["count"]) for one in box.told()] == [
        ("presence", 13, 14, 2),
        ("record", 16, 16, 1),
    ]


@pytest.mark.asyncio
@pytest.mark.parametrize("box", [(Caps(ClassCap(), ClassCap(), 10 * SIZE, 0),)], indirect=True)
async def test_after_draining_everything_is_taken_in_again(box):
    box.put(RIGHT, 12)
    await box.keep.round()
    assert box.keep.closed == {PRESENCE: DropReason.BYTES, RECORD: DropReason.BYTES}
    outbox.acknowledge(box.db, 12)
    await box.keep.round()
    assert box.keep.closed == {}
    box.put(PRESENCE)
    assert box.waiting() == ["presence"]


@pytest.mark.asyncio
async def test_a_refusal_shares_the_callers_transaction(box):
    outbox.set_gates(box.db, {PRESENCE: DropReason.ROOM})
    box.db.execute("BEGIN")
    event = OutboxEvent("e1", "t", AT, b"{}", event_class=PRESENCE)
    outbox.put(box.db, event)
    assert box.db.in_transaction
    assert len(outbox.untold(box.db)) == 1
    box.db.execute("ROLLBACK")
    assert outbox.untold(box.db) == []


@pytest.mark.asyncio
async def test_on_a_scarce_disk_nothing_goes_while_the_file_itself_has_room(tmp_path):
    caps = Caps(ClassCap(), ClassCap(), 10**12, min_room_bytes=int(100_000 / RECORD_ROOM))
    box = Box(caps, path=tmp_path / "ledger.db")
    box.put(RECORD, 500)
    box.free_bytes = 10_000
    room = (await box.ledger.read(partial(outbox.usage, free_bytes=10_000))).room_bytes
    assert room == 10_000
    dropped = [(await box.keep.round()).dropped for _ in range(9)]
    assert dropped[0] > 0
    assert dropped[-1] == 0
    room = (await box.ledger.read(partial(outbox.usage, free_bytes=10_000))).room_bytes
    assert room >= 100_000, "what went left its pages to the rights"
    assert RECORD not in box.keep.closed
    assert box.waiting(), "it took no more than it had to"
    box.ledger.close()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "box", [(Caps(ClassCap(max_count=10), ClassCap(), 10**12, 0),)], indirect=True
)
async def test_a_month_above_the_cap_tells_of_its_losses_in_few_events(box):
    for _ in range(300):
        box.put(PRESENCE)
        await box.keep.round()
        box.seconds += 10
    assert len(box.told()) < 10 + 300 * 10 / TELL_EVERY_S + 300 / 2
    assert sum(one["count"] for one in box.told()) + outbox_untold(box) == 300 - len(box.waiting())


def outbox_untold(box: Box) -> int:
    return sum(one.count for one in outbox.untold(box.db))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "box", [(Caps(ClassCap(max_count=10), ClassCap(), 10**12, 0),)], indirect=True
)
async def test_refused_events_go_before_those_that_still_wait(box):
    box.put(PRESENCE, 11)
    last = outbox.page(box.db)[-1]
    outbox.quarantine(box.db, last, "platform", "invalid", "no", AT)
    await box.keep.round()
    assert outbox.quarantine_count(box.db) == 0
    assert [row.seq for row in outbox.page(box.db)] == list(range(3, 12))


@pytest.mark.asyncio
async def test_what_others_already_have_counts_only_for_whoever_missed_it(box):
    outbox.enrol(box.db, {"platform": True, "crm": True})
    box.put(PRESENCE, 6)
    outbox.acknowledge(box.db, 4)
    outbox.acknowledge(box.db, 2, "crm")
    gone = outbox.drop(
        box.db, outbox.Place.WAITING, PRESENCE, DropReason.BYTES, 9, lambda found: len(found) - 1
    )
    assert [one.seq for one in gone] == [1, 2, 3, 4, 5]
    [told] = outbox.take_untold(box.db)
    assert (told.first_seq, told.last_seq, told.count) == (3, 5, 3)
    assert told.by_transport == {"platform": 1, "crm": 3}
    assert outbox.backlog(box.db).count == outbox.backlog(box.db, "crm").count == 1
    outbox.acknowledge(box.db, 6)
    assert outbox.backlog(box.db).count == 0


class Boots:
    """A box whose clocks and boots the test sets."""

    def __init__(self) -> None:
        self.boot, self.wall, self.mono_s = "a", AT, 100.0

    def look(self) -> BoxTime:
        return BoxTime(self.boot, self.wall, self.mono_s)

    def clock(self) -> PlatformClock:
        return PlatformClock(self.boot, lambda: self.wall, lambda: self.mono_s)


@pytest.mark.asyncio
async def test_age_is_judged_by_true_time_only():
    boots = Boots()
    caps = Caps(ClassCap(max_age_s=86400.0), ClassCap(), 10**12, 0)
    box = Box(caps, boots.clock())
    true_time.enter(box.db, boots.look())
    box.put(PRESENCE, 2, boots.wall)
    boots.wall += timedelta(days=4000)  # somebody set the clock
    await box.keep.round()
    assert len(box.waiting()) == 2
    boots.mono_s += 2 * 86400.0  # two days really went by
    assert (await box.keep.round()).dropped == 2
    assert box.told()[0]["reason"] == "age"
    box.ledger.close()


@pytest.mark.asyncio
async def test_events_of_a_boot_that_never_heard_the_time_never_grow_old():
    boots = Boots()
    boots.wall = datetime(1970, 1, 1, tzinfo=UTC)
    caps = Caps(ClassCap(max_age_s=86400.0), ClassCap(), 10**12, 0)
    ledger_box = Box(caps)
    true_time.enter(ledger_box.db, boots.look())
    ledger_box.put(PRESENCE, 2, boots.wall)
    boots.boot, boots.wall, boots.mono_s = "b", AT, 5.0
    clock = boots.clock()
    told = clock.hears(AT)
    assert isinstance(told, Told)
    true_time.tell(ledger_box.db, told)
    keep = OutboxUpkeep(
        ledger_box.ledger, caps, ledger_box.tombstone, lambda: 0.0, lambda: None, clock
    )
    boots.mono_s += 400 * 86400.0
    assert (await keep.round()).dropped == 0
    ledger_box.ledger.close()


@pytest.mark.asyncio
async def test_room_comes_back_to_the_disk_in_bounded_steps(tmp_path, monkeypatch):
    monkeypatch.setattr(upkeep, "KEPT_PAGES", 8)
    monkeypatch.setattr(upkeep, "VACUUM_PAGES", 16)
    monkeypatch.setattr(upkeep, "BITES", 4)
    path = tmp_path / "ledger.db"
    box = Box(path=path)
    box.put(RECORD, 3000)
    full = pages(box)
    outbox.acknowledge(box.db, 3000)
    steps = []
    while (report := await box.keep.round()).purged or report.vacuumed_pages:
        steps.append(report.vacuumed_pages)
    assert max(steps) <= 4 * 16
    assert pages(box) < full / 4
    box.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert path.stat().st_size < full * 4096 / 4
    box.ledger.close()


def pages(box: Box) -> int:
    return int(box.db.execute("PRAGMA page_count").fetchone()[0])


def test_the_bytes_an_event_is_said_to_take_are_about_those_it_takes(tmp_path):
    box = Box(path=tmp_path / "ledger.db")
    before = pages(box)

    def put_all(tx: outbox.Connection) -> None:
        for number in range(4000):
            event_id = f"01932b1e-7c3a-7cc0-9d55-{number:012}"
            outbox.put(tx, OutboxEvent(event_id, "store.scan.recorded", AT, DATA, "c-0000123"))

    box.ledger.transact(put_all)
    taken = (pages(box) - before) * 4096
    said = outbox.usage(box.db).total_bytes
    assert 0.8 < said / taken < 1.25
    box.ledger.close()
