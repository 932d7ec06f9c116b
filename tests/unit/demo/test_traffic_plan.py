"""The Saturday that the traffic plays."""

from __future__ import annotations

from itertools import islice

import pytest

from store_agent.demo.plan import Checkout, Door, DoorScan, Stage, Step, plan
from store_agent.demo.showcase import ShownPass, ShownRotation

PASSES = [ShownPass(f"c-{n}", f"MUSTER-{n}", "static") for n in range(40)]
TROUBLED = [ShownPass("c-99", "MUSTER-OLD", "voided")]
ROTATING = [ShownRotation("c-77", "M-{totp_value_0}", "3132", 30_000, 8)]
LANES = ("door", "till-0", "till-1")


def stage(**changes: object) -> Stage:
    usual = {
        "passes": PASSES + TROUBLED,
        "rotating": ROTATING,
        "lanes": LANES,
        "tills": LANES[1:],
        "has_serial": True,
    }
    return Stage(**{**usual, **changes})  # type: ignore[arg-type]  # a builder with defaults


def first(count: int, seed: int = 7, **changes: object) -> list[Step]:
    return list(islice(plan(seed, stage(**changes)), count))


def test_the_same_seed_plays_the_same_day() -> None:
    assert first(500) == first(500)
    assert first(500) != first(500, seed=8)


def test_time_never_runs_backwards() -> None:
    times = [step.at_s for step in first(3000)]
    assert times == sorted(times)


def test_several_customers_a_minute_arrive_in_the_busy_hours() -> None:
    hour = [s for s in first(2000) if isinstance(s, DoorScan) and s.at_s < 3600]
    assert 2 < len(hour) / 60 < 9


def test_customers_show_every_kind_of_code() -> None:
    codes = [step.code for step in first(2000) if isinstance(step, DoorScan)]
    texts = {code.data for code in codes}
    assert {"MUSTER-OLD", "4006381333931"} < texts
    assert {entry.data for entry in PASSES} < texts
    assert {code.age_s for code in codes if code.rotation} == {0.0, 900.0}


def test_most_codes_name_somebody() -> None:
    codes = [step.code for step in first(2000) if isinstance(step, DoorScan)]
    good = [c for c in codes if c.data in {e.data for e in PASSES} or (c.rotation and not c.age_s)]
    assert len(good) > 0.7 * len(codes)


def test_nobody_comes_back_at_once() -> None:
    fine = {entry.data for entry in PASSES}
    shown = [s.code.data for s in first(1000) if isinstance(s, DoorScan) and s.code.data in fine]
    assert all(data not in shown[at + 1 : at + 20] for at, data in enumerate(shown))


def test_who_pays_has_been_in_the_shop_for_a_while() -> None:
    steps = first(2000)
    arrivals = [step for step in steps if isinstance(step, DoorScan)]
    checkouts = [step for step in steps if isinstance(step, Checkout)]
    assert 0.2 < len(checkouts) / len(arrivals) < 0.6
    for checkout in checkouts:
        assert any(240 <= checkout.at_s - arrival.at_s <= 1500 for arrival in arrivals)
        assert checkout.wares
        assert checkout.till in LANES[1:]
    assert any(checkout.code is None for checkout in checkouts)


def test_all_lanes_and_both_doors_are_used() -> None:
    scans = [step for step in first(500) if isinstance(step, DoorScan)]
    assert {scan.lane for scan in scans} == set(LANES)
    assert {scan.door for scan in scans} == set(Door)


@pytest.mark.parametrize("missing", [{"has_serial": False}, {"rotating": []}, {"tills": ()}])
def test_a_shop_without_some_devices_still_has_customers(missing: dict[str, object]) -> None:
    steps = first(300, **missing)
    assert len(steps) == 300
    scans = [step for step in steps if isinstance(step, DoorScan)]
    if "has_serial" in missing:
        assert all(scan.door is Door.HTTP for scan in scans)
    if "tills" in missing:
        assert len(scans) == 300


def test_a_single_pass_is_enough() -> None:
    assert len(first(100, passes=PASSES[:1], rotating=[])) == 100
