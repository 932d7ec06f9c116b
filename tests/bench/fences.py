"""A town of fences and people who walk in it, for the geofence rows; PostGIS asked the same.

`python -m tests.bench.fences fences|geometry` is a process of its own for what memory is taken: it
prints one JSON line.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import psycopg
import shapely
from psycopg import sql

from geofences.engine import Engine
from geofences.fence_set import FenceSet
from geofences.geometry import merge
from geofences.model import Fence, FenceKind, Fix, Polygons
from geofences.positions import PAD_M
from geofences.rules import RULES
from geofences.state import SubjectState
from tests.bench.processes import memory_mib
from tests.fence_shapes import offset, star

FEW, MANY = 50, 100_000
TOWN_M = 1_500.0  # half the width of the town that holds `FEW` fences
COUNTRY_M = 300_000.0
WIDE_EVERY = 100  # one in so many is a region of 3 to 20 km, as long as there are many
PEOPLE, FIXES_EACH = 200, 100
EVERY_S, STEP_M, NOISE_M = 10.0, 12.0, 15.0
SLICE = 500  # fixes: short enough to be left alone by other work in one round of several
BEGIN = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
RULES_OF_ALL = RULES[FenceKind.STORE]


def town(count: int) -> Iterator[Fence]:
    """Stars of 30 to 60 corners and 50 to 500 m, some with a hole."""
    dice = Random(1)
    half_m = TOWN_M if count <= FEW else COUNTRY_M
    for number in range(count):
        centre = offset(51.0, 10.0, dice.uniform(-half_m, half_m), dice.uniform(-half_m, half_m))
        wide = count > FEW and number % WIDE_EVERY == 0
        radius_m = dice.uniform(3_000, 20_000) if wide else dice.uniform(50, 500)
        shape = star(dice, centre, radius_m, dice.randint(30, 60), holes=number % 2)
        name = f"fence-{number}"
        yield Fence(name, name, FenceKind.STORE, shape, RULES_OF_ALL, "bench")


def walks(fences: Sequence[Fence]) -> list[Fix]:
    """Everybody's fixes in the order of time; each walks about, beginning at some fence."""
    dice = Random(2)
    people = [_corner(dice, dice.choice(fences)) for _ in range(PEOPLE)]
    fixes = []
    for turn in range(FIXES_EACH):
        at = BEGIN + timedelta(seconds=turn * EVERY_S)
        for number, spot in enumerate(people):
            step_m = dice.gauss(0, STEP_M), dice.gauss(0, STEP_M)
            people[number] = offset(*spot, *step_m)
            lat, lon = offset(*spot, dice.gauss(0, NOISE_M), dice.gauss(0, NOISE_M))
            fixes.append(Fix(f"p{number}", lat, lon, at, at, dice.uniform(8, 40)))
    return fixes


def _corner(dice: Random, fence: Fence) -> tuple[float, float]:
    assert isinstance(fence.shape, Polygons)
    lon, lat = dice.choice(fence.shape.polygons[0][0])
    return lat, lon


def steps_s(fences: FenceSet, fixes: Sequence[Fix]) -> tuple[list[float], int]:
    """What the engine takes for every `SLICE` fixes, in seconds, and how many events came of it."""
    engine = Engine(fences)
    states = {fix.subject: SubjectState.new(fix.subject) for fix in fixes}
    taken_s, events = [], 0
    for first in range(0, len(fixes), SLICE):
        began = time.perf_counter()
        for fix in fixes[first : first + SLICE]:
            step = engine.on_fix(states[fix.subject], fix, fix.received_at)
            states[fix.subject] = step.state
            events += len(step.events)
        taken_s.append(time.perf_counter() - began)
    return taken_s, events


def places_per_s(fences: FenceSet, fixes: Sequence[Fix]) -> float:
    """How many fixes a second are placed: which fences are near, and the distance to each."""
    began = time.perf_counter()
    for fix in fixes:
        fences.place(fix.lat, fix.lon, PAD_M)
    return len(fixes) / (time.perf_counter() - began)


def load(database: psycopg.Connection, fences: Sequence[Fence]) -> None:
    """The same fences in a fresh table with its index."""
    database.execute("DROP TABLE IF EXISTS fences")
    database.execute("CREATE TABLE fences (id text, shape geometry(Geometry, 4326))")
    with (
        database.cursor() as cursor,
        cursor.copy("COPY fences (id, shape) FROM STDIN") as copy,
    ):
        for fence in fences:
            shape = shapely.set_srid(_geometry(fence), 4326)
            copy.write_row((fence.id, shapely.to_wkb(shape, hex=True, include_srid=True)))
    database.execute("CREATE INDEX ON fences USING gist (shape)")
    database.execute("ANALYZE fences")


def covers_s(database: psycopg.Connection, fixes: Sequence[Fix]) -> tuple[list[float], int]:
    """The same of PostGIS, one prepared query for each position, and how many are inside."""
    query = sql.SQL("SELECT id FROM fences WHERE ST_Covers(shape, ST_Point(%s, %s, 4326))")
    taken_s, inside = [], 0
    with database.cursor(binary=True) as cursor:
        for first in range(0, len(fixes), SLICE):
            began = time.perf_counter()
            for fix in fixes[first : first + SLICE]:
                found = cursor.execute(query, (fix.lon, fix.lat), prepare=True)
                inside += len(found.fetchall())
            taken_s.append(time.perf_counter() - began)
    return taken_s, inside


def insides(fences: FenceSet, fixes: Sequence[Fix]) -> int:
    """How often a position lies in a fence: must be what PostGIS says."""
    return sum(
        placing.inside for fix in fixes for placing in fences.place(fix.lat, fix.lon, pad_m=0)
    )


def _geometry(fence: Fence) -> shapely.Geometry:
    assert isinstance(fence.shape, Polygons)
    return merge(fence.shape)


def _main(what: str) -> None:
    """What `MANY` fences take, beyond the libraries: ours, or bare polygons and their tree."""
    before = _settled()
    if what == "geometry":
        kept: object = shapely.STRtree([_geometry(fence) for fence in town(MANY)])
        told = {"mib": _settled() - before, "kept": bool(kept)}
    else:
        fences = FenceSet(town(MANY))
        told = {"mib": _settled() - before}
        fixes = walks(list(fences.fences.values()))
        told |= {"first_per_s": places_per_s(fences, fixes)}  # prepares what they come near
        told |= {"per_s": max(places_per_s(fences, fixes) for _ in range(3))}
        told |= {"used_mib": _settled() - before}
    sys.stdout.write(json.dumps(told) + "\n")


def _settled() -> float:
    gc.collect()
    return memory_mib(os.getpid())


if __name__ == "__main__":
    _main(sys.argv[1])
