"""Which fences a position is compared with, and that nobody near one is ever missed."""

from __future__ import annotations

import math
from random import Random

import pytest
from fence_shapes import box, box_around, fence_of, moved, offset, star
from hypothesis import given
from hypothesis import strategies as st

from geofences import fence_set
from geofences.fence_set import LOOP_LIMIT, MAX_GROUPS, FenceSet
from geofences.geometry import signed_distance_m
from geofences.model import Circle, FenceKind, Polygons

SHOP = (52.5, 13.4)
SEEDS = st.integers(0, 2**32)
CENTRES = st.tuples(st.floats(-80, 80), st.floats(-180, 180))
PADS_M = st.floats(0, 2_000)


def ids(placings) -> set[str]:
    return {placing.fence.id for placing in placings}


def town(dice: Random, count: int, centre=SHOP, spread_m: float = 2_000.0) -> list:
    """Stars, every third one a circle, around the centre."""
    fences = []
    for number in range(count):
        step = dice.uniform(-spread_m, spread_m), dice.uniform(-spread_m, spread_m)
        there = offset(*centre, *step)
        radius_m = dice.uniform(20, 300)
        shape = star(dice, there, radius_m) if number % 3 else Circle(*there, radius_m)
        fences.append(fence_of(shape, f"f{number}"))
    return fences


def test_a_nested_shop_is_placed_at_once() -> None:
    fences = FenceSet(
        [
            fence_of(box_around(*SHOP, 100), "mall"),
            fence_of(box_around(*SHOP, 20), "shop"),
            fence_of(Circle(*SHOP, 5), "till", FenceKind.ZONE),
        ]
    )
    found = {one.fence.id: one.distance_m for one in fences.place(*SHOP, pad_m=0)}
    assert found == {
        "mall": pytest.approx(50, rel=0.01),
        "shop": pytest.approx(10, rel=0.01),
        "till": pytest.approx(5),
    }


def test_somebody_far_away_is_compared_with_nothing() -> None:
    fences = FenceSet([fence_of(box_around(*SHOP, 100))])
    assert fences.place(48.1, 11.6, pad_m=170) == []
    assert fences.place(-52.5, 13.4, pad_m=170) == []
    assert fences.place(52.5, -166.6, pad_m=170) == []


def test_a_far_fence_is_placed_when_asked_for() -> None:
    fences = FenceSet([fence_of(box_around(*SHOP, 100)), fence_of(Circle(*SHOP, 50), "round")])
    found = fences.place(52.6, 13.4, pad_m=170, also=("shop", "round"))
    assert [round(one.distance_m, -2) for one in found] == [-11_100, -11_100]
    assert not any(one.inside for one in found)


def test_ids_that_no_longer_exist_are_passed_over() -> None:
    fences = FenceSet([fence_of(box_around(*SHOP, 100))])
    assert ids(fences.place(52.6, 13.4, 0, also=("gone", "shop", "shop"))) == {"shop"}
    assert fences.place(52.6, 13.4, 0, also=("gone",)) == []
    assert fences.size_m("gone") == 0
    assert fences.children("gone") == ()
    assert fences.smallest_first(["gone", "shop"]) == ("shop", "gone")


def test_no_fences_at_all_are_fine() -> None:
    fences = FenceSet([])
    assert fences.place(*SHOP, 100, also=("gone",)) == []
    assert dict(fences.fences) == {}


def test_two_fences_with_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="same id"):
        FenceSet([fence_of(Circle(*SHOP, 5)), fence_of(Circle(*SHOP, 6))])


@given(SEEDS, CENTRES, PADS_M, st.sampled_from([3, LOOP_LIMIT, LOOP_LIMIT + 1, 80]))
def test_everything_within_the_pad_is_found_with_its_exact_distance(
    seed, centre, pad_m, count
) -> None:
    dice = Random(seed)
    fences = town(dice, count, centre)
    known = FenceSet(fences)
    for _ in range(5):
        there = offset(*centre, dice.uniform(-3000, 3000), dice.uniform(-3000, 3000))
        there = (there[0], math.remainder(there[1], 360))
        found = {one.fence.id: one.distance_m for one in known.place(*there, pad_m)}
        for fence in fences:
            expected = signed_distance_m(fence.shape, *there)
            if expected > -pad_m:
                assert fence.id in found
            if fence.id in found:
                assert found[fence.id] == pytest.approx(expected, abs=1e-6)


@given(SEEDS, PADS_M, st.sampled_from([5, LOOP_LIMIT + 5]), st.floats(-360, 360))
def test_a_town_anywhere_gives_the_same_answers(seed, pad_m, count, move) -> None:
    dice = Random(seed)
    here = town(dice, count)
    there = [fence_of(moved(one.shape, move, within=True), one.id) for one in here]
    lat, lon = offset(*SHOP, dice.uniform(-2000, 2000), dice.uniform(-2000, 2000))
    before = {one.fence.id: one.distance_m for one in FenceSet(here).place(lat, lon, pad_m)}
    further = math.remainder(lon + move, 360)
    after = {one.fence.id: one.distance_m for one in FenceSet(there).place(lat, further, pad_m)}
    for fence_id in before.keys() | after.keys():
        near = min(abs(before.get(fence_id, 0.0)), abs(after.get(fence_id, 0.0)))
        if near <= pad_m - 1e-3 and fence_id in before and fence_id in after:
            assert after[fence_id] == pytest.approx(before[fence_id], abs=1e-5)
    inside = {fence_id for fence_id, distance_m in before.items() if distance_m > 1e-5}
    assert inside <= {fence_id for fence_id, distance_m in after.items() if distance_m >= 0}


