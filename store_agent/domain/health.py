"""How a part of the agent is doing, in the words of `/readyz`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class HealthState(StrEnum):
    """`degraded` still does its job; `offline` waits for somebody else; `down` does not work."""

    OK = "ok"
    DEGRADED = "degraded"
    OFFLINE = "offline"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class ComponentHealth:
    """One component; `reason` is one sentence without personal data, empty while ok."""

    name: str
    state: HealthState
    since: datetime
    reason: str = ""
