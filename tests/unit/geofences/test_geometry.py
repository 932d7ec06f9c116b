"""Distances in metres against an independent geodesic, and what may never change a verdict."""

from __future__ import annotations

import itertools
import math
from random import Random

import numpy as np
import pytest
import shapely
from fence_shapes import box, box_around, moved, offset, star
from hypothesis import assume, given
from hypothesis import strategies as st
from pyproj import Geod

from geofences import geometry
from geofences.geometry import Frame, bounds, merge, signed_distance_m, unwrap
from geofences.model import Circle, Polygons

GEOD = Geod(ellps="WGS84")
LATS = st.floats(-75, 75)
LONS = st.floats(-180, 180)
SEEDS = st.integers(0, 2**32)
AWAY_M = st.floats(-400, 400)
CENTRES = st.tuples(LATS, LONS)
STEPS_M = st.tuples(AWAY_M, AWAY_M)  # east, north


def geodesic_m(lat: float, lon: float, lat2: float, lon2: float) -> float:
    return GEOD.inv(lon, lat, lon2, lat2)[2]


@given(st.floats(-89, 89))
def test_the_radii_are_those_of_the_ellipsoid(lat) -> None:
    frame = Frame.at(lat, 0.0)
    step = 1e-4
    assert frame.metres_per_lat * 2 * step == pytest.approx(
        geodesic_m(lat - step, 0, lat + step, 0), rel=1e-6
    )
    assert frame.metres_per_lon * step == pytest.approx(geodesic_m(lat, 0, lat, step), rel=1e-6)


@pytest.mark.parametrize("lat", [0.0, 30.0, 50.0, 55.0, 60.0, 70.0, -45.0])
@pytest.mark.parametrize(("distance_m", "off_m"), [(10, 1e-4), (200, 0.005), (1000, 0.12)])
@pytest.mark.parametrize("azimuth", [0, 37, 90, 135, 180, 270, 315])
def test_a_polygon_is_as_far_as_the_geodesic_says(lat, distance_m, off_m, azimuth) -> None:
    """The polygon is so small that its boundary is as far as its centre, 1 mm nearer."""
    lon2, lat2, _ = GEOD.fwd(13.0, lat, azimuth, distance_m)
    speck = box_around(lat, 13.0, 0.002)
    assert -signed_distance_m(speck, lat2, lon2) == pytest.approx(distance_m, abs=off_m + 0.0015)


@given(SEEDS, st.tuples(st.floats(-60, 60), LONS), STEPS_M)
def test_a_star_is_as_far_as_the_nearest_of_many_points_of_its_edges(seed, centre, step_m) -> None:
    shape = star(Random(seed), centre, 200, corners=9)
    there = offset(*centre, *step_m)
    assert abs(signed_distance_m(shape, *there)) == pytest.approx(nearest_m(shape, there), abs=0.06)


def nearest_m(shape: Polygons, there: tuple[float, float]) -> float:
    """The geodesic distance of many points of all edges, then of many more where it is least."""
    edges = [edge for ring in shape.polygons[0] for edge in itertools.pairwise(ring)]
    spots = np.array([np.linspace(start, end, 100) for start, end in edges])
    edge, spot = divmod(int(geodesics_m(spots.reshape(-1, 2), there).argmin()), 100)
    around = spots[edge, max(spot - 1, 0)], spots[edge, min(spot + 1, 99)]
    return float(geodesics_m(np.linspace(*around, 100), there).min())


def geodesics_m(spots: np.ndarray, there: tuple[float, float]) -> np.ndarray:
    same = np.broadcast_to((there[1], there[0]), spots.shape)
    return GEOD.inv(spots[:, 0], spots[:, 1], same[:, 0], same[:, 1])[2]


@pytest.mark.parametrize("lat", [0.0, 50.0, 60.0])
def test_a_wall_is_as_far_from_inside_as_the_geodesic_says(lat) -> None:
    hall = box_around(lat, 8.0, 200.0)
    east_wall = max(lon for lon, _ in hall.polygons[0][0])
    inside = (lat, east_wall - 1e-4)
    expected = geodesic_m(*inside, lat, east_wall)
    assert signed_distance_m(hall, *inside) == pytest.approx(expected, rel=1e-4)


