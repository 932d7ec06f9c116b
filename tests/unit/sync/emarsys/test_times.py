"""Emarsys' clock, its ceiling, and the form of times."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from emarsys_shop import AT, Clock
from hypothesis import given
from hypothesis import strategies as st

from sync.transports.emarsys.times import (
    DEFAULT_BUSY_S,
    Pace,
    ServerTime,
    busy_for_s,
    event_time,
    true_time,
)


def date(moment: datetime) -> dict[str, str]:
    return {"date": format_datetime(moment, usegmt=True)}


def test_the_other_clock_is_learned_and_carried_on_by_the_monotonic_one():
    clock = Clock(skew=timedelta(days=-20_000))
    server = ServerTime(clock.now, clock.monotonic)
    assert not server.is_known
    assert server.now() == clock.now()
    server.learn(date(AT))
    clock.pass_s(90)
    clock.skew = timedelta(days=9999)
    assert server.now() == AT + timedelta(seconds=90)
    assert server.last == AT
    server.learn({})
    assert server.now() == AT + timedelta(seconds=90)
    assert server.last is None


def test_no_more_calls_in_any_minute_than_allowed():
    clock = Clock()
    pace = Pace(3, clock.monotonic)
    for _ in range(3):
        assert pace.wait_s() == 0
        pace.count()
        clock.pass_s(10)
    assert pace.wait_s() == 30
    clock.pass_s(30)
    assert pace.wait_s() == 0


def test_a_pause_that_is_asked_for_counts_too():
    clock = Clock()
    pace = Pace(1000, clock.monotonic)
    pace.close_for(12)
    assert pace.wait_s() == 12
    clock.pass_s(12)
    assert pace.wait_s() == 0


@pytest.mark.parametrize(
    ("reset", "wait_s"),
    [
        (str(int(AT.timestamp()) + 17), 17),
        (str(int(AT.timestamp()) + 60), 60),
        (str(int(AT.timestamp()) - 5), 1),  # over already
        (str(int(AT.timestamp()) + 86400), DEFAULT_BUSY_S),  # no minute window ends tomorrow
        ("9" * 40, DEFAULT_BUSY_S),
        ("soon", DEFAULT_BUSY_S),
        ("-17", DEFAULT_BUSY_S),
        ("", DEFAULT_BUSY_S),
    ],
)
def test_the_reset_is_read_by_the_servers_clock(reset, wait_s):
    assert busy_for_s({"x-ratelimit-reset": reset}, AT) == wait_s


def test_an_event_has_the_only_form_that_is_taken():
    moment = datetime(2026, 11, 22, 10, 41, 0, 999_999, tzinfo=UTC)
    assert event_time(moment) == "2026-11-22T10:41:00.000Z"
    assert event_time(datetime.fromisoformat("2026-11-22T10:41:00+01:00")) == (
        "2026-11-22T09:41:00.000Z"
    )


def test_the_true_time_is_the_boxs_plus_what_was_learned_of_it():
    assert true_time("1970-01-02T00:00:00.000000Z", 3600.0).isoformat() == (
        "1970-01-02T01:00:00+00:00"
    )
    assert true_time("2026-11-21T09:41:00.000000Z", None).minute == 41


@given(st.datetimes(), st.floats(allow_nan=False, allow_infinity=False))
def test_no_offset_breaks_the_time(moment, offset_s):
    text = moment.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
    assert true_time(text, offset_s).tzinfo is not None
