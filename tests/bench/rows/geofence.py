"""A fix through fences and state machine, against PostGIS that only tells who is inside."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from geofences.fence_set import FenceSet
from geofences.model import Fence
from store_agent.app.root import ALLOCATIONS_PER_COLLECTION
from tests.bench import fences
from tests.bench.places import ROOT
from tests.bench.report import Result, at_least_share, information
from tests.postgis import postgis

ROUNDS = 9
QUERIES = 4_000
BUDGET_PER_S = 20_000.0
BUDGET_TIMES = 2.0
CHILD_S = 300.0


async def measure() -> list[Result]:
    """Fixes a second with 50 fences and with 100,000, and what those take of memory."""
    few, many = list(fences.town(fences.FEW)), list(fences.town(fences.MANY))
    step, events, covers = _few(few)
    covers_many = _covers(many)
    del many
    child, bare = _child("fences"), _child("geometry")
    note = (
        f"{fences.FEW} fences, {fences.PEOPLE} people, {events} events a round, each of"
        f" {fences.SLICE} fixes at its best of {ROUNDS} rounds; "
        "baseline: ST_Covers, one row a query, without distance and state"
    )
    used = f"{child['used_mib']:.0f} MiB after {fences.PEOPLE * fences.FIXES_EACH} fixes"
    return [
        _at_least("geofence.step", "fixes/s", step, BUDGET_PER_S, note),
        at_least_share("geofence.step_vs_postgis", "fixes/s", step, covers, BUDGET_TIMES),
        information(
            "geofence.place_100k_fences",
            "fixes/s",
            child["per_s"],
            covers_many,
            f"with distances; {child['first_per_s']:,.0f} where nobody was before",
        ),
        information(
            "geofence.memory_100k_fences",
            "MiB",
            child["mib"],
            bare["mib"],
            f"{used}; baseline: shapely polygons and their STRtree, nothing else",
        ),
    ]


def _few(few: Sequence[Fence]) -> tuple[float, int, float]:
    """Ours, its events, PostGIS; in turns, so that a busy machine hits both."""
    known, fixes = FenceSet(few), fences.walks(few)
    ours: list[list[float]] = []
    theirs: list[list[float]] = []
    with postgis() as database, _spared_collector():
        fences.load(database, few)
        for _ in range(ROUNDS):
            taken_s, events = fences.steps_s(known, fixes)
            covers_s, inside = fences.covers_s(database, fixes[:QUERIES])
            ours.append(taken_s)
            theirs.append(covers_s)
    if inside != fences.insides(known, fixes[:QUERIES]):
        raise RuntimeError("PostGIS finds other people inside than we do")
    return len(fixes) / _undisturbed_s(ours), events, QUERIES / _undisturbed_s(theirs)


def _undisturbed_s(rounds: Sequence[Sequence[float]]) -> float:
    """Each slice at its best round: other work on the machine seldom hits the same one always."""
    return sum(map(min, zip(*rounds, strict=True)))


@contextmanager
def _spared_collector() -> Iterator[None]:
    """Both sides run as the agent does: what exists by now is not looked at again."""
    gc.collect()
    gc.freeze()
    usual = gc.get_threshold()
    gc.set_threshold(ALLOCATIONS_PER_COLLECTION)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


def _covers(many: Sequence[Fence]) -> float:
    fixes = fences.walks(many)[:QUERIES]
    with postgis() as database:
        fences.load(database, many)
        return QUERIES / _undisturbed_s(
            [fences.covers_s(database, fixes)[0] for _ in range(ROUNDS)]
        )


def _child(what: str) -> dict[str, float]:
    """Memory is told by a process that did nothing else."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.fences", what],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        timeout=CHILD_S,
        check=True,
    )
    return json.loads(done.stdout)


def _at_least(row: str, unit: str, value: float, budget: float, note: str) -> Result:
    rule = f">= {budget:g} {unit}"
    return Result(row, unit, value, budget=budget, met=value >= budget, rule=rule, note=note)