@given(
    st.floats(-89.9, 89.9),
    LONS,
    st.floats(0.5, 10_000),
    st.floats(0, 360),
    st.floats(0, 12_000),
)
def test_a_circle_is_exact(lat, lon, radius_m, azimuth, distance_m) -> None:
    lon2, lat2, _ = GEOD.fwd(lon, lat, azimuth, distance_m)
    found = signed_distance_m(Circle(lat, lon, radius_m), lat2, lon2)
    assert found == pytest.approx(radius_m - distance_m, abs=0.001)


@given(LATS, LONS, st.floats(10_000, 200_000), st.floats(0, 360))
def test_a_wide_circle_stays_close_to_the_geodesic(lat, lon, distance_m, azimuth) -> None:
    lon2, lat2, _ = GEOD.fwd(lon, lat, azimuth, distance_m)
    assert -signed_distance_m(Circle(lat, lon, 1.0), lat2, lon2) + 1.0 == pytest.approx(
        distance_m, rel=1e-6
    )


@given(SEEDS, CENTRES, STEPS_M, st.integers(0, 2))
def test_metres_contain_what_degrees_contain(seed, centre, step_m, holes) -> None:
    shape = star(Random(seed), centre, 300, holes=holes)
    there = offset(*centre, *step_m)
    outer, *inner = shape.polygons[0]
    inside = bool(shapely.intersects_xy(shapely.Polygon(outer, inner), there[1], there[0]))
    assert (signed_distance_m(shape, *there) >= 0) == inside


@given(SEEDS, CENTRES, STEPS_M, st.floats(-720, 720), st.booleans())
def test_moving_all_together_in_longitude_changes_nothing(
    seed, centre, step_m, move, within
) -> None:
    dice = Random(seed)
    shape = star(dice, centre, 300, holes=2) if seed % 3 else Circle(*centre, 250)
    there = offset(*centre, *step_m)
    before = signed_distance_m(shape, *there)
    further = math.remainder(there[1] + move, 360) if within else there[1] + move
    after = signed_distance_m(moved(shape, move, within=within), there[0], further)
    assert after == pytest.approx(before, abs=1e-5)
    assume(abs(before) > 1e-5)
    assert (after >= 0) == (before >= 0)


@given(SEEDS, LATS, STEPS_M)
def test_a_shape_across_180_is_the_shape_it_was_at_0(seed, lat, step_m) -> None:
    shape = star(Random(seed), (lat, 0.0), 300)
    there = offset(lat, 0.0, *step_m)
    across = moved(shape, 180.0, within=True)
    lons = [lon for lon, _ in across.polygons[0][0]]
    assert max(lons) - min(lons) > 359
    lon = math.remainder(there[1] + 180, 360)
    expected = signed_distance_m(shape, *there)
    assert signed_distance_m(across, there[0], lon) == pytest.approx(expected, abs=1e-5)


def test_without_unwrapping_the_same_shape_would_be_the_rest_of_the_world() -> None:
    """The known-bad variant: shapely finds the raw ring valid and takes it the other way round."""
    ring = box(179.9, -0.1, -179.9, 0.1)
    raw = shapely.Polygon(ring)
    assert raw.is_valid
    assert shapely.intersects_xy(raw, 0, 0)
    assert not shapely.intersects_xy(raw, 179.95, 0)
    shape = Polygons(((ring,),))
    assert signed_distance_m(shape, 0, 0) < 0
    assert signed_distance_m(shape, 0, 179.95) > 0
    assert signed_distance_m(shape, 0, -179.95) > 0


@given(SEEDS, CENTRES, STEPS_M)
def test_the_winding_does_not_matter(seed, centre, step_m) -> None:
    shape = star(Random(seed), centre, 300, holes=2)
    there = offset(*centre, *step_m)
    turned = Polygons((tuple(ring[::-1] for ring in shape.polygons[0]),))
    expected = signed_distance_m(shape, *there)
    assert signed_distance_m(turned, *there) == pytest.approx(expected, abs=1e-6)


def cut_hall(lat: float = 52.0) -> Polygons:
    """A hall of about 1,370 by 1,110 m, cut at 180 as GeoJSON asks for."""
    west = box(179.99, lat - 0.005, 180.0, lat + 0.005)
    east = box(-180.0, lat - 0.005, -179.99, lat + 0.005)
    return Polygons(((west,), (east,)))


def test_a_cut_at_180_is_no_wall() -> None:
    lat = 52.0
    whole = Polygons(((box(179.99, lat - 0.005, 180.01, lat + 0.005),),))
    for lon in (180.0, -180.0, 179.9999, -179.9999):
        expected = signed_distance_m(whole, lat, lon)
        assert expected > 500
        assert signed_distance_m(cut_hall(lat), lat, lon) == pytest.approx(expected, abs=1e-6)


