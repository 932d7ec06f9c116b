"""What is going on: the occasions that set offers off. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from store_agent.domain.offer import Trigger, TriggerKind


@dataclass(frozen=True, slots=True)
class Occasion:
    """Empty = nothing is known. `dwelled_s`: zone id -> seconds there in this visit."""

    scanned: bool = False
    approaching: bool = False
    has_basket: bool = False
    dwelled_s: Mapping[str, float] = field(default_factory=dict)
    visit_number: int | None = None
    weather: frozenset[str] = frozenset()


SCANNED = Occasion(scanned=True)
AT_TILL = Occasion(has_basket=True)


def is_triggered(triggers: tuple[Trigger, ...], occasion: Occasion) -> bool:
    """Whether one of the triggers fires; an offer without any is always set off."""
    return not triggers or any(_FIRES[one.kind](one, occasion) for one in triggers)


def _nth_visit(trigger: Trigger, occasion: Occasion) -> bool:
    number = occasion.visit_number
    return number is not None and number > 0 and number % trigger.nth == 0


_FIRES: Mapping[TriggerKind, Callable[[Trigger, Occasion], bool]] = {
    TriggerKind.SCAN: lambda _, now: now.scanned,
    TriggerKind.APPROACH: lambda _, now: now.approaching,
    TriggerKind.BASKET: lambda _, now: now.has_basket,
    TriggerKind.ZONE_DWELL: lambda one, now: now.dwelled_s.get(one.zone, 0.0) >= one.dwell_s,
    TriggerKind.NTH_VISIT: _nth_visit,
    TriggerKind.WEATHER: lambda one, now: not now.weather.isdisjoint(one.weather),
}
