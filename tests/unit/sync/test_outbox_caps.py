"""What is too much and what goes first, by figures alone."""

from hypothesis import given
from hypothesis import strategies as st

from sync.outbox.caps import Caps, ClassCap, DropReason, Excess, Usage, closed, excesses
from sync.outbox.rows import EventClass

RIGHT, RECORD, PRESENCE = EventClass.RIGHT, EventClass.RECORD, EventClass.PRESENCE
BOUNDLESS = ClassCap()
CAPS = Caps(BOUNDLESS, BOUNDLESS, max_bytes=1000, min_room_bytes=100)


def usage(right: int = 0, record: int = 0, presence: int = 0, room: int | None = None) -> Usage:
    """One byte for each event, to keep it readable."""
    by_class = {RIGHT: right, RECORD: record, PRESENCE: presence}
    return Usage(by_class, by_class, room)


def test_within_the_caps_nothing_goes_and_everything_is_taken_in():
    now = usage(right=500, record=300, presence=200, room=100)
    assert list(excesses(CAPS, now)) == []
    assert closed(CAPS, now) == {}


def test_above_the_sum_presence_goes_first_down_to_nine_tenths():
    assert list(excesses(CAPS, usage(right=500, record=300, presence=250))) == [
        Excess(PRESENCE, DropReason.BYTES, 0, 150)
    ]


def test_records_go_only_once_all_presence_is_gone():
    assert list(excesses(CAPS, usage(right=500, record=600, presence=50))) == [
        Excess(PRESENCE, DropReason.BYTES, 0, 50),
        Excess(RECORD, DropReason.BYTES, 0, 200),
    ]


def test_rights_stay_whatever_they_take_and_then_nothing_else_is_taken_in():
    now = usage(right=2000)
    assert list(excesses(CAPS, now)) == []
    assert closed(CAPS, now) == {PRESENCE: DropReason.BYTES, RECORD: DropReason.BYTES}


def test_a_class_has_a_cap_of_its_own_in_bytes_and_in_number():
    caps = Caps(ClassCap(max_count=10), ClassCap(max_bytes=100), 10_000, 0)
    assert list(excesses(caps, usage(record=101, presence=11))) == [
        Excess(PRESENCE, DropReason.COUNT, 2, 0),
        Excess(RECORD, DropReason.BYTES, 0, 11),
    ]


def test_when_the_disk_runs_full_presence_is_refused_and_records_never():
    scarce, full = usage(record=50, room=99), usage(record=50, room=0)
    assert closed(CAPS, scarce) == closed(CAPS, full) == {PRESENCE: DropReason.ROOM}


def test_records_make_room_only_when_hardly_any_is_left():
    roomy = Caps(BOUNDLESS, BOUNDLESS, max_bytes=1000, min_room_bytes=160)
    assert list(excesses(roomy, usage(record=50, room=10))) == []
    assert list(excesses(roomy, usage(record=50, room=9))) == [
        Excess(RECORD, DropReason.ROOM, 0, 2)
    ]
    assert list(excesses(roomy, usage(record=50, presence=1, room=8))) == [
        Excess(PRESENCE, DropReason.ROOM, 0, 1),
        Excess(RECORD, DropReason.ROOM, 0, 2),
    ]


def test_a_closed_class_opens_only_with_room_to_spare():
    shut = {PRESENCE: DropReason.ROOM}
    assert closed(CAPS, usage(room=105), shut) == shut
    assert closed(CAPS, usage(room=112), shut) == {}
    assert list(excesses(CAPS, usage(presence=9, room=105))) == []
    assert list(excesses(CAPS, usage(presence=9, room=105), shut)) == [
        Excess(PRESENCE, DropReason.ROOM, 0, 6)
    ]


def test_room_that_nobody_knows_decides_nothing():
    assert closed(CAPS, usage()) == {}


amounts = st.integers(0, 5000)


@given(amounts, amounts, amounts, st.none() | amounts)
def test_a_right_never_goes_and_a_record_only_behind_all_presence(right, record, presence, room):
    now = usage(right, record, presence, room)
    going = list(excesses(CAPS, now))
    assert RIGHT not in {one.event_class for one in going}
    assert RIGHT not in closed(CAPS, now)
    for reason in DropReason:
        taken = {one.event_class: one.bytes for one in going if one.reason is reason}
        if RECORD in taken:
            assert taken.get(PRESENCE, 0) == presence
    if now.total_bytes > CAPS.max_bytes:
        spread = sum(one.bytes for one in going if one.reason is DropReason.BYTES)
        assert spread == min(now.total_bytes - 900, record + presence)
