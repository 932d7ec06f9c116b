"""PostGIS decides independently who is inside: `ST_Covers` over stars with holes.

Its distances between lines and points are no oracle: up to 0.3 m off what pyproj finds over 700 m
(PostGIS 3.3); test_geometry.py has those.
"""

from __future__ import annotations

import json
import os
from random import Random

import pytest
from fence_shapes import fence_of, moved, offset, star
from postgis import postgis

from geofences import files
from geofences.fence_set import FenceSet
from geofences.geometry import signed_distance_m
from geofences.model import Circle, FencesRefused, Polygons

STARS = 200
POSITIONS = 40  # around each


@pytest.fixture(scope="module")
def database():
    with postgis() as connection:
        yield connection


def geojson(shape: Polygons) -> str:
    return json.dumps({"type": "MultiPolygon", "coordinates": shape.polygons})


def shapes(dice: Random) -> list[tuple[Polygons, tuple[float, float]]]:
    found = []
    for _ in range(STARS):
        centre = dice.uniform(-70, 70), dice.uniform(-175, 175)
        corners, holes = dice.randint(5, 60), dice.randint(0, 2)
        found.append((star(dice, centre, dice.uniform(20, 5000), corners, holes), centre))
    return found


def around(dice: Random, shape: Polygons, centre) -> list[tuple[float, float]]:
    """(lat, lon) near the shape, some of them corners of its outer ring and holes."""
    reach = max(abs(lat - centre[0]) for lat, _ in [(y, x) for x, y in shape.polygons[0][0]])
    steps = [(dice.gauss(0, reach), dice.gauss(0, reach)) for _ in range(POSITIONS)]
    corners = [dice.choice(dice.choice(shape.polygons[0])) for _ in range(3)]
    return [(centre[0] + north, centre[1] + 2 * east) for north, east in steps] + [
        (lat, lon) for lon, lat in corners
    ]


def test_inside_is_what_st_covers_says(database) -> None:
    dice = Random(20261124)
    query = """
        SELECT array_agg(ST_Covers(shape, ST_Point(lon, lat, 4326)) ORDER BY number)
        FROM ST_SetSRID(ST_GeomFromGeoJSON(%s), 4326) shape,
             unnest(%s::float8[], %s::float8[]) WITH ORDINALITY AS p(lat, lon, number)
    """
    insides = compared = 0
    for shape, centre in shapes(dice):
        positions = around(dice, shape, centre)
        lats, lons = zip(*positions, strict=True)
        (covers,) = database.execute(query, (geojson(shape), list(lats), list(lons))).fetchone()
        known = FenceSet([fence_of(shape)])
        ours = [
            any(one.inside for one in known.place(lat, lon, 0, also=("shop",)))
            for lat, lon in positions
        ]
        assert ours == covers
        insides += sum(ours)
        compared += len(ours)
    assert compared == STARS * (POSITIONS + 3)
    assert compared * 0.1 < insides < compared * 0.9


def test_circles_are_within_the_spheroids_radius(database) -> None:
    dice = Random(8)
    query = "SELECT ST_Distance(ST_Point(%s, %s)::geography, ST_Point(%s, %s)::geography)"
    for _ in range(300):
        circle = Circle(dice.uniform(-85, 85), dice.uniform(-180, 180), dice.uniform(5, 5000))
        lat, lon = offset(circle.lat, circle.lon, dice.gauss(0, 5000), dice.gauss(0, 5000))
        row = database.execute(query, (circle.lon, circle.lat, lon, lat)).fetchone()
        assert circle.radius_m - signed_distance_m(circle, lat, lon) == pytest.approx(
            row[0], abs=0.002
        )


def test_what_is_refused_as_invalid_is_invalid_there_too(database) -> None:
    """Random rings: most cross themselves. The verdict is the same, ring by ring."""
    dice = Random(9)
    valid = 0
    for _ in range(400):
        ring = [[dice.uniform(8, 8.01), dice.uniform(50, 50.01)] for _ in range(dice.randint(3, 6))]
        geometry = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
        query = "SELECT ST_IsValid(ST_GeomFromGeoJSON(%s))"
        (expected,) = database.execute(query, (json.dumps(geometry),)).fetchone()
        assert accepts(geometry) == expected
        valid += expected
    assert 50 < valid < 350


def accepts(geometry) -> bool:
    try:
        files.read({"type": "Feature", "id": "x", "geometry": geometry})
    except FencesRefused:
        return False
    return True


def test_a_town_across_180_is_placed_as_the_same_town_at_home(database) -> None:
    """PostGIS judges the town where it has no border; we judge it across 180."""
    dice = Random(10)
    centres = [offset(50, 0, dice.gauss(0, 800), dice.gauss(0, 800)) for _ in range(60)]
    stars = {f"f{n}": star(dice, centre, 400) for n, centre in enumerate(centres)}
    across = FenceSet(
        fence_of(moved(shape, 180.0, within=True), name) for name, shape in stars.items()
    )
    with database.transaction(force_rollback=True):
        database.execute("CREATE TABLE town (id text, shape geometry)")
        rows = [(name, geojson(shape)) for name, shape in stars.items()]
        database.cursor().executemany(
            "INSERT INTO town VALUES (%s, ST_SetSRID(ST_GeomFromGeoJSON(%s), 4326))", rows
        )
        for _ in range(300):
            lat, lon = offset(50, 0, dice.gauss(0, 900), dice.gauss(0, 900))
            query = "SELECT id FROM town WHERE ST_Covers(shape, ST_Point(%s, %s, 4326))"
            expected = {name for (name,) in database.execute(query, (lon, lat))}
            placed = across.place(lat, lon + 180 if lon < 0 else lon - 180, 0)
            assert {one.fence.id for one in placed if one.inside} == expected


def test_the_database_leaves_nothing_behind() -> None:
    with postgis() as connection:
        (folder,) = connection.execute("SHOW unix_socket_directories").fetchone()
        (process,) = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert os.path.isdir(folder)  # noqa: PTH112
    assert not os.path.exists(folder)  # noqa: PTH110
    assert not os.path.exists(f"/proc/{process}")  # noqa: PTH110
