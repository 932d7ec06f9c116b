"""When the shop is open, also around midnight and the change of the clocks."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store_agent.domain.hours import Hours

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def test_a_shop_without_hours_never_closes():
    assert Hours((), BERLIN).is_open(at("2026-11-22T03:00"))
    assert Hours((), BERLIN).closed_since(at("2026-11-22T03:00")) is None


@pytest.mark.parametrize(
    ("when", "is_open"),
    [
        ("2026-11-21T09:59:59", False),
        ("2026-11-21T10:00", True),
        ("2026-11-21T19:59:59", True),
        ("2026-11-21T20:00", False),
        ("2026-11-22T12:00", False),  # a Sunday
    ],
)
def test_the_first_second_is_open_and_the_last_is_not(when, is_open):
    assert Hours(["Mo-Sa 10:00-20:00"], BERLIN).is_open(at(when)) is is_open


def test_days_may_be_listed_wrap_round_the_week_and_differ():
    hours = Hours(["Sa-Mo 12:00-14:00", "We,Fr 08:00-09:00"], BERLIN)
    open_days = [
        day
        for day in range(16, 23)
        if hours.is_open(at(f"2026-11-{day}T13:00")) or hours.is_open(at(f"2026-11-{day}T08:30"))
    ]
    assert open_days == [16, 18, 20, 21, 22]  # Mo, We, Fr, Sa, Su


def test_an_evening_that_ends_tomorrow_belongs_to_both_days():
    hours = Hours(["Fr 20:00-02:00"], BERLIN)
    assert hours.is_open(at("2026-11-20T23:00"))
    assert hours.is_open(at("2026-11-21T01:59"))
    assert not hours.is_open(at("2026-11-21T02:00"))
    assert not hours.is_open(at("2026-11-20T01:00"))


def test_it_knows_when_it_closes():
    hours = Hours(["Mo-Sa 10:00-20:00", "Sa 18:00-02:00"], BERLIN)
    assert hours.closes_at(at("2026-11-20T12:00")) == at("2026-11-20T20:00")
    assert hours.closes_at(at("2026-11-21T19:00")) == at("2026-11-22T02:00")
    assert hours.closes_at(at("2026-11-20T20:00")) is None
    assert Hours((), BERLIN).closes_at(at("2026-11-20T12:00")) is None


def test_it_knows_since_when_it_is_closed():
    hours = Hours(["Mo-Sa 10:00-20:00"], BERLIN)
    assert hours.closed_since(at("2026-11-22T12:00")) == at("2026-11-21T20:00")
    assert hours.closed_since(at("2026-11-21T12:00")) is None


def test_the_wall_clock_counts_when_the_clocks_change():
    hours = Hours(["Su 10:00-11:00"], BERLIN)
    assert hours.is_open(datetime(2026, 3, 29, 8, 30, tzinfo=UTC))  # summer time began at night
    assert hours.is_open(datetime(2026, 10, 25, 9, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    "line", ["", "Mo", "10:00-20:00", "Mo 25:00-26:00", "Xx 10:00-20:00", "Mo-Sa 10-20"]
)
def test_a_line_that_cannot_be_read_is_quoted(line):
    with pytest.raises(ValueError, match=r"Mo-Sa|25:00|Xx|hour"):
        Hours([line], BERLIN)


@given(st.text(max_size=30))
def test_any_text_is_hours_or_a_value_error(line):
    try:
        Hours([line], BERLIN).is_open(at("2026-11-21T12:00"))
    except ValueError:
        return
