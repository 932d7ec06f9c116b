"""A small sample of the bench's radio scenes keeps the goals that the bench measures in full."""

import pytest

from tests.bench.radio_walks import SCENES, by_rooms, naive, score

VISITS = 4
BY_NAME = {scene.name: scene for scene in SCENES}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("name", ["rooms, 1 s", "rooms, 30-96 s", "border, 1 s", "stalls, 1 s"])
def test_rooms_do_not_flap_and_stalls_make_nobody_leave(name):
    found = score(BY_NAME[name], VISITS, by_rooms)
    assert found.flaps <= 1
    assert (found.false_left, found.missed) == (0, 0)


@pytest.mark.timeout(30)
def test_who_stands_outside_is_not_here():
    assert score(BY_NAME["outside, 1 s"], VISITS, by_rooms).false_enters == 0


@pytest.mark.timeout(30)
def test_the_naive_rule_is_found_out_by_the_same_scenes():
    assert score(BY_NAME["rooms, 1 s"], VISITS, naive).flaps > 100 * VISITS
    assert score(BY_NAME["stalls, 1 s"], VISITS, naive).false_left > VISITS
