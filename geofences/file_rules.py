"""Rules that a feature of a fences file sets for itself: which, of what type, in which range."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace

from geofences.file_values import finite_number
from geofences.model import Rules

WEEK_S = 7 * 24 * 3600.0
FAR_M = 100_000.0  # a rule about more metres than this is a typing error


class RuleRefused(ValueError):
    """The value of a rule cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a rule may be: numbers from `low` to `high`, both included."""

    low: float
    high: float


PROBABILITY = Numbers(0.01, 1.0)  # 0 would let everybody in
SECONDS = Numbers(0.0, WEEK_S)
SOME_SECONDS = Numbers(1.0, WEEK_S)
METRES = Numbers(0.0, FAR_M)
SOME_METRES = Numbers(1.0, FAR_M)
COUNT = Numbers(1, 100)

RANGES: Mapping[str, Numbers] = {
    "enter_probability": PROBABILITY,
    "enter_max_accuracy_m": SOME_METRES,
    "confirm_within_s": SOME_SECONDS,
    "exit_buffer_m": METRES,
    "exit_accuracy_cap_m": METRES,
    "exit_fixes": COUNT,
    "exit_span_s": SECONDS,
    "dwell_s": SOME_SECONDS,
    "dwell_probability": PROBABILITY,
    "dwell_fresh_s": SOME_SECONDS,
    "dwell_fixes": COUNT,
    "pass_by_speed_mps": Numbers(0.1, 100.0),
    "pass_by_distance_m": SOME_METRES,
    "pass_by_window_s": SOME_SECONDS,
    "turn_in_probability": PROBABILITY,
    "turn_in_speed_mps": Numbers(0.1, 100.0),
    "approach_m": METRES,
    "approach_eta_s": SECONDS,
    "nearby_m": METRES,
    "eager_accuracy_m": METRES,
    "retrigger_s": SECONDS,
    "stale_s": SOME_SECONDS,
    "expire_s": SOME_SECONDS,
    "switch_s": SECONDS,
}
SWITCHES = frozenset({"pass_by"})
COUNTS = frozenset({"exit_fixes", "dwell_fixes"})
LISTS = frozenset({"dwell_s"})
NAMES = tuple(field.name for field in fields(Rules))


def override(rules: Rules, properties: Mapping[str, object], blame: Callable[[str], None]) -> Rules:
    """`rules` with every rule that the properties name; null leaves a rule as it is.

    `blame` is told about each value that cannot be used.
    """
    changed: dict[str, object] = {}
    for name in NAMES:
        value = properties.get(name)
        if value is None:
            continue
        try:
            changed[name] = _value(name, value)
        except RuleRefused as refused:
            blame(f"{name} {refused}")
    return replace(rules, **changed)  # type: ignore[arg-type]


def _value(name: str, value: object) -> object:
    if name in SWITCHES:
        if not isinstance(value, bool):
            raise RuleRefused("must be true or false")
        return value
    if name in LISTS:
        several = value if isinstance(value, list) else [value]
        return tuple(sorted({_number(one, RANGES[name]) for one in several}))
    number = _number(value, RANGES[name])
    if name not in COUNTS:
        return number
    if number != int(number):
        raise RuleRefused("must be a whole number")
    return int(number)


def _number(value: object, allowed: Numbers) -> float:
    number = finite_number(value)
    if number is None:
        raise RuleRefused("must be a number")
    if not allowed.low <= number <= allowed.high:
        raise RuleRefused(f"must be from {allowed.low:g} to {allowed.high:g}")
    return number
