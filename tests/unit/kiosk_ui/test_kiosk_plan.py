"""The floor plan: everybody stands in their zone, nobody on anybody, and nobody is moved about."""

import math
from datetime import UTC, datetime, timedelta
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from kiosk_ui.fake_presence import sample_plan
from kiosk_ui.model import FloorPlan, FloorRow, PlanKind, PlanZone
from kiosk_ui.plan import draw

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ZONES = ("women", "men", "shoes", "fitting", "")


def row(number: int, zone_id: str) -> FloorRow:
    since = NOON + timedelta(seconds=number)
    return FloorRow(f"v-{number}", f"c-{number}", f"Erika Muster {number}", since, zone_id=zone_id)


def rows(zone_ids: list[str]) -> list[FloorRow]:
    return [row(number, zone_id) for number, zone_id in enumerate(zone_ids)]


crowds = st.lists(st.sampled_from(ZONES), max_size=80).map(rows)


@given(crowds)
def test_nobody_is_lost_or_drawn_twice(people):
    drawing = draw(sample_plan(), people)
    shown = [one.row.visit_id for one in drawing.people]
    assert len(shown) == len(set(shown))
    hidden = sum(zone.more for zone in drawing.zones)
    assert len(shown) + len(drawing.elsewhere) + hidden == len(people)


@given(crowds)
def test_everybody_stands_in_their_zone_and_on_nobody(people):
    plan = sample_plan()
    boxes = {zone.id: zone.parts[0][0] for zone in plan.zones}
    drawing = draw(plan, people)
    for one in drawing.people:
        xs, ys = zip(*boxes[one.row.zone_id], strict=True)
        assert min(xs) + drawing.radius <= one.x <= max(xs) - drawing.radius
        assert min(ys) + drawing.radius <= one.y <= max(ys) - drawing.radius
    for one, other in combinations(drawing.people, 2):
        assert math.hypot(one.x - other.x, one.y - other.y) >= 2 * drawing.radius


@given(crowds, st.randoms(use_true_random=False))
def test_the_order_of_the_list_changes_nobody_s_place(people, random):
    shuffled = list(people)
    random.shuffle(shuffled)
    places = {one.row.visit_id: (one.x, one.y) for one in draw(sample_plan(), people).people}
    again = {one.row.visit_id: (one.x, one.y) for one in draw(sample_plan(), shuffled).people}
    assert places == again


def test_whoever_comes_later_moves_nobody():
    before = {
        one.row.visit_id: (one.x, one.y) for one in draw(sample_plan(), rows(["women"] * 4)).people
    }
    after = {
        one.row.visit_id: (one.x, one.y) for one in draw(sample_plan(), rows(["women"] * 9)).people
    }
    assert before.items() <= after.items()


def test_a_zone_too_small_for_anybody_counts_them():
    tiny = PlanZone("closet", "Lager", PlanKind.ZONE, ((((0, 0), (1, 0), (1, 1)),),))
    drawing = draw(FloorPlan(60, 40, (tiny,)), rows(["closet"] * 3))
    assert (drawing.people, drawing.zones[0].more) == ((), 3)


def test_a_hole_is_nowhere():
    ring = ((0, 0), (40, 0), (40, 40), (0, 40))
    hole = ((10, 4), (36, 4), (36, 36), (10, 36))
    zone = PlanZone("ring", "Ring", PlanKind.ZONE, ((ring, hole),))
    drawing = draw(FloorPlan(60, 60, (zone,)), rows(["ring"] * 30))
    assert drawing.people
    assert not any(10 < one.x < 36 and 4 < one.y < 36 for one in drawing.people)


def test_a_plan_with_nothing_in_it_is_no_error():
    drawing = draw(FloorPlan(10, 10, (PlanZone("x", "X", PlanKind.ZONE, ()),)), rows(["x", ""]))
    assert len(drawing.elsewhere) == 1
