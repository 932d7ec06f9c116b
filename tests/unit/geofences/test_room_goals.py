"""A small sample of the bench's radio scenes keeps the goals that the bench measures in full."""

from statistics import median

import pytest

from geofences.beacons.tracker import TrackerSettings
from tests.bench.radio_walks import SCENES, by_rooms, naive, score

VISITS = 4
BY_NAME = {scene.name: scene for scene in SCENES}


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "name",
    [
        "rooms, 1 s",
        "rooms, 30-96 s",
        "rooms and turning, 1 s",
        "border, 1 s",
        "border, 10 s",
        "border and turning, 1 s",
        "stalls, 1 s",
    ],
)
def test_rooms_do_not_flap_and_stalls_make_nobody_leave(name):
    found = score(BY_NAME[name], VISITS, by_rooms)
    assert found.flaps <= 1
    assert (found.false_left, found.missed) == (0, 0)


@pytest.mark.timeout(30)
def test_a_walk_is_noticed_soon_also_from_a_border():
    rooms = score(BY_NAME["rooms, 1 s"], VISITS, by_rooms)
    assert rooms.moves > 2 * VISITS
    assert median(rooms.switch_s) < 40
    over = score(BY_NAME["from the border into a zone, 1 s"], VISITS, by_rooms)
    assert over.unnoticed == 0


def by_the_last_readings(heard, stalls):
    """The known-bad variant: a lead of any size, as soon as it is likelier than not."""
    return by_rooms(heard, stalls, TrackerSettings(sure=0.5, border_db=0.0, turner_db=0.0))


def by_bodies_that_never_turn(heard, stalls):
    """The known-bad variant: whatever changes is a walk."""
    return by_rooms(heard, stalls, TrackerSettings(turners=0.0, wear_s=1e9))


def by_one_exit_time(heard, stalls):
    """The known-bad variant: the same exit time for every tag, as elsewhere."""
    fixed = TrackerSettings(exit_default_s=30.0, exit_min_s=30.0, exit_max_s=30.0)
    return by_rooms(heard, stalls, fixed)


@pytest.mark.timeout(30)
def test_the_known_bad_variants_are_found_out_by_the_same_scenes():
    assert score(BY_NAME["border, 1 s"], VISITS, by_the_last_readings).flaps > VISITS
    turning = BY_NAME["border and turning, 1 s"]
    assert score(turning, VISITS, by_bodies_that_never_turn).flaps > VISITS
    lost = score(BY_NAME["rooms, 30-96 s"], VISITS, by_one_exit_time)
    assert lost.missed + lost.flaps >= VISITS / 2


@pytest.mark.timeout(30)
def test_who_stands_outside_is_not_here():
    assert score(BY_NAME["outside, 1 s"], VISITS, by_rooms).false_enters == 0


@pytest.mark.timeout(30)
def test_the_naive_rule_is_found_out_by_the_same_scenes():
    assert score(BY_NAME["rooms, 1 s"], VISITS, naive).flaps > 100 * VISITS
    assert score(BY_NAME["stalls, 1 s"], VISITS, naive).false_left > VISITS
