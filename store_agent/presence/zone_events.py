"""From the fences' words to the platform's: one event per confirmed transition, no coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from geofences.model import ZoneEvent, ZoneEventKind
from store_agent.domain.events import Event, EventType

TYPES: Mapping[ZoneEventKind, EventType] = MappingProxyType(
    {
        ZoneEventKind.ENTER: EventType.ZONE_ENTERED,
        ZoneEventKind.EXIT: EventType.ZONE_LEFT,
        ZoneEventKind.DWELL: EventType.ZONE_DWELLED,
        ZoneEventKind.APPROACH: EventType.APPROACH_CHANGED,
    }
)


def to_platform(event: ZoneEvent, visit_id: str | None) -> Event:
    """The engine's id goes along: what is found out twice is counted once."""
    data: dict[str, Any] = {
        "fence_id": event.fence_id,
        "stay_id": event.stay_id,
        "visit_id": visit_id,
        "confidence": event.confidence,
        "reason": event.reason,
        "initial": event.initial,
        "notify": event.notify,
        "known_at": event.emitted_at,
    }
    if event.kind is ZoneEventKind.DWELL:
        data["dwell_s"] = event.dwell_s
    if event.kind is ZoneEventKind.APPROACH:
        data |= {"stage": event.approach, "eta_s": event.eta_s}
    return Event(event.id, TYPES[event.kind], event.at, data, event.subject)
