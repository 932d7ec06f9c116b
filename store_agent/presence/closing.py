"""What may be noticed while the shop is closed: only that somebody leaves. Pure.

What a phone kept through the night and tells in the morning happened at night.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from geofences.engine import Step
from geofences.model import Observation, Sense, ZoneEventKind
from store_agent.domain.greeting import Visit
from store_agent.domain.hours import Hours


def is_outside(hours: Hours, *moments: datetime) -> bool:
    """Whether the shop is closed at one of these moments."""
    return not all(map(hours.is_open, moments))


def begins_visit(visit: Visit | None, seen: Observation) -> bool:
    """Whether evidence from inside would begin a visit."""
    return visit is None and seen.sense is Sense.PRESENT


def told(step: Step, hours: Hours) -> Step | None:
    """What may be told of a step; None: somebody would come in, it must not be taken at all."""
    late = [event for event in step.events if is_outside(hours, event.at)]
    if not late:
        return step
    if any(event.kind is ZoneEventKind.ENTER for event in late):
        return None
    left = (e for e in step.events if e.kind is ZoneEventKind.EXIT or e not in late)
    return replace(step, events=tuple(left))
