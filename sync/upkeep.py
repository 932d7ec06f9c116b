"""Looking after the outbox: delete what is delivered, keep within the caps, give room back.

Works in small transactions, so that a scan never waits long behind it, and writes nothing when
there is nothing to do: an empty write would wear the card.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sync import outbox, true_time
from sync.delivery import Ages
from sync.outbox import (
    Candidate,
    Caps,
    Connection,
    Dropped,
    DropReason,
    EventClass,
    OutboxEvent,
    Place,
)
from sync.outbox.caps import LOW_CLASSES, Excess, closed, excesses
from sync.outbox.rows import from_rfc3339
from sync.ports import Ledger

BITE_ROWS = 1000  # rows deleted in one transaction
BITES = 20  # in one round, of each kind of work
VACUUM_PAGES = 256  # given back in one transaction: a MiB
KEPT_PAGES = 2048  # free pages that stay in the file, for the next rows
TELL_EVERY_S = 3600.0  # while dropping goes on; at once when it has stopped

Old = Callable[[Connection, Sequence[Candidate]], int]
"""How many of the first candidates are too old."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one round did."""

    purged: int = 0
    dropped: int = 0
    told: int = 0
    vacuumed_pages: int = 0


class OutboxUpkeep:
    """One round every few seconds. The ledger's other users go on meanwhile."""

    def __init__(  # noqa: PLR0913, PLR0917  what it keeps, and what it asks
        self,
        ledger: Ledger,
        caps: Caps,
        tombstone: Callable[[Dropped], OutboxEvent],
        monotonic: Callable[[], float],
        free_bytes: Callable[[], int | None] = lambda: None,
        ages: Ages | None = None,
    ) -> None:
        """`tombstone` makes the event that tells of a loss; `free_bytes` asks the disk."""
        self._ledger = ledger
        self._caps = caps
        self._tombstone = tombstone
        self._monotonic = monotonic
        self._free_bytes = free_bytes
        self._ages = ages
        self._told_s = float("-inf")
        self._untold: list[Dropped] = []
        self.closed: dict[EventClass, DropReason] = {}

    async def round(self) -> Report:
        """Do what there is to do, in bounded steps; what is left waits for the next round."""
        purged = await self._purge()
        dropped = await self._drop()
        await self._set_gates()
        told = await self._tell()
        return Report(purged, dropped, told, await self._vacuum())

    async def _purge(self) -> int:
        purged = 0
        for _ in range(BITES):
            if not await self._ledger.read(outbox.purgeable):
                break
            purged += await self._ledger.write(partial(outbox.purge, limit=BITE_ROWS))
        return purged

    async def _drop(self) -> int:
        dropped = 0
        for event_class in LOW_CLASSES:
            dropped += await self._drop_old(event_class)
        for excess in await self._excesses():
            # Asked again each time: what went for one reason is gone for the others too.
            for now in await self._excesses():
                if (now.event_class, now.reason) == (excess.event_class, excess.reason):
                    dropped += await self._drop_excess(now)
        return dropped

    async def _excesses(self) -> list[Excess]:
        return list(excesses(self._caps, await self._ledger.read(self._usage), self.closed))

    async def _drop_old(self, event_class: EventClass) -> int:
        """By true time only: a wall clock that was set must not make anything old."""
        limit_s = self._caps.of(event_class).max_age_s
        if limit_s is None or self._ages is None:
            return 0
        chosen = partial(_count_old, limit_s, self._ages)
        dropped = 0
        for place in Place:
            for _ in range(BITES):
                if not await self._ledger.read(partial(_is_old, place, event_class, chosen)):
                    break
                dropped += await self._ledger.write(partial(_take_old, place, event_class, chosen))
        return dropped

    async def _drop_excess(self, excess: Excess) -> int:
        left, dropped = excess, 0
        for place in Place:
            for _ in range(BITES):
                if left.count <= 0 and left.bytes <= 0:
                    return dropped
                gone = await self._ledger.write(partial(_take_excess, place, left))
                dropped += len(gone)
                left = left.without(len(gone), sum(one.bytes for one in gone))
                if len(gone) < BITE_ROWS:
                    break
        return dropped

    async def _set_gates(self) -> None:
        shut = await self._ledger.read(outbox.gates)
        wanted = closed(self._caps, await self._ledger.read(self._usage), shut)
        if wanted != shut:
            await self._ledger.write(partial(outbox.set_gates, wanted=wanted))
        self.closed = wanted

    async def _tell(self) -> int:
        """One event for each class and reason, once dropping has stopped, or after an hour."""
        found = await self._ledger.read(outbox.untold)
        goes_on, self._untold = found != self._untold, found
        at_s = self._monotonic()
        if not found or (goes_on and at_s - self._told_s < TELL_EVERY_S):
            return 0
        self._told_s, self._untold = at_s, []
        return await self._ledger.write(self._put_tombstones)

    def _put_tombstones(self, tx: Connection) -> int:
        dropped = outbox.take_untold(tx)
        for one in dropped:
            outbox.put(tx, self._tombstone(one))
        return len(dropped)

    async def _vacuum(self) -> int:
        before = await self._ledger.read(outbox.free_pages)
        free = before
        for _ in range(BITES):
            if free - KEPT_PAGES < VACUUM_PAGES:
                break
            await self._ledger.write(partial(outbox.vacuum, pages=VACUUM_PAGES))
            left = await self._ledger.read(outbox.free_pages)
            if left >= free:
                break  # the file was made without room for that
            free = left
        return before - free

    def _usage(self, conn: Connection) -> outbox.Usage:
        return outbox.usage(conn, self._free_bytes())


def _take_excess(place: Place, excess: Excess, tx: Connection) -> list[Candidate]:
    def chosen(candidates: Sequence[Candidate]) -> int:
        left = excess
        for count, one in enumerate(candidates):
            if left.count <= 0 and left.bytes <= 0:
                return count
            left = left.without(1, one.bytes)
        return len(candidates)

    return outbox.drop(tx, place, excess.event_class, excess.reason, BITE_ROWS, chosen)


def _is_old(place: Place, event_class: EventClass, chosen: Old, conn: Connection) -> bool:
    return chosen(conn, outbox.oldest(conn, place, event_class, 1)) > 0


def _take_old(place: Place, event_class: EventClass, chosen: Old, tx: Connection) -> int:
    old = partial(chosen, tx)
    return len(outbox.drop(tx, place, event_class, DropReason.AGE, BITE_ROWS, old))


def _count_old(
    limit_s: float, ages: Ages, conn: Connection, candidates: Sequence[Candidate]
) -> int:
    """How many of the first are certainly older than `limit_s`."""
    known = true_time.segments(conn)
    for count, one in enumerate(candidates):
        segment = known.get(one.clock) if one.clock is not None else None
        age_s = ages.least_age_s(from_rfc3339(one.occurred_at), segment)
        if age_s is None or age_s <= limit_s:
            return count
    return len(candidates)
