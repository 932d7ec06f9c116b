"""What waits for the receivers is kept within its bounds: settings in, a running upkeep out."""

from __future__ import annotations

from dataclasses import replace

from store_agent.app.feed import SyncLedger
from store_agent.clock import Clock
from store_agent.config import ClassCapSettings, OutboxSettings
from store_agent.domain.ids import new_id
from store_agent.outgoing import tombstone
from store_agent.storage import Storage
from sync.outbox import Caps, ClassCap, Dropped, OutboxEvent
from sync.true_time import PlatformClock
from sync.upkeep import OutboxUpkeep

MIB = 1024 * 1024
DAY_S = 86400.0


def build_upkeep(
    settings: OutboxSettings, storage: Storage, clock: Clock, platform_clock: PlatformClock
) -> OutboxUpkeep:
    """One for each ledger, whether there is a receiver or not."""

    def told(dropped: Dropped) -> OutboxEvent:
        return tombstone(new_id(), clock.now(), dropped)

    return OutboxUpkeep(
        SyncLedger(storage),
        _on_this_disk(caps(settings), storage.disk_bytes),
        told,
        clock.monotonic,
        lambda: storage.room_bytes,
        platform_clock,
    )


def caps(settings: OutboxSettings) -> Caps:
    """The bounds as `sync` takes them."""
    return Caps(
        presence=_class_cap(settings.presence),
        record=_class_cap(settings.records),
        max_bytes=settings.max_mb * MIB,
        min_room_bytes=settings.min_free_mb * MIB,
    )


def _on_this_disk(found: Caps, disk_bytes: int) -> Caps:
    """A small disk cannot keep as much free."""
    return replace(found, min_room_bytes=min(found.min_room_bytes, disk_bytes // 8))


def _class_cap(settings: ClassCapSettings) -> ClassCap:
    return ClassCap(
        max_bytes=None if settings.max_mb is None else settings.max_mb * MIB,
        max_count=settings.max_events,
        max_age_s=None if settings.max_days is None else settings.max_days * DAY_S,
    )
