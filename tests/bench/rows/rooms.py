"""Seeded people among six radios, beside the naive rule in the same run."""

from __future__ import annotations

from tests.bench.radio_walks import SCENES, Scene, Score, by_rooms, naive, score
from tests.bench.report import Result, at_most
from tests.bench.walks import percentile

VISITS = 200  # nothing was tuned on these seeds
NAIVE_VISITS = 25  # its figures are so bad that few will do
FLAPS, FALSE_LEFT = 0.1, 0.0


async def measure() -> list[Result]:
    """Per visit."""
    rows: list[Result] = []
    for scene in SCENES:
        ours, plain = score(scene, VISITS, by_rooms), score(scene, NAIVE_VISITS, naive)
        rows += _rows(scene, ours, plain)
    return rows


def _rows(scene: Scene, ours: Score, plain: Score) -> list[Result]:
    if not scene.present:
        note = f"naive rule: {plain.false_enters} of {NAIVE_VISITS}"
        return [at_most(f"{scene.name}: false enters", "visits", ours.false_enters, 0, note)]
    note = (
        f"missed {ours.missed}; wrong room {_wrong(ours)}; enter {_both(ours.enter_s)} s,"
        f" exit {_both(ours.exit_s)} s, move {_both(ours.switch_s)} s (p50/p90; unnoticed"
        f" {ours.unnoticed} of {ours.moves}); naive rule: {plain.flaps / plain.visits:.1f}"
        f" flaps per visit, wrong room {_wrong(plain)}, exit {_both(plain.exit_s)} s"
    )
    rows = [at_most(f"{scene.name}: flaps", "per visit", ours.flaps / ours.visits, FLAPS, note)]
    if scene.stall:
        told = f"naive rule: {plain.false_left} in {NAIVE_VISITS} visits"
        rows.append(
            at_most(f"{scene.name}: false left", "events", ours.false_left, FALSE_LEFT, told)
        )
    return rows


def _wrong(of: Score) -> str:
    return f"{100 * of.wrong_s / of.inside_s:.0f} %" if of.inside_s else "-"


def _both(delays: list[float]) -> str:
    if not delays:
        return "-"
    return f"{percentile(delays, 0.5):.0f}/{percentile(delays, 0.9):.0f}"
