"""What a row measured, as a table for people and as JSON lines for programs. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

JSON_FIELDS = ("row", "unit", "value", "baseline", "ratio", "budget", "met")
TITLES = ("row", "value", "baseline", "ratio", "budget", "met")
DIGITS = 4  # significant ones; the machine's noise is larger than the rest


@dataclass(frozen=True, slots=True)
class Result:
    """One row. `budget` limits `ratio` where there is one, else `value`; None: no budget.

    `rule` is the budget as people read it, `note` what they should know; programs get neither.
    """

    row: str
    unit: str
    value: float
    baseline: float | None = None
    ratio: float | None = None
    budget: float | None = None
    met: bool | None = None
    rule: str = ""
    note: str = ""


def at_most_times(  # noqa: PLR0917  a row's columns
    row: str, unit: str, value: float, baseline: float, budget: float, note: str = ""
) -> Result:
    """A cost that may be `budget` times the baseline's."""
    ratio = value / baseline
    rule = f"<= {budget:g}x"
    return Result(row, unit, value, baseline, ratio, budget, ratio <= budget, rule, note)


def at_least_share(  # noqa: PLR0917  a row's columns
    row: str, unit: str, value: float, baseline: float, budget: float, note: str = ""
) -> Result:
    """A rate that must reach the share `budget` of the baseline's."""
    ratio = value / baseline
    rule = f">= {budget:g}x"
    return Result(row, unit, value, baseline, ratio, budget, ratio >= budget, rule, note)


def at_most(row: str, unit: str, value: float, budget: float, note: str = "") -> Result:
    """A cost with a limit of its own."""
    rule = f"<= {budget:g} {unit}"
    return Result(row, unit, value, None, None, budget, value <= budget, rule, note)


def information(row: str, unit: str, value: float, baseline: float, note: str = "") -> Result:
    """A comparison without a budget."""
    return Result(row, unit, value, baseline, value / baseline, note=note)


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that at least `share` (0..1) of all samples do not exceed."""
    if not samples:
        raise ValueError("no samples")
    rank = max(1, math.ceil(share * len(samples)))
    return sorted(samples)[rank - 1]


def median(samples: Sequence[float]) -> float:
    """The sample in the middle."""
    return percentile(samples, 0.5)


def json_line(result: Result) -> str:
    """One line of build/bench.jsonl."""
    fields = asdict(result)
    return json.dumps({name: _rounded(fields[name]) for name in JSON_FIELDS})


def table(results: Iterable[Result]) -> str:
    """All rows under one another; what is over its budget stands out."""
    lines = [TITLES, *(_cells(result) for result in results)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(TITLES))]
    return "\n".join(_line(line, widths) for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *numbers = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return "  ".join((first, *numbers)).rstrip()


def _cells(result: Result) -> tuple[str, ...]:
    met = "" if result.met is None else "yes" if result.met else "NO"
    return (
        result.row,
        f"{_number(result.value)} {result.unit}",
        "" if result.baseline is None else f"{_number(result.baseline)} {result.unit}",
        "" if result.ratio is None else f"{result.ratio:.2f}",
        result.rule,
        met,
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _rounded(value: object) -> object:
    """Numbers without the digits that mean nothing; everything else as it is."""
    if isinstance(value, bool) or not isinstance(value, float) or value == 0:
        return value
    return round(value, DIGITS - 1 - math.floor(math.log10(abs(value))))