@pytest.mark.parametrize("count", [1, LOOP_LIMIT + 1])
@pytest.mark.parametrize("lon", [179.9999, 180.0, -180.0, -179.9999])
def test_somebody_on_the_other_side_of_180_is_seen(count, lon) -> None:
    """Fences on both sides of 180, and one in front of it, 7 m from somebody behind it."""
    others = town(Random(3), count - 1)
    shapes = {
        "across": Polygons(((box(179.999, 52, -179.999, 52.001),),)),
        "west": Polygons(((box(179.99, 52, 180, 52.001),),)),
        "east": Polygons(((box(-180, 52, -179.99, 52.001),),)),
        "round": Circle(52.0005, 179.9998, 30),
    }
    known = FenceSet([*others, *(fence_of(shape, name) for name, shape in shapes.items())])
    found = {one.fence.id: one.distance_m for one in known.place(52.0005, lon, 10)}
    assert found.keys() == shapes.keys()
    assert found["across"] > 0
    assert found["west"] == pytest.approx(-found["east"], abs=1e-6)


def test_a_fence_half_round_the_world_keeps_its_verdict_beside_others() -> None:
    """Positions are brought near each fence for itself, not near the first of a group."""
    known = FenceSet(
        [
            fence_of(box_around(10.0, 0.0, 100), "small"),
            fence_of(Polygons(((box(15, 5, 185, 15),),)), "wide"),
        ]
    )
    found = {one.fence.id: one.inside for one in known.place(10.0, -178.0, 0, also=("small",))}
    assert found == {"wide": True, "small": False}


def test_fences_near_a_pole_are_found() -> None:
    known = FenceSet([fence_of(Circle(89.9999, 0.0, 100))])
    assert known.place(89.9999, 180.0, 0)[0].distance_m == pytest.approx(100 - 22.3, abs=0.1)


def test_more_groups_than_are_kept_change_nothing() -> None:
    fences = town(Random(5), 30, spread_m=400)
    known = FenceSet(fences)
    dice = Random(6)
    for _ in range(3 * MAX_GROUPS):
        there = offset(*SHOP, dice.uniform(-700, 700), dice.uniform(-700, 700))
        for one in known.place(*there, 0):
            expected = signed_distance_m(one.fence.shape, *there)
            assert one.distance_m == pytest.approx(expected, abs=1e-6)
    assert 0 < len(known._groups) <= MAX_GROUPS


@given(SEEDS, CENTRES, PADS_M)
def test_who_comes_to_a_known_place_after_others_misses_no_fence(seed, centre, pad_m) -> None:
    dice = Random(seed)
    fences = town(dice, 8, centre, 400)
    known = FenceSet(fences)
    for _ in range(12):
        there = offset(*centre, dice.uniform(-300, 300), dice.uniform(-300, 300))
        there = (there[0], math.remainder(there[1], 360))
        found = ids(known.place(*there, pad_m))
        near = {one.id for one in fences if signed_distance_m(one.shape, *there) > -pad_m}
        assert near <= found


def test_places_that_were_asked_about_do_not_pile_up(monkeypatch) -> None:
    monkeypatch.setattr(fence_set, "MAX_CELLS", 3)
    dice = Random(5)
    fences = town(dice, 20)
    known = FenceSet(fences)
    for _ in range(100):
        there = offset(*SHOP, dice.uniform(-2000, 2000), dice.uniform(-2000, 2000))
        inside = {one.id for one in fences if signed_distance_m(one.shape, *there) >= 0}
        assert inside <= ids(known.place(*there, 0))
        assert len(known._boxes._cells) <= 3


def test_sizes_are_how_far_two_people_inside_can_be_apart() -> None:
    known = FenceSet([fence_of(box_around(*SHOP, 30, 40), "box"), fence_of(Circle(*SHOP, 25))])
    assert known.size_m("box") == pytest.approx(50, rel=0.01)
    assert known.size_m("shop") == 50


def test_children_come_in_the_order_of_the_file() -> None:
    known = FenceSet(
        [
            fence_of(box_around(*SHOP, 100), "mall"),
            fence_of(box_around(*SHOP, 20), "b", parent="mall"),
            fence_of(box_around(*SHOP, 20), "a", parent="mall"),
        ]
    )
    assert known.children("mall") == ("b", "a")
    assert known.children("a") == ()


def test_the_smallest_comes_first_and_a_child_before_an_equal_parent() -> None:
    known = FenceSet(
        [
            fence_of(box_around(*SHOP, 100), "a-mall"),
            fence_of(box_around(*SHOP, 100), "shop", parent="a-mall"),
            fence_of(box_around(*SHOP, 100), "z-zone", parent="shop"),
            fence_of(Circle(*SHOP, 3), "till"),
        ]
    )
    assert known.smallest_first(["a-mall", "shop", "till", "z-zone"]) == (
        "till",
        "z-zone",
        "shop",
        "a-mall",
    )


def test_only_fences_with_an_approach_are_approached() -> None:
    kinds = {kind.value: fence_of(Circle(*SHOP, 9), kind.value, kind) for kind in FenceKind}
    drawn = fence_of(Circle(*SHOP, 9), "drawn", approach_m=500.0)
    assert FenceSet([*kinds.values(), drawn]).approached == ("curbside", "drawn")
