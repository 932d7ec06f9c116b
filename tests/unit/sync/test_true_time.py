"""By the platform's clock, whatever the box's own says: 1970, 2050, set while it runs, drifting."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import true_time
from sync.true_time import (
    DELAY_MS,
    DRIFT,
    SEGMENTS_KEPT,
    STEP_MS,
    BoxTime,
    ClockWatch,
    PlatformClock,
)

REAL_START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
Y1970 = datetime(1970, 1, 1, 0, 0, 20, tzinfo=UTC)
Y2050 = datetime(2050, 6, 1, tzinfo=UTC)
HOUR = 3600.0
DAY = 24 * HOUR


def a_database() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    for _, script in true_time.MIGRATIONS:
        db.executescript(script)
    return db


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    connection = a_database()
    yield connection
    connection.close()


@dataclass
class Row:
    occurred_at: datetime
    clock: int
    really_s: float


@dataclass
class Box:
    """A box in the real world: seconds of real time, and clocks that do what they like."""

    db: sqlite3.Connection
    wall: datetime = REAL_START
    drift: float = 0.0
    real_s: float = 0.0
    monotonic_s: float = 5.0
    boot: int = 0
    rows: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start_agent()

    def start_agent(self) -> None:
        self.clock = PlatformClock(f"boot-{self.boot}", lambda: self.wall, lambda: self.monotonic_s)
        self.watch = ClockWatch(self.clock.look)
        self.clock.recall(self.db)

    def reboot(self, wall: datetime, off_s: float = 60.0) -> None:
        self.real_s += off_s
        self.wall, self.monotonic_s, self.boot = wall, 5.0, self.boot + 1
        self.start_agent()

    def wait(self, seconds: float) -> None:
        self.real_s += seconds
        self.monotonic_s += seconds * (1 + self.drift)
        self.wall += timedelta(seconds=seconds * (1 + self.drift))

    def put(self) -> Row:
        self.watch(self.db)
        segment = true_time.newest(self.db)
        assert segment is not None
        self.rows.append(Row(self.wall, segment.n, self.real_s))
        return self.rows[-1]

    def hear(self, delay_s: float = 0.0) -> bool:
        said_at = self.real_now
        self.wait(delay_s)
        told = self.clock.hears(said_at)
        if told is not None:
            true_time.tell(self.db, told)
        return told is not None

    @property
    def real_now(self) -> datetime:
        return REAL_START + timedelta(seconds=self.real_s)

    def error_s(self, row: Row) -> float | None:
        """How far the computed time of `row` is from the real one."""
        segment = true_time.segments(self.db)[row.clock]
        found = true_time.true_time(row.occurred_at, segment.offset_s)
        if found is None:
            return None
        return (found - REAL_START).total_seconds() - row.really_s

    def least_age_s(self, row: Row) -> float | None:
        segments = true_time.segments(self.db)
        return self.clock.least_age_s(row.occurred_at, segments.get(row.clock))


@pytest.mark.parametrize("wall", [Y1970, Y2050], ids=["1970", "2050"])
def test_rows_of_a_wrong_clock_get_their_true_time_once_the_platform_speaks(
    db: sqlite3.Connection, wall: datetime
) -> None:
    box = Box(db, wall=wall)
    row = box.put()
    assert box.error_s(row) is None
    box.wait(HOUR)
    box.hear()
    assert box.error_s(row) == pytest.approx(0, abs=0.01)


def test_the_time_that_ntp_sets_later_leaves_earlier_rows_right(db: sqlite3.Connection) -> None:
    box = Box(db, wall=Y1970)
    before = box.put()
    box.wait(20)
    box.wall = REAL_START + timedelta(seconds=20)
    after = box.put()
    assert after.clock == before.clock + 1
    box.hear()
    assert box.error_s(before) == pytest.approx(0, abs=0.01)
    assert box.error_s(after) == pytest.approx(0, abs=0.01)


def test_a_segment_opened_after_the_platform_spoke_is_known_at_once(
    db: sqlite3.Connection,
) -> None:
    box = Box(db)
    box.hear()
    box.wall += timedelta(days=-3)
    assert box.error_s(box.put()) == pytest.approx(0, abs=0.01)


def test_an_earlier_boot_that_heard_nothing_stays_unknown(db: sqlite3.Connection) -> None:
    box = Box(db, wall=Y1970)
    row = box.put()
    box.reboot(REAL_START)
    box.put()
    box.hear()
    assert box.error_s(row) is None
    assert box.least_age_s(row) is None


def test_the_age_in_the_present_boot_needs_no_platform(db: sqlite3.Connection) -> None:
    box = Box(db, wall=Y1970)
    row = box.put()
    box.wait(HOUR)
    box.wall = Y2050
    assert box.least_age_s(row) == pytest.approx(HOUR, abs=4)
    assert box.clock.now() is None


def test_an_evenly_running_clock_opens_one_segment(db: sqlite3.Connection) -> None:
    box = Box(db)
    for _ in range(5):
        box.put()
        box.wait(DAY)
    assert len(true_time.segments(db)) == 1


def test_slow_corrections_open_a_segment_when_they_add_up(db: sqlite3.Connection) -> None:
    box = Box(db)
    for _ in range(30):
        box.put()
        box.wall += timedelta(milliseconds=500)
    assert 5 <= len(true_time.segments(db)) <= 8


def test_an_agent_started_again_goes_on_with_segment_and_time(db: sqlite3.Connection) -> None:
    box = Box(db)
    box.hear()
    first = box.put()
    box.wait(HOUR)
    box.start_agent()
    assert box.clock.now() == pytest.approx(box.real_now, abs=timedelta(seconds=1))
    assert box.put().clock == first.clock


def test_a_segment_whose_transaction_was_taken_back_is_opened_again(
    db: sqlite3.Connection,
) -> None:
    box = Box(db)
    db.execute("BEGIN")
    box.watch(db)
    db.execute("ROLLBACK")
    box.watch(db)
    box.watch(db)
    assert len(true_time.segments(db)) == 1


def test_a_steady_clock_costs_no_query(db: sqlite3.Connection) -> None:
    box = Box(db)
    box.watch(db)
    box.watch(db)
    asked: list[str] = []
    db.set_trace_callback(asked.append)
    box.wait(DAY)
    box.watch(db)
    assert asked == []


def test_most_answers_are_no_news(db: sqlite3.Connection) -> None:
    box = Box(db)
    assert box.hear()
    box.wait(10)
    assert not box.hear()
    assert not box.hear(delay_s=2.0)
    assert box.hear(delay_s=10.0)
    assert box.hear()  # and one that came at once is believed again
    box.wait(7 * HOUR)
    assert box.hear()  # so that drift is counted from here


def test_a_clock_that_is_set_every_minute_does_not_fill_the_ledger(
    db: sqlite3.Connection,
) -> None:
    db.execute("BEGIN")
    for n in range(SEGMENTS_KEPT + 50):
        true_time.enter(db, BoxTime("boot", REAL_START + timedelta(minutes=n), 0.0))
    db.execute("COMMIT")
    assert len(true_time.segments(db)) == SEGMENTS_KEPT


def test_a_row_older_than_its_segment_has_no_age(db: sqlite3.Connection) -> None:
    """An event about the past bears a time that another segment's clock said."""
    box = Box(db)
    box.hear()
    row = box.put()
    row.occurred_at -= timedelta(days=400)
    assert box.least_age_s(row) is None


