"""Seeded people among the radios of a shop: shadowing, bodies, lost adverts, stalls. Pure.

Six zones of 10 x 10 m in two rows, one radio in the middle of each. Log-distance path loss
(n 2.5), log-normal shadowing of 4 dB that changes over 20 s, passing bodies that take 12 dB for
some seconds, 2 dB of fast fading, 15 % lost adverts. Where the carrier turns, their own body takes
10 dB from all radios behind it, until they turn again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from geofences.beacons.model import RoomChangeKind
from geofences.beacons.rooms import Rooms
from geofences.beacons.tracker import DEFAULTS, TrackerSettings

SIDE_M = 10.0
COLUMNS, ROWS = 3, 2
POWER_1M_DBM = -59.0
EXPONENT = 2.5
SHADOW_DB, SHADOW_S = 4.0, 20.0
BODY_DB, BODY_SHARE, BODY_S = 12.0, 0.15, 4.0
OWN_BODY_DB, TURNS_S = 10.0, (5.0, 60.0)
FADING_DB = 2.0
LOSS = 0.15
FLOOR_DBM = -95.0
ZONES = {f"r-{i}": f"z-{i}" for i in range(COLUMNS * ROWS)}
VISIT_S = 1800.0
AFTER_S = 300.0
WATCHDOG_S = 90.0


@dataclass(frozen=True, slots=True)
class Heard:
    """One radio heard the tag."""

    at: float
    radio: str
    rssi_dbm: int


@dataclass(frozen=True, slots=True)
class Scene:
    """Who moves how. `gap_s`: from one advert to the next, low and high."""

    name: str
    path: Callable[[Random], list[tuple[float, tuple[float, float] | None]]]
    gap_s: tuple[float, float] = (1.0, 1.0)
    stall: bool = False  # one radio after the other is deaf for 60-120 s
    present: bool = True
    turns: bool = False  # the tag is worn in front, and its carrier turns


@dataclass(slots=True)
class Score:
    """What one rule made of many visits."""

    visits: int = 0
    flaps: int = 0
    wrong_s: float = 0.0
    inside_s: float = 0.0
    false_left: int = 0
    false_enters: int = 0
    missed: int = 0
    moves: int = 0
    unnoticed: int = 0  # moves
    switch_s: list[float] = field(default_factory=list)  # from setting out to the next zone told
    enter_s: list[float] = field(default_factory=list)
    exit_s: list[float] = field(default_factory=list)


def middle(zone: int) -> tuple[float, float]:
    """Where the radio of a zone hangs."""
    return (zone % COLUMNS + 0.5) * SIDE_M, (zone // COLUMNS + 0.5) * SIDE_M


def rooms_path(rng: Random) -> list[tuple[float, tuple[float, float] | None]]:
    """Five zones, some minutes in each, then out."""
    legs, at, zone = [], 0.0, rng.randrange(len(ZONES))
    while at < VISIT_S:
        x, y = middle(zone)
        legs.append((at, (x + rng.uniform(-3, 3), y + rng.uniform(-3, 3))))
        at += rng.uniform(240, 480)
        zone = rng.choice([one for one in range(len(ZONES)) if one != zone])
    return [*legs, (VISIT_S, None)]


def border_path(rng: Random) -> list[tuple[float, tuple[float, float] | None]]:
    """Half an hour on the line between two zones."""
    return [(0.0, (SIDE_M, SIDE_M / 2 + rng.uniform(-2, 2))), (VISIT_S, None)]


def over_path(rng: Random) -> list[tuple[float, tuple[float, float] | None]]:
    """Some minutes on the line between two zones, then into one of them."""
    (x, y), (start, *_) = middle(rng.choice((0, 1))), border_path(rng)
    there = (x + rng.uniform(-3, 3), y + rng.uniform(-3, 3))
    return [start, (rng.uniform(300, 600), there), (VISIT_S, None)]


def still_path(rng: Random) -> list[tuple[float, tuple[float, float] | None]]:
    """Half an hour in the middle of one zone."""
    x, y = middle(rng.randrange(len(ZONES)))
    return [(0.0, (x + rng.uniform(-3, 3), y + rng.uniform(-3, 3))), (VISIT_S, None)]


def outside_path(rng: Random) -> list[tuple[float, tuple[float, float] | None]]:
    """In front of the window, 60 m away."""
    return [(0.0, (-60.0, rng.uniform(0, 20))), (VISIT_S, None)]


SCENES = (
    Scene("rooms, 1 s", rooms_path),
    Scene("rooms, 0.1 s", rooms_path, (0.1, 0.1)),
    Scene("rooms, 10 s", rooms_path, (10.0, 10.0)),
    Scene("rooms, 30-96 s", rooms_path, (30.0, 96.0)),
    Scene("rooms and turning, 1 s", rooms_path, turns=True),
    Scene("border, 1 s", border_path),
    Scene("border, 10 s", border_path, (10.0, 10.0)),
    Scene("border and turning, 1 s", border_path, turns=True),
    Scene("from the border into a zone, 1 s", over_path),
    Scene("stalls, 1 s", still_path, stall=True),
    Scene("outside, 1 s", outside_path, present=False),
)


def position(
    path: list[tuple[float, tuple[float, float] | None]], at: float
) -> tuple[float, float] | None:
    """Where they are at `at`; walking from one place to the next takes eight seconds."""
    here = None
    for (start, place), (_, before) in zip(path, [(0.0, path[0][1]), *path], strict=False):
        if at < start:
            break
        here = place
        if place is not None and before is not None and at - start < 8.0:
            share = (at - start) / 8.0
            here = (
                before[0] + share * (place[0] - before[0]),
                before[1] + share * (place[1] - before[1]),
            )
    return here


def hear(scene: Scene, seed: int) -> tuple[list[Heard], list[tuple[float, float, str]], Path]:
    """What the radios heard, the stalls (from, to, radio), and the path."""
    rng = Random(f"{scene.name}/{seed}")
    path = scene.path(rng)
    stalls = list(_stalls(rng)) if scene.stall else []
    turning = Random(f"{scene.name}/{seed}/turning")
    facing, turns_at = 0.0, 0.0
    shadow = dict.fromkeys(ZONES, 0.0)
    body_until, at, heard = 0.0, rng.uniform(0, scene.gap_s[1]), []
    while at < VISIT_S:
        gap = rng.uniform(*scene.gap_s)
        keep = math.exp(-gap / SHADOW_S)
        if at > body_until and rng.random() < BODY_SHARE * min(1.0, gap / BODY_S):
            body_until = at + rng.uniform(1, 2 * BODY_S)
        if at >= turns_at:
            facing, turns_at = turning.uniform(-math.pi, math.pi), at + turning.uniform(*TURNS_S)
        place = position(path, at)
        for number, radio in enumerate(ZONES):
            shadow[radio] = keep * shadow[radio] + math.sqrt(1 - keep * keep) * rng.gauss(
                0, SHADOW_DB
            )
            if place is None or rng.random() < LOSS or _is_stalled(stalls, radio, at):
                continue
            away_m = max(1.0, math.dist(place, middle(number)))
            level = POWER_1M_DBM - 10 * EXPONENT * math.log10(away_m)
            level += shadow[radio] + rng.gauss(0, FADING_DB) - (BODY_DB if at < body_until else 0)
            if scene.turns and _is_behind(place, facing, middle(number)):
                level -= OWN_BODY_DB
            if level > FLOOR_DBM:
                heard.append(Heard(at, radio, round(level)))
        at += gap
    return heard, stalls, path


def _is_behind(place: tuple[float, float], facing: float, radio: tuple[float, float]) -> bool:
    ahead = (radio[0] - place[0]) * math.cos(facing) + (radio[1] - place[1]) * math.sin(facing)
    return ahead < 0


def _stalls(rng: Random) -> Iterator[tuple[float, float, str]]:
    at = 200.0
    while at < VISIT_S - 300:
        length = rng.uniform(60, 120)
        for radio in ZONES:  # the adapter they share is gone: all of them
            yield at, at + length, radio
        at += length + rng.uniform(200, 400)


def _is_stalled(stalls: list[tuple[float, float, str]], radio: str, at: float) -> bool:
    return any(start <= at < end and one == radio for start, end, one in stalls)


Path = list[tuple[float, tuple[float, float] | None]]
Told = tuple[str, str, float]  # "enter" | "exit", zone, when it was known


def by_rooms(
    heard: list[Heard],
    stalls: list[tuple[float, float, str]],
    settings: TrackerSettings = DEFAULTS,
) -> list[Told]:
    """The product's rooms; strangers' devices prove every second that a radio is awake."""
    rooms, told, now = Rooms(ZONES, settings), [], 0.0
    for one in [*heard, Heard(VISIT_S + AFTER_S, "", 0)]:
        while now + 1.0 <= one.at:
            now += 1.0
            for radio in ZONES:
                since = [start for start, end, r in stalls if r == radio and start <= now < end]
                # Its watchdog says so after 90 s, and when it is back.
                rooms.radio_alive(radio, not since or now - since[0] < WATCHDOG_S, now)
                if not since:
                    rooms.pulse(radio, now)
            told += [_shown(change, now) for change in rooms.tick(now)]
        if one.radio:
            told += [
                _shown(x, one.at) for x in rooms.on_sighting("c", one.radio, one.rssi_dbm, one.at)
            ]
    return [entry for entry in told if entry[0]]


def _shown(change: object, now: float) -> Told:
    kind = {RoomChangeKind.ENTERED: "enter", RoomChangeKind.LEFT: "exit"}.get(change.kind, "")  # type: ignore[attr-defined]
    return kind, change.zone, now  # type: ignore[attr-defined]


def naive(heard: list[Heard], _stalls: list[tuple[float, float, str]]) -> list[Told]:
    """The strongest of the last second wins; 30 s of silence is an exit."""
    told: list[Told] = []
    zone, last, recent = None, 0.0, dict[str, tuple[float, int]]()
    for one in [*heard, Heard(VISIT_S + AFTER_S, "", 0)]:
        if zone is not None and one.at - last > 30:
            told.append(("exit", zone, last + 30))
            zone = None
        if not one.radio:
            break
        last = one.at
        recent[one.radio] = (one.at, one.rssi_dbm)
        fresh = {r: rssi for r, (at, rssi) in recent.items() if one.at - at <= 1.0}
        best = ZONES[max(fresh, key=lambda r: fresh[r])]
        if best != zone:
            if zone is not None:
                told.append(("exit", zone, one.at))
            told.append(("enter", best, one.at))
            zone = best
    return told


def score(
    scene: Scene, visits: int, judge: Callable[..., list[Told]], first_seed: int = 0
) -> Score:
    """Judge many visits and count against the truth."""
    found = Score(visits)
    for seed in range(first_seed, first_seed + visits):
        heard, stalls, path = hear(scene, seed)
        _count(found, scene, judge(heard, stalls), stalls, path)
    return found


def _count(
    found: Score,
    scene: Scene,
    told: list[Told],
    stalls: list[tuple[float, float, str]],
    path: Path,
) -> None:
    enters = [entry for entry in told if entry[0] == "enter"]
    if not scene.present:
        found.false_enters += bool(enters)
        return
    true_rooms = [place for _, place in path if place is not None]
    found.flaps += max(0, len(enters) - len(true_rooms))
    found.missed += not enters
    if enters:
        found.enter_s.append(enters[0][2])
    for kind, _, at in told:
        found.false_left += kind == "exit" and any(
            start <= at <= end + 5 for start, end, _ in stalls
        )
    last = [at for kind, _, at in told if kind == "exit" and at >= VISIT_S]
    found.exit_s += [last[-1] - VISIT_S] if last else []
    _count_moves(found, told, path)
    _count_wrong(found, scene, told, path)


def _count_moves(found: Score, told: list[Told], path: Path) -> None:
    """From one zone into another: how long until that one is told, before they go on."""
    for (start, place), (end, _) in pairwise(path[1:]):
        if place is None:
            continue
        zone = _zone_of(place)
        before = [name for kind, name, at in told if kind == "enter" and at < start]
        if before and before[-1] == zone:
            continue  # they were thought to be there already
        after = [at for kind, name, at in told if (kind, name) == ("enter", zone) and at >= start]
        found.moves += 1
        if after and after[0] < end:
            found.switch_s.append(after[0] - start)
        else:
            found.unnoticed += 1


def _zone_of(place: tuple[float, float]) -> str:
    return f"z-{min(range(len(ZONES)), key=lambda n: math.dist(place, middle(n)))}"


def _count_wrong(found: Score, scene: Scene, told: list[Told], path: Path) -> None:
    if scene.path is not rooms_path:
        return
    zone, changes = None, sorted(told, key=lambda entry: entry[2])
    for second in range(60, int(VISIT_S), 10):
        while changes and changes[0][2] <= second:
            kind, name, _ = changes.pop(0)
            zone = name if kind == "enter" else (None if zone == name else zone)
        place = position(path, second)
        if place is None:
            continue
        found.inside_s += 10
        found.wrong_s += 10 * (zone != _zone_of(place))
