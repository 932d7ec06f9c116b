"""What is too much, and what goes first. Pure: figures in, decisions out.

What goes first is the oldest of the lowest class. Rights never go: when they alone are too much,
nothing of the lower classes is taken in any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sync.outbox.rows import EventClass

LOW_CLASSES = (EventClass.PRESENCE, EventClass.RECORD)  # in the order in which they go
# Dropping goes on until a tenth is free again, so that it happens rarely and in large pieces.
LOW_WATER = 0.9
# Records make room only when less than this part of the wanted room is left; presence below all of
# it. Records are always taken in: a scan that was answered is in the outbox, and a disk that has no
# room for it refuses the answer instead.
RECORD_ROOM = 1 / 16

MIB = 1024 * 1024


class DropReason(StrEnum):
    """Why something had to go or was not taken in."""

    AGE = "age"
    COUNT = "count"
    BYTES = "bytes"
    ROOM = "room"  # the disk is nearly full


@dataclass(frozen=True, slots=True)
class ClassCap:
    """The most that may wait of one class. None = as much as there is room for."""

    max_bytes: int | None = None
    max_count: int | None = None
    max_age_s: float | None = None


@dataclass(frozen=True, slots=True)
class Caps:
    """The most that may wait, by class and of all classes together; rights count, and stay.

    `min_room_bytes` is what shall stay free for the ledger on its disk.
    """

    presence: ClassCap = ClassCap(128 * MIB, None, 7 * 86400.0)
    record: ClassCap = ClassCap(1024 * MIB, None, 180 * 86400.0)
    max_bytes: int = 2048 * MIB
    min_room_bytes: int = 256 * MIB

    def of(self, event_class: EventClass) -> ClassCap:
        """The cap of a low class."""
        return self.presence if event_class is EventClass.PRESENCE else self.record

    def least_room(self, event_class: EventClass) -> float:
        """Below so many bytes of room a low class makes some."""
        return self.min_room_bytes * (RECORD_ROOM if event_class is EventClass.RECORD else 1.0)


@dataclass(frozen=True, slots=True)
class Usage:
    """What waits now, quarantine included: count and bytes by class, and the room left.

    `room_bytes` is what the ledger can still write, free pages of its file included; None = not
    known.
    """

    counts: Mapping[EventClass, int]
    bytes: Mapping[EventClass, int]
    room_bytes: int | None = None

    @property
    def total_bytes(self) -> int:
        """Of all classes."""
        return sum(self.bytes.values())


@dataclass(frozen=True, slots=True)
class Excess:
    """So much of a class has to go: at least so many events, and so many bytes."""

    event_class: EventClass
    reason: DropReason
    count: int
    bytes: int

    def without(self, count: int, length: int) -> Excess:
        """What is left when so much has gone."""
        return Excess(self.event_class, self.reason, self.count - count, self.bytes - length)


NOTHING_SHUT: Mapping[EventClass, DropReason] = {}


def excesses(
    caps: Caps, usage: Usage, shut: Mapping[EventClass, DropReason] = NOTHING_SHUT
) -> Iterator[Excess]:
    """What has to go now, in this order; each is found without counting on the others.

    `shut` are the classes that take nothing in at the moment: they are to open again.
    """
    for event_class in LOW_CLASSES:
        cap = caps.of(event_class)
        count = _above(usage.counts[event_class], cap.max_count)
        if count:
            yield Excess(event_class, DropReason.COUNT, count, 0)
        too_long = _above(usage.bytes[event_class], cap.max_bytes)
        if too_long:
            yield Excess(event_class, DropReason.BYTES, 0, too_long)
    yield from _spread(_above(usage.total_bytes, caps.max_bytes), DropReason.BYTES, usage)
    if usage.room_bytes is not None:
        yield from _for_room(
            caps, usage, usage.room_bytes, is_shut=DropReason.ROOM in shut.values()
        )


def closed(
    caps: Caps, usage: Usage, shut: Mapping[EventClass, DropReason] = NOTHING_SHUT
) -> dict[EventClass, DropReason]:
    """The classes that take nothing in until there is room again; `shut` are those until now."""
    found: dict[EventClass, DropReason] = {}
    for event_class in LOW_CLASSES:
        was_closed = event_class in shut
        most_bytes = caps.max_bytes * (LOW_WATER if was_closed else 1.0)
        wanted = caps.min_room_bytes / (LOW_WATER if was_closed else 1.0)
        if usage.total_bytes > most_bytes:
            found[event_class] = DropReason.BYTES
        elif event_class is EventClass.RECORD or usage.room_bytes is None:
            continue
        elif usage.room_bytes < wanted:
            found[event_class] = DropReason.ROOM
    return found


def _above(value: int, cap: int | None) -> int:
    """How far `value` is above the low water of `cap`, if it is above the cap."""
    return value - int(cap * LOW_WATER) if cap is not None and value > cap else 0


def _for_room(caps: Caps, usage: Usage, room_bytes: int, *, is_shut: bool) -> Iterator[Excess]:
    """What makes room for rights: presence early, records when hardly any is left."""
    for event_class in LOW_CLASSES:
        least = caps.least_room(event_class)
        wanted = int(least / LOW_WATER)
        if room_bytes >= (wanted if is_shut and event_class is EventClass.PRESENCE else least):
            continue
        taken = min(wanted - room_bytes, usage.bytes[event_class])
        if taken > 0:
            yield Excess(event_class, DropReason.ROOM, 0, taken)
            room_bytes += taken


def _spread(missing: int, reason: DropReason, usage: Usage) -> Iterator[Excess]:
    """Take from the lowest class first."""
    for event_class in LOW_CLASSES:
        taken = min(missing, usage.bytes[event_class])
        if taken > 0:
            yield Excess(event_class, reason, 0, taken)
            missing -= taken
