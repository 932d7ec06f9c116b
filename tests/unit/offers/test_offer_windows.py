"""Dates, weekdays and hours on the shop's wall clock, against a minute-by-minute oracle."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from unit.offers.offer_builders import BERLIN, DAY, NOW, judged, offer, outcome, voucher

from store_agent.domain.greeting import OfferReason, Verdict
from store_agent.domain.offer import Offer
from store_agent.offers.windows import moment_of, out_of_hours

IsOpen = Callable[[Offer, datetime, ZoneInfo], bool]
MINUTES_A_DAY = 24 * 60

# Zones with their own turns of the clock: a whole hour, half an hour, at midnight, never.
TURNS = {
    "Europe/Berlin": ["2026-03-29T01:00", "2026-10-25T01:00"],
    "Australia/Lord_Howe": ["2026-04-04T15:00", "2026-10-03T15:30"],
    "America/Havana": ["2026-03-08T05:00", "2026-11-01T05:00"],
    "Asia/Kolkata": ["2026-06-30T18:30"],
}
HOURS = st.none() | st.times().map(lambda t: t.replace(second=0, microsecond=0))
OFFERS = st.builds(
    lambda start, end, days: offer(from_time=start, until_time=end, weekdays=days),
    HOURS,
    HOURS,
    st.sets(st.integers(1, 7)).map(lambda days: tuple(sorted(days))),
)


@st.composite
def moments(draw: st.DrawFn) -> tuple[datetime, ZoneInfo]:
    """Any second within two days around a turn of the clock."""
    zone = draw(st.sampled_from(sorted(TURNS)))
    turn = datetime.fromisoformat(draw(st.sampled_from(TURNS[zone]))).replace(tzinfo=UTC)
    return turn + timedelta(seconds=draw(st.integers(-172_800, 172_800))), ZoneInfo(zone)


def open_minutes(rule: Offer, first: date, days: int) -> set[tuple[date, int]]:
    """Every wall-clock minute of the windows that start on each allowed day, written out."""
    start = 0 if rule.from_time is None else rule.from_time.hour * 60 + rule.from_time.minute
    end = 0 if rule.until_time is None else rule.until_time.hour * 60 + rule.until_time.minute
    length = (end - start) % MINUTES_A_DAY or MINUTES_A_DAY
    found = set()
    for n in range(days):
        day = first + timedelta(days=n)
        if not rule.weekdays or day.isoweekday() in rule.weekdays:
            for minute in range(start, start + length):
                later, of_day = divmod(minute, MINUTES_A_DAY)
                found.add((day + timedelta(days=later), of_day))
    return found


def check_hours(is_open: IsOpen) -> None:
    """Raise AssertionError where `is_open` differs from the written-out minutes."""

    @settings(derandomize=True, database=None, phases=(Phase.generate,))
    @given(OFFERS, moments())
    def search(rule: Offer, when: tuple[datetime, ZoneInfo]) -> None:
        at, zone = when
        wall = at.astimezone(zone)
        minute = (wall.date(), wall.hour * 60 + wall.minute)
        expected = minute in open_minutes(rule, wall.date() - DAY, 2)
        assert is_open(rule, at, zone) is expected

    search()


def is_open_now(rule: Offer, at: datetime, zone: ZoneInfo) -> bool:
    return out_of_hours(rule, moment_of(at, zone)) is None


def on_the_clock_in_greenwich(rule: Offer, at: datetime, zone: ZoneInfo) -> bool:
    return is_open_now(rule, at, ZoneInfo("UTC"))


def without_summer_time(rule: Offer, at: datetime, zone: ZoneInfo) -> bool:
    winter = datetime(2026, 1, 1, tzinfo=zone).utcoffset()
    assert winter is not None
    return is_open_now(rule, at + winter, ZoneInfo("UTC"))


def on_the_weekday_of_the_moment(rule: Offer, at: datetime, zone: ZoneInfo) -> bool:
    weekday = at.astimezone(zone).isoweekday()
    if rule.weekdays and weekday not in rule.weekdays:
        return False
    return is_open_now(offer(from_time=rule.from_time, until_time=rule.until_time), at, zone)


def never_over_midnight(rule: Offer, at: datetime, zone: ZoneInfo) -> bool:
    clock, start = at.astimezone(zone).time(), rule.from_time or time(0)
    return is_open_now(rule, at, zone) and clock >= start


def test_hours_are_those_of_the_wall_clock_also_when_it_is_turned() -> None:
    check_hours(is_open_now)


@pytest.mark.parametrize(
    "known_bad",
    [
        on_the_clock_in_greenwich,
        without_summer_time,
        on_the_weekday_of_the_moment,
        never_over_midnight,
    ],
)
def test_a_wrong_clock_is_noticed(known_bad: IsOpen) -> None:
    with pytest.raises(AssertionError):
        check_hours(known_bad)


LATE = offer(weekdays=(5,), from_time=time(22), until_time=time(2))  # Friday night


@pytest.mark.parametrize(
    ("wall", "reason"),
    [
        ("2026-11-20T21:59", OfferReason.WRONG_TIME),
        ("2026-11-20T22:00", None),
        ("2026-11-21T01:59", None),
        ("2026-11-21T02:00", OfferReason.WRONG_DAY),
        ("2026-11-20T01:00", OfferReason.WRONG_DAY),
        ("2026-11-21T22:30", OfferReason.WRONG_DAY),
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_began(
    wall: str, reason: OfferReason | None
) -> None:
    at = datetime.fromisoformat(wall).replace(tzinfo=BERLIN)
    assert out_of_hours(LATE, moment_of(at, BERLIN)) is reason


@pytest.mark.parametrize(
    ("clock", "is_open"),
    [("08:59:59", False), ("09:00:00", True), ("17:59:59", True), ("18:00:00", False)],
)
def test_hours_include_their_start_and_exclude_their_end(clock: str, is_open: bool) -> None:
    at = datetime.fromisoformat(f"2026-11-21T{clock}").replace(tzinfo=BERLIN)
    assert is_open_now(offer(from_time=time(9), until_time=time(18)), at, BERLIN) is is_open


def test_sunday_night_reaches_into_monday() -> None:
    sunday = offer(weekdays=(7,), from_time=time(22), until_time=time(2))
    monday = datetime(2026, 11, 23, 1, 0, tzinfo=BERLIN)
    assert out_of_hours(sunday, moment_of(monday, BERLIN)) is None


def test_the_same_start_and_end_is_the_whole_day() -> None:
    always = offer(from_time=time(0), until_time=time(0))
    assert outcome(judged(offers=[always]))[0] is Verdict.SHOWN


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"valid_from": NOW + SECOND}, OfferReason.NOT_STARTED),
        ({"valid_from": NOW}, None),
        ({"valid_until": NOW}, None),
        ({"valid_until": NOW - SECOND}, OfferReason.EXPIRED),
        ({"valid_from": NOW - DAY, "valid_until": NOW + DAY}, None),
        # Without an offset: 11:00 on every shop's own wall clock, which is now in Berlin.
        ({"valid_from": datetime.fromisoformat("2026-11-21T11:00")}, None),
        ({"valid_from": datetime.fromisoformat("2026-11-21T11:01")}, OfferReason.NOT_STARTED),
        ({"valid_until": datetime.fromisoformat("2026-11-21T10:59")}, OfferReason.EXPIRED),
    ],
)
def test_dates_include_both_ends(fields: dict[str, datetime], reason: OfferReason | None) -> None:
    assert outcome(judged(offers=[offer(**fields)]))[1] is (reason or OfferReason.MATCHES)
    right = outcome(judged(vouchers=[voucher(**fields)]))[1]
    assert right is (reason or OfferReason.ISSUED_RIGHT)


@pytest.mark.parametrize(
    ("utc_hour", "verdict"), [(0, Verdict.SHOWN), (1, Verdict.SHOWN), (2, Verdict.REFUSED)]
)
def test_an_end_in_a_repeated_hour_lasts_through_both(utc_hour: int, verdict: Verdict) -> None:
    until = datetime.fromisoformat("2026-10-25T02:30")  # there is 02:30 twice in that night
    at = datetime(2026, 10, 25, utc_hour, 30, tzinfo=UTC)
    assert outcome(judged(offers=[offer(valid_until=until)], at=at))[0] is verdict


def test_a_moment_without_offset_is_an_error_and_not_a_guess() -> None:
    with pytest.raises(ValueError, match="needs an offset"):
        judged(offers=[offer()], at=datetime.fromisoformat("2026-11-21T10:00"))