def test_drift_of_an_earlier_boot_makes_nothing_older(db: sqlite3.Connection) -> None:
    box = Box(db, drift=-150e-6)
    box.hear()
    box.wait(30 * DAY)
    row = box.put()
    box.reboot(REAL_START)
    box.hear()
    least_s = box.least_age_s(row)
    assert least_s is not None
    assert least_s <= box.real_s - row.really_s


seconds = st.sampled_from([0.1, 1.0, 5.0, 60.0, HOUR, DAY, 9 * DAY, 30 * DAY])
walls = st.sampled_from(
    [Y1970, Y2050, REAL_START, REAL_START - timedelta(days=3), REAL_START + timedelta(days=900)]
)
actions = st.one_of(
    st.tuples(st.just("wait"), seconds),
    st.tuples(st.just("put"), st.none()),
    st.tuples(st.just("hear"), st.sampled_from([0.0, 0.2, 2.9, 12.0, 35.0])),
    st.tuples(st.just("set"), walls),
    st.tuples(st.just("step"), st.floats(-7200, 7200, allow_nan=False)),
    st.tuples(st.just("reboot"), walls),
    st.tuples(st.just("restart"), st.none()),
)


def act(box: Box, action: str, value: Any) -> None:
    if action == "wait":
        box.wait(value)
    elif action == "put":
        box.put()
    elif action == "hear":
        box.hear(value)
    elif action == "set":
        box.wall = value
    elif action == "step":
        box.wall += timedelta(seconds=value)
    elif action == "reboot":
        box.reboot(value)
    else:
        box.start_agent()


def check(box: Box, heard: dict[int, float]) -> None:
    segments = true_time.segments(box.db)
    for row in box.rows:
        segment = segments[row.clock]
        error_s = box.error_s(row)
        if error_s is not None:
            told_s = heard[int(segment.boot_id.removeprefix("boot-"))]
            away_s = abs(told_s - row.really_s) + 7 * HOUR
            assert abs(error_s) <= (STEP_MS + DELAY_MS) / 1000 + DRIFT * away_s
        least_s = box.least_age_s(row)
        assert least_s is None or least_s <= box.real_s - row.really_s


@given(st.lists(actions, max_size=30), st.sampled_from([-150e-6, -20e-6, 0.0, 20e-6, 150e-6]))
def test_times_are_never_further_off_than_the_tolerance_and_nothing_is_taken_for_older_than_it_is(
    script: list[tuple[str, Any]], drift: float
) -> None:
    db = a_database()
    box, heard = Box(db, wall=Y1970, drift=drift), {}
    for action, value in script:
        act(box, action, value)
        if action == "hear":
            heard[box.boot] = box.real_s
        check(box, heard)
    db.close()


def test_a_long_random_life_ends_with_ages_that_are_right_within_minutes() -> None:
    db, rng = a_database(), Random(5)
    box = Box(db, drift=50e-6)
    box.hear()
    for _ in range(200):
        box.wait(rng.uniform(1, HOUR))
        if rng.random() < 0.2:
            box.wall += timedelta(seconds=rng.uniform(-1e8, 1e8))
        box.put()
    box.reboot(Y1970)
    box.hear()
    for row in box.rows:
        least_s, true_s = box.least_age_s(row), box.real_s - row.really_s
        assert least_s is not None
        assert true_s - 300 <= least_s <= true_s
    db.close()