def test_the_parts_of_a_cut_alone_would_end_at_180() -> None:
    """The known-bad variant: each part for itself takes the cut for a wall."""
    west_part = Polygons(cut_hall().polygons[:1])
    assert signed_distance_m(west_part, 52.0, 179.9999) == pytest.approx(6.9, abs=0.1)


@given(SEEDS, CENTRES, st.floats(0, 1))
def test_boundary_and_hole_edges_are_inside(seed, centre, share) -> None:
    dice = Random(seed)
    shape = star(dice, centre, 300, holes=1)
    ring = dice.choice(shape.polygons[0])
    (x1, y1), (x2, y2) = dice.choice(list(itertools.pairwise(ring)))
    distance = signed_distance_m(shape, y1 + share * (y2 - y1), x1 + share * (x2 - x1))
    assert distance == pytest.approx(0, abs=1e-6)
    assert distance >= 0


def test_a_hole_is_outside() -> None:
    yard = Polygons((((box(0, 0, 0.01, 0.01)), (box(0.004, 0.004, 0.006, 0.006))),))
    assert signed_distance_m(yard, 0.005, 0.005) == pytest.approx(-110.6, abs=0.2)
    assert signed_distance_m(yard, 0.002, 0.005) > 0


@given(LATS, LONS, st.floats(0, 360))
def test_the_line_of_a_circle_is_inside(lat, lon, azimuth) -> None:
    lon2, lat2, _ = GEOD.fwd(lon, lat, azimuth, 50.0)
    exact = 50.0 - signed_distance_m(Circle(lat, lon, 50.0), lat2, lon2)
    assert signed_distance_m(Circle(lat, lon, exact), lat2, lon2) >= 0
    assert signed_distance_m(Circle(lat, lon, exact - 5e-7), lat2, lon2) == 0.0
    assert signed_distance_m(Circle(lat, lon, exact - 5e-6), lat2, lon2) < 0


@given(LATS, LONS, st.floats(0.5, 50_000), st.floats(0, 360))
def test_the_box_of_a_circle_holds_all_of_it(lat, lon, radius_m, azimuth) -> None:
    around = bounds(Circle(lat, lon, radius_m))
    lon2, lat2, _ = GEOD.fwd(lon, lat, azimuth, radius_m * 0.9999)
    assert around.south <= lat2 <= around.north
    middle = (around.west + around.east) / 2
    assert abs(math.remainder(lon2 - middle, 360)) <= (around.east - around.west) / 2


def test_a_circle_round_a_pole_has_all_longitudes_in_its_box() -> None:
    around = bounds(Circle(89.99, 10.0, 5_000))
    assert around.east - around.west == 360
    assert signed_distance_m(Circle(89.99, 10.0, 5_000), 89.99, -170.0) == pytest.approx(
        5_000 - 2_234, abs=1
    )


def test_continuous_longitudes_stay_as_they_are() -> None:
    polygons = star(Random(1), (52.5, 13.4), 300, holes=2).polygons
    assert unwrap(polygons) == polygons
    counted_on = (((box(179.5, 0, 180.5, 1)),),)
    assert unwrap(counted_on) == counted_on


def test_holes_and_parts_come_to_where_the_first_ring_is() -> None:
    outer, hole = box(179.0, 0, -179.0, 2), box(-179.8, 0.5, -179.5, 1)
    island = box(-178.0, 0, -177.0, 1)
    (first, inner), (second,) = unwrap(((outer, hole), (island,)))
    assert [lon for lon, _ in first] == [179, 181, 181, 179, 179]
    assert min(lon for lon, _ in inner) == pytest.approx(180.2)
    assert [lon for lon, _ in second] == [182, 183, 183, 182, 182]


def test_the_size_is_the_diagonal() -> None:
    hall = bounds(box_around(60.0, 13.0, 300, 400))
    assert hall.size_m == pytest.approx(500, rel=0.01)


def test_areas_are_in_square_metres() -> None:
    hall = geometry.prepare(box_around(50.0, 13.0, 300, 400))
    assert hall.area_m2 == pytest.approx(120_000, rel=0.01)
    assert geometry.prepare(Circle(50, 13, 10)).area_m2 == pytest.approx(314.16, abs=0.01)


def test_parts_that_meet_become_one() -> None:
    assert merge(cut_hall()).geom_type == "Polygon"
