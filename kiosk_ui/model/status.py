"""The line and the state of the box."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ComponentState(StrEnum):
    """How one part of the agent is doing; the same words as in /readyz."""

    OK = "ok"
    DEGRADED = "degraded"
    OFFLINE = "offline"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Component:
    """One row of the status page. `name` is a code such as "ledger"; `reason` is a sentence."""

    name: str
    state: ComponentState
    since: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """A snapshot being loaded: `done` of `total` entries (`total` 0 = not known yet)."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Status:
    """The line and the state of the box, as the top line and the status page show it."""

    online: bool
    line_since: datetime
    waiting_events: int = 0
    quarantined: int = 0
    profiles_as_of: datetime | None = None
    profiles_stale: bool = False  # older than the agent is willing to vouch for
    bootstrap: Progress | None = None
    components: tuple[Component, ...] = ()
