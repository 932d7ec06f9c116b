"""A number per hour: never of a small group, never live, never who."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from store_agent.domain.footfall import HourlyCount
from store_agent.presence.footfall import Footfall

TEN = datetime(2026, 11, 21, 10, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def counted(people: int, minimum: int = 3, start: datetime = TEN) -> HourlyCount | None:
    footfall = Footfall(minimum, start)
    for number in range(people):
        footfall.note(f"c-{number}", start + MINUTE)
    return footfall.close(TEN + HOUR)


def test_an_hour_is_told_when_it_is_over():
    assert counted(3) == HourlyCount(TEN, 3, complete=True)


def test_a_small_group_is_never_told():
    assert counted(2) is None


def test_nobody_learns_the_number_while_the_hour_runs():
    footfall = Footfall(1, TEN)
    footfall.note("c-1", TEN)
    assert footfall.close(TEN + timedelta(minutes=59)) is None


def test_somebody_seen_twice_counts_once():
    footfall = Footfall(2, TEN)
    for _ in range(5):
        footfall.note("c-1", TEN + MINUTE)
    footfall.note("c-2", TEN + MINUTE)
    assert footfall.close(TEN + HOUR) == HourlyCount(TEN, 2, complete=True)


def test_an_hour_that_began_before_the_box_says_so():
    assert counted(3, start=TEN + MINUTE) == HourlyCount(TEN, 3, complete=False)


def test_an_hour_is_told_once():
    footfall = Footfall(1, TEN)
    footfall.note("c-1", TEN)
    assert footfall.close(TEN + HOUR) is not None
    assert footfall.close(TEN + HOUR + MINUTE) is None


def test_the_key_is_new_in_every_hour_so_that_nobody_can_be_followed():
    keys: list[bytes] = []

    def new_key(size: int) -> bytes:
        keys.append(bytes([len(keys)]) * size)
        return keys[-1]

    footfall = Footfall(1, TEN, new_key)
    footfall.close(TEN + HOUR)
    footfall.close(TEN + 2 * HOUR)
    assert len(set(keys)) == 3


def test_a_clock_that_jumps_back_tells_nothing():
    footfall = Footfall(1, TEN)
    footfall.note("c-1", TEN)
    assert footfall.close(TEN - 5 * HOUR) is None


@given(
    st.lists(
        st.tuples(st.integers(0, 20), st.integers(0, 300)).map(
            lambda pair: (f"c-{pair[0]}", TEN + pair[1] * MINUTE)
        ),
        max_size=60,
    ),
    st.integers(2, 6),
)
def test_it_never_tells_a_number_below_the_minimum_or_above_the_truth(seen, minimum):
    footfall = Footfall(minimum, TEN)
    told = []
    for subject, when in sorted(seen, key=lambda pair: pair[1]):
        told.append(footfall.close(when))
        footfall.note(subject, when)
    told.append(footfall.close(TEN + 10 * HOUR))
    for count in filter(None, told):
        people = {s for s, when in seen if count.hour <= when < count.hour + HOUR}
        assert minimum <= count.people == len(people)
