"""What this part needs from the agent; the agent implements it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from sync.feed import Change
from sync.outbox import Connection
from sync.snapshots import SnapshotPiece, SnapshotPosition

T = TypeVar("T")


class Clock(Protocol):
    """Time, as far as sync needs it."""

    def now(self) -> datetime:
        """Wall-clock time, UTC, aware: for display and records only."""

    def monotonic(self) -> float:
        """Seconds that only ever grow: for everything that is decided."""


class Ledger(Protocol):
    """The database that holds the outbox."""

    async def write(self, fn: Callable[[Connection], T], /) -> T:
        """Run `fn` in one transaction; return after it is durable. Raises when it cannot be."""

    async def read(self, fn: Callable[[Connection], T], /) -> T:
        """Run `fn` on a read-only connection."""


class Cache(Protocol):
    """The copy of the platform's documents, and its position in the feed."""

    async def cursor(self) -> str | None:
        """The position, or None while there is no complete copy."""

    async def as_of(self) -> datetime | None:
        """When the copy was last known to be up to date."""

    async def apply(
        self, changes: Sequence[Change], cursor: str, server_time: datetime | None = None, /
    ) -> None:
        """Apply changes (possibly none) and note the new position, in one transaction.

        `server_time` is what the platform's clock said when it answered.
        """

    async def snapshot_position(self) -> SnapshotPosition | None:
        """How much of an interrupted snapshot is here, if it can be taken up again."""

    async def import_snapshot(
        self, pieces: AsyncIterator[SnapshotPiece], progress: Callable[[int, int], None], /
    ) -> str:
        """Replace the copy by a zstd-NDJSON snapshot; its cursor.

        `progress` takes documents done and in total. An error of `pieces` is raised on; the old
        copy stays then, and what came is kept for the next attempt.
        """
