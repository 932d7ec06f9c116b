"""Presence, wired: fences, radios and nodes from settings, and what they hear handed on."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from store_agent.clock import Clock
from store_agent.config import PresenceSettings, Settings
from store_agent.domain.health import ComponentHealth, HealthState
from store_agent.domain.hours import Hours
from store_agent.presence.air import Air
from store_agent.presence.fence_book import FenceBook
from store_agent.presence.footfall import Footfall
from store_agent.presence.noticing import Noticing, Shop
from store_agent.presence.watch import Watch
from store_agent.storage import Storage


@dataclass(slots=True)
class Presence:
    """The parts of presence in one agent."""

    book: FenceBook
    noticing: Noticing
    air: Air
    watch: Watch
    clock: Clock
    started: datetime

    def rows(self) -> Iterator[ComponentHealth]:
        """One row for the fences and one per radio."""
        if self.book.faults:
            first = self.book.faults[0]
            told = f"unusable fences, the last good ones stay: {first.feature}: {first.reason}"
            yield ComponentHealth(
                "fences",
                HealthState.DEGRADED,
                self.book.faulty_since or self.started,
                told,
            )


def build_presence(
    settings: Settings, storage: Storage, clock: Clock, changed: Callable[[frozenset[str]], None]
) -> Presence:
    """Everything but the radios themselves."""
    book = FenceBook()
    hours = Hours(settings.presence.hours, ZoneInfo(settings.store.zone))
    footfall = Footfall(settings.presence.minimum_group, clock.now())
    noticing = Noticing(storage, Shop(book, hours, footfall), clock, changed=changed)
    radios = {radio.name: radio.zone for radio in settings.presence.radios}
    air = Air(radios, clock.monotonic, clock.now)
    watch = Watch(storage, noticing, air, footfall, clock)
    return Presence(book, noticing, air, watch, clock, clock.now())


def hearing(presence: Presence, settings: PresenceSettings) -> list[Coroutine[Any, Any, None]]:
    """What listens beside the doors: one per radio of this box, and the broker of the nodes."""
    return []
