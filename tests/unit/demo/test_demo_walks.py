"""The walkers of the sample shop: repeatable, and as people move."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice, pairwise, takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofences import files
from geofences.fence_set import FenceSet
from store_agent.demo import place, walks
from store_agent.demo.outings import Company, Errand, Outing, outings
from store_agent.demo.radios import SATELLITES, strength
from store_agent.demo.showcase import showcase
from store_agent.demo.walks import Route

HOUR_S = 3600.0
SHOWN = showcase(7, 400, datetime(2026, 11, 21, 10, 0, tzinfo=UTC))
COMPANY = Company(SHOWN.carriers, SHOWN.phones, SHOWN.pickups)
FENCES = FenceSet(files.read(place.fences_document()))
WALKS: tuple[tuple[Callable[[random.Random, float], Route], float], ...] = (
    (walks.shopping, walks.WALK_MPS),
    (walks.collecting, max(walks.DRIVE_MPS)),
    (walks.visiting, walks.WALK_MPS),
    (walks.passing, walks.CYCLE_MPS),
)


def fences_at(point: place.Point) -> set[str]:
    return {one.fence.id for one in FENCES.place(*place.degrees(*point), 0.0) if one.inside}


def visited(route: Route, step_s: float = 1.0) -> Counter[str]:
    """Seconds in each fence, about."""
    seconds: Counter[str] = Counter()
    for number in range(int((route.end_s - route.start_s) / step_s)):
        seconds.update(fences_at(route.at(route.start_s + number * step_s)))
    return seconds


def hours(count: float, seed: int = 7, company: Company = COMPANY) -> list[Outing]:
    until_s = count * HOUR_S
    return list(takewhile(lambda one: one.route.start_s < until_s, outings(seed, company)))


@pytest.mark.parametrize(("walk", "fastest_mps"), WALKS)
@given(seed=st.integers(0, 2**32), start_s=st.floats(-600, 1e6))
def test_nobody_jumps_or_goes_back_in_time(
    walk: Callable[[random.Random, float], Route], fastest_mps: float, seed: int, start_s: float
) -> None:
    route = walk(random.Random(seed), start_s)
    assert route.start_s == start_s
    for one, after in pairwise(route.waypoints):
        assert after.at_s >= one.at_s
        reach_m = fastest_mps * (after.at_s - one.at_s)
        assert math.dist(one.place, after.place) <= reach_m + 0.01


@given(share=st.floats(0, 1))
def test_between_two_waypoints_people_are_between_them(share: float) -> None:
    route = Route((walks.Waypoint(10.0, (0.0, 0.0)), walks.Waypoint(20.0, (4.0, -8.0))))
    assert route.at(10.0 + 10 * share) == pytest.approx((4 * share, -8 * share))
    assert route.at(0.0) == (0.0, 0.0)
    assert route.at(99.0) == (4.0, -8.0)


@pytest.mark.parametrize("seed", range(4))
def test_who_shops_walks_through_the_zones_and_out_by_the_door(seed: int) -> None:
    route = walks.shopping(random.Random(seed), 0.0)
    assert 600 <= route.end_s <= 2700
    seconds = visited(route)
    assert {"entrance", "tills"} <= set(seconds)
    assert len(set(seconds) & {"women", "men", "shoes"}) >= 2
    assert seconds["building"] > 0.95 * route.end_s
    assert fences_at(route.at(0.0)) == fences_at(route.at(route.end_s)) == set()
    assert "entrance" in fences_at(route.at(route.end_s - 20.5))


@pytest.mark.parametrize("seed", range(4))
def test_who_collects_comes_from_far_waits_on_the_parking_and_leaves(seed: int) -> None:
    route = walks.collecting(random.Random(seed), 0.0)
    assert 1400 < math.dist(route.at(0.0), (0.0, 0.0)) < 1700
    seconds = visited(route)
    assert set(seconds) == {"parking"}
    assert 120 <= seconds["parking"] <= 300
    arrives_s = next(s for s in range(600) if "parking" in fences_at(route.at(float(s))))
    assert 120 <= arrives_s <= 240


@pytest.mark.parametrize("seed", range(4))
def test_a_visitor_stays_and_a_neighbour_stays_outside(seed: int) -> None:
    assert visited(walks.visiting(random.Random(seed), 0.0))["building"] > 400
    assert visited(walks.passing(random.Random(seed), 0.0)) == Counter()


def test_phones_tell_about_where_they_are_and_how_sure_they_are() -> None:
    inside, told = 0, 0
    for seed in range(20):
        route = walks.collecting(random.Random(seed), 0.0)
        fixes = list(walks.fixes(random.Random(seed), route))
        gaps_s = [after.at_s - one.at_s for one, after in pairwise(fixes)]
        assert 13 <= min(gaps_s) <= max(gaps_s) <= 17
        for fix in fixes:
            assert 8 <= fix.accuracy_m <= 25
            lat, lon = place.degrees(*route.at(fix.at_s))
            off_m = math.hypot((fix.lat - lat) * 111_250, (fix.lon - lon) * 70_260)
            inside += off_m <= fix.accuracy_m
            told += 1
    assert 0.6 < inside / told < 0.76  # Android: 68 % lie within the accuracy


def test_the_same_seed_plays_the_same_people() -> None:
    assert hours(2) == hours(2)
    assert hours(2) != hours(2, seed=8)


def test_they_come_in_order_and_nobody_is_in_two_places() -> None:
    coming = hours(6)
    starts = [one.route.start_s for one in coming]
    assert starts == sorted(starts)
    until: dict[str, float] = {}
    for one in coming:
        assert one.route.start_s > until.get(one.customer_id, -HOUR_S)
        until[one.customer_id] = one.route.end_s


def test_the_demo_starts_with_people_inside_and_a_driver_three_minutes_away() -> None:
    coming = hours(0.001)
    shoppers = [one for one in coming if one.errand is Errand.SHOP]
    assert sum("building" in fences_at(one.route.at(0.0)) for one in shoppers) >= 10
    driver = next(one for one in coming if one.errand is Errand.COLLECT)
    assert driver.route.start_s == 0.0
    assert driver.customer_id in SHOWN.pickups
    assert "parking" in fences_at(driver.route.at(240.0))


def test_ten_to_twenty_five_tags_are_in_the_shop() -> None:
    shopping = [one.route for one in hours(6) if one.errand is Errand.SHOP]
    for minute in range(0, 360, 5):
        at_s = minute * 60.0
        inside = sum(route.start_s <= at_s < route.end_s for route in shopping)
        assert 10 <= inside <= 25, f"minute {minute}"


def test_every_errand_is_run_and_some_people_never_agreed() -> None:
    coming = hours(3)
    assert {one.errand for one in coming} == set(Errand)
    assert all((one.carrier is not None) == (one.errand is Errand.SHOP) for one in coming)
    assert {one.customer_id for one in coming if one.errand is Errand.COLLECT} <= set(SHOWN.pickups)
    for errand in (Errand.SHOP, Errand.VISIT, Errand.PASS):
        people = [one.customer_id for one in coming if one.errand is errand]
        strangers = sum(one not in SHOWN.phones for one in people)
        assert 0 < strangers < 0.4 * len(people), errand


def test_with_nobody_to_come_nobody_comes() -> None:
    assert list(outings(7, Company())) == []


@pytest.mark.parametrize(
    "few",
    [
        Company(phones=SHOWN.phones[:1]),
        Company(phones=SHOWN.phones[:2], pickups=SHOWN.phones[:1]),
        Company(carriers=SHOWN.carriers[:1]),
    ],
)
def test_a_handful_of_people_is_enough(few: Company) -> None:
    assert len(list(islice(outings(7, few), 20))) == 20


def test_satellites_mostly_hear_best_who_is_in_their_own_zone() -> None:
    rng = random.Random(7)
    right, told = 0, 0
    for one in hours(0.5):
        if one.errand is not Errand.SHOP:
            continue
        for at_s in range(int(one.route.start_s), int(one.route.end_s), 20):
            point = one.route.at(float(at_s))
            zone = fences_at(point) - {"building"}
            if not zone:
                continue
            loudness = {sat.zone: _middle_of(sat, point, rng) for sat in SATELLITES}
            right += max(loudness, key=loudness.__getitem__) in zone
            told += 1
    assert told > 1000
    assert right / told > 0.8


def _middle_of(satellite: object, point: place.Point, rng: random.Random) -> float:
    """The median of some adverts, as the tracker's window has them; -200 = not heard."""
    heard = [strength(satellite, point, -59, rng) for _ in range(7)]  # type: ignore[arg-type]
    known = sorted(one for one in heard if one is not None)
    return known[len(known) // 2] if known else -200.0


def test_loudness_falls_with_distance_and_ends_somewhere() -> None:
    rng, satellite = random.Random(7), SATELLITES[0]

    def heard(distance_m: float) -> list[int]:
        point = satellite.at[0] + distance_m, satellite.at[1]
        told = [strength(satellite, point, -59, rng) for _ in range(400)]
        return [one for one in told if one is not None]

    near, far = heard(1.0), heard(10.0)
    assert sum(near) / len(near) == pytest.approx(-59, abs=1)
    assert sum(far) / len(far) == pytest.approx(-84, abs=1)
    assert 0.75 < len(near) / 400 < 0.95
    assert heard(200.0) == []
    assert min(heard(20.0)) >= -95
