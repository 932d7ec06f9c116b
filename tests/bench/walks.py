"""Seeded walks past, into and beside a 60 x 60 m shop, as a phone's GPS tells them. Pure.

The error is autocorrelated over 90 s; 1 % of the fixes are over-confident glitches (90-300 m off,
accuracy 2-11 m), 2 % are coarse (150-1500 m). What is counted is compared with the truth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from geofences import files
from geofences.engine import Engine
from geofences.fence_set import FenceSet
from geofences.model import AccuracyKind, Fix, FixRefused
from geofences.state import SubjectState

START = datetime(2026, 11, 21, 10, tzinfo=UTC)
LAT, LON = 50.9365, 6.9480
M_LAT, M_LON = 111_250.0, 70_260.0
HALF_M = 30.0
AUTOCORRELATION_S = 90.0
GLITCHES, COARSE = 0.01, 0.02
ANDROID_SIGMAS = 1.515
TICK_S = 10
VISIT_S = 1800

Truth = Callable[[float], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """Who walks how, and what their phone is like. `visits`: they truly come in and stay."""

    name: str
    truth: Callable[[Random], Truth]
    accuracy_m: tuple[float, float]
    every_s: int
    duration_s: int
    visits: bool
    enter_s: float = 0.0  # when they truly come in
    exit_s: float = 0.0


@dataclass(slots=True)
class Tally:
    """What one rule made of many walks."""

    walks: int = 0
    missed: int = 0
    false_enters: int = 0
    dwells: int = 0
    missed_dwells: int = 0
    spurious: int = 0
    enter_delays_s: list[float] = field(default_factory=list)
    exit_delays_s: list[float] = field(default_factory=list)


def visit(rng: Random) -> Truth:
    """Comes from 300 m away, stays 30 minutes, walks off."""
    east, north = rng.uniform(-20, 20), rng.uniform(-20, 20)

    def where(second: float) -> tuple[float, float]:
        if second < 240:
            return east, 330 - second * 1.25
        if second < 240 + VISIT_S:
            # To their place in the shop, and a few steps around it.
            return east + 4 * math.sin(second / 70), max(north, 30 - (second - 240) * 0.8)
        return east, -30 - (second - 240 - VISIT_S) * 1.25

    return where


def drive_by(_rng: Random) -> Truth:
    """40 km/h along the street, 12 m outside the wall."""
    return lambda second: (-900 + second * 11.1, HALF_M + 12)


def walk_by(_rng: Random) -> Truth:
    """On foot along the pavement, 4 m outside the wall."""
    return lambda second: (-200 + second * 1.3, HALF_M + 4)


def red_light(_rng: Random) -> Truth:
    """Drives along the street and waits for a minute at the light in front of the shop."""
    return lambda second: (
        min(0.0, -900 + second * 11.1) + max(0.0, second - 141) * 11.1,
        HALF_M + 12,
    )


def neighbour(rng: Random) -> Truth:
    """30 minutes in the café next door, 25 m outside the wall."""
    east = rng.uniform(-15, 15)
    return lambda second: (east + 3 * math.sin(second / 90), HALF_M + 25)


def far_away(_rng: Random) -> Truth:
    """An afternoon 600 m away."""
    return lambda second: (600 + 5 * math.sin(second / 60), 0.0)


VISIT_LENGTH_S = 240 + VISIT_S + 420
SCENARIOS = (
    Scenario("visit 4-10 m, 15 s", visit, (4, 10), 15, VISIT_LENGTH_S, True, 240, 240 + VISIT_S),
    Scenario("visit 15-40 m, 15 s", visit, (15, 40), 15, VISIT_LENGTH_S, True, 240, 240 + VISIT_S),
    Scenario("visit 15-40 m, 60 s", visit, (15, 40), 60, VISIT_LENGTH_S, True, 240, 240 + VISIT_S),
    Scenario(
        "visit 30-100 m, 60 s", visit, (30, 100), 60, VISIT_LENGTH_S, True, 240, 240 + VISIT_S
    ),
    Scenario("drive-by 15-40 m, 5 s", drive_by, (15, 40), 5, 165, False),
    Scenario("walk-by 4-10 m, 15 s", walk_by, (4, 10), 15, 310, False),
    Scenario("walk-by 15-40 m, 15 s", walk_by, (15, 40), 15, 310, False),
    Scenario("red light 15-40 m, 5 s", red_light, (15, 40), 5, 225, False),
    Scenario("neighbour 15-40 m, 15 s", neighbour, (15, 40), 15, VISIT_S, False),
    Scenario("neighbour 15-40 m, 60 s", neighbour, (15, 40), 60, VISIT_S, False),
    Scenario("far away 15-40 m, 30 s", far_away, (15, 40), 30, VISIT_S, False),
)


def fixes(scenario: Scenario, seed: int) -> Iterator[Fix]:
    """What the phone reports on one walk."""
    rng = Random(f"{scenario.name}/{seed}")
    truth = scenario.truth(rng)
    error = [rng.gauss(0, 1), rng.gauss(0, 1)]
    keep = math.exp(-scenario.every_s / AUTOCORRELATION_S)
    for second in range(rng.randrange(scenario.every_s), scenario.duration_s, scenario.every_s):
        accuracy_m = rng.uniform(*scenario.accuracy_m)
        east, north = truth(second)
        error = [keep * e + math.sqrt(1 - keep * keep) * rng.gauss(0, 1) for e in error]
        share = rng.random()
        if share < GLITCHES:
            angle, away = rng.uniform(0, 2 * math.pi), rng.uniform(90, 300)
            east, north = east + away * math.cos(angle), north + away * math.sin(angle)
            accuracy_m = rng.uniform(2, 11)
        else:
            if share < GLITCHES + COARSE:
                accuracy_m = rng.uniform(150, 1500)
            sigma = accuracy_m / ANDROID_SIGMAS
            east, north = east + sigma * error[0], north + sigma * error[1]
        at = START + timedelta(seconds=second)
        yield Fix(
            "c", LAT + north / M_LAT, LON + east / M_LON, at, at, accuracy_m, AccuracyKind.ANDROID
        )


def shop() -> FenceSet:
    """The shop's fence, with the default rules."""
    ring = [
        [LON + east * HALF_M / M_LON, LAT + north * HALF_M / M_LAT]
        for east, north in ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))
    ]
    feature = {
        "type": "Feature",
        "id": "shop",
        "properties": {"kind": "store"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    return FenceSet(files.read({"type": "FeatureCollection", "features": [feature]}))


Event = tuple[str, float, float]  # kind, when it happened, when it was known (seconds)


def by_rules(fence_set: FenceSet, walk: Iterator[Fix], end_s: float) -> list[Event]:
    """The events of the state machine."""
    engine, state, events = Engine(fence_set), SubjectState.new("c"), []
    now = START

    def take(step: object) -> SubjectState:
        events.extend(
            (event.kind.value, _seconds(event.at), _seconds(event.emitted_at))
            for event in step.events  # type: ignore[attr-defined]
        )
        return step.state  # type: ignore[attr-defined, no-any-return]

    for fix in walk:
        while now + timedelta(seconds=TICK_S) < fix.received_at:
            now += timedelta(seconds=TICK_S)
            state = take(engine.tick(state, now))
        now = fix.received_at
        try:
            state = take(engine.on_fix(state, fix, now))
        except FixRefused:
            continue
    while _seconds(now) < end_s:
        now += timedelta(seconds=TICK_S)
        state = take(engine.tick(state, now))
    return events


def naive(fence_set: FenceSet, walk: Iterator[Fix], _end_s: float) -> list[Event]:
    """What most servers do: in arrival order, inside or outside, nothing else."""
    events: list[Event] = []
    inside, since, dwelled = False, 0.0, False
    for fix in walk:
        (placing,) = fence_set.place(fix.lat, fix.lon, 0.0, ("shop",))
        second = _seconds(fix.received_at)
        if placing.inside != inside:
            inside, since, dwelled = placing.inside, second, False
            events.append(("enter" if inside else "exit", second, second))
        elif inside and not dwelled and second - since >= 300:
            dwelled = True
            events.append(("dwell", second, second))
    return events


def tally(scenario: Scenario, walks: int, judge: Callable[..., list[Event]]) -> Tally:
    """Judge many walks and count against the truth."""
    fence_set, found = shop(), Tally(walks)
    for seed in range(walks):
        events = judge(fence_set, fixes(scenario, seed), float(scenario.duration_s))
        _count(found, scenario, events)
    return found


def _count(found: Tally, scenario: Scenario, events: list[Event]) -> None:
    enters = [event for event in events if event[0] == "enter"]
    exits = [event for event in events if event[0] == "exit"]
    dwells = [event for event in events if event[0] == "dwell"]
    found.dwells += bool(dwells)
    if not scenario.visits:
        found.false_enters += bool(enters)
        return
    # Coming in a little early is standing at the door.
    true_enters = [event for event in enters if event[2] <= scenario.exit_s]
    found.missed += not true_enters
    found.missed_dwells += not dwells
    found.spurious += max(0, len(enters) - 1) + max(0, len(exits) - 1)
    if true_enters:
        found.enter_delays_s.append(max(0.0, true_enters[0][2] - scenario.enter_s))
    late_exits = [event for event in exits if event[2] >= scenario.exit_s]
    if late_exits:
        found.exit_delays_s.append(late_exits[-1][2] - scenario.exit_s)


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the others lie; 0 of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def _seconds(at: datetime) -> float:
    return (at - START).total_seconds()
