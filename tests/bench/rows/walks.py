"""Seeded walks through the state machine, beside the naive rule in the same run."""

from __future__ import annotations

from tests.bench.report import Result, at_most, information
from tests.bench.walks import SCENARIOS, Scenario, Tally, by_rules, naive, percentile, tally

WALKS = 400
SPURIOUS, MISSED, FALSE_DWELL = 0.05, 2.0, 2.0


async def measure() -> list[Result]:
    """Percent of walks, events per visit, seconds."""
    rows: list[Result] = []
    for scenario in SCENARIOS:
        ours = tally(scenario, WALKS, by_rules)
        plain = tally(scenario, WALKS, naive)
        rows += (
            _visits(scenario, ours, plain) if scenario.visits else _others(scenario, ours, plain)
        )
    return rows


def _visits(scenario: Scenario, ours: Tally, plain: Tally) -> list[Result]:
    note = (
        f"enter after {_both(ours.enter_delays_s)} s, exit after {_both(ours.exit_delays_s)} s"
        f" (p50/p90); dwell missed {_percent(ours.missed_dwells, ours):.1f} %; naive rule:"
        f" {plain.spurious / plain.walks:.1f} spurious events per visit,"
        f" enter {_both(plain.enter_delays_s)}, exit {_both(plain.exit_delays_s)} s"
    )
    name = scenario.name
    spurious = ours.spurious / ours.walks
    missed = _percent(ours.missed, ours)
    if scenario.accuracy_m[0] > 15:  # GPS cannot decide a 60 m fence there: no goal
        return [
            information(
                f"{name}: missed", "%", missed, max(_percent(plain.missed, plain), 0.1), note
            ),
            at_most(f"{name}: spurious", "per visit", spurious, SPURIOUS),
        ]
    return [
        at_most(f"{name}: missed", "%", missed, MISSED, note),
        at_most(f"{name}: spurious", "per visit", spurious, SPURIOUS),
    ]


def _others(scenario: Scenario, ours: Tally, plain: Tally) -> list[Result]:
    note = (
        f"false enters {_percent(ours.false_enters, ours):.1f} %; naive rule: false enters"
        f" {_percent(plain.false_enters, plain):.1f} %, false dwells"
        f" {_percent(plain.dwells, plain):.1f} %"
    )
    dwells = _percent(ours.dwells, ours)
    return [at_most(f"{scenario.name}: false dwell", "%", dwells, FALSE_DWELL, note)]


def _percent(count: int, of: Tally) -> float:
    return 100.0 * count / of.walks


def _both(delays: list[float]) -> str:
    return f"{percentile(delays, 0.5):.0f}/{percentile(delays, 0.9):.0f}"
