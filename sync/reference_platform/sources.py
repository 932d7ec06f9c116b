"""The lives of the shops' ledgers, as their events show them: epochs, copies, forks.

One ledger sends under one source. A box that was cloned or put back from a copy shows in one of two
ways: an older source goes on after a newer one has begun, or two different events claim the same
place in one sequence.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sync.reference_platform.store import PlatformStore


class SourceState(StrEnum):
    """What can be said of one source."""

    CURRENT = "current"
    REPLACED = "replaced"  # a newer one has begun, and this one is silent since
    ALIVE_BESIDE = "alive_beside"  # a newer one has begun, and this one goes on: a copy
    FORKED = "forked"  # two events at one place of the sequence: a copy


@dataclass(frozen=True, slots=True)
class Source:
    """One source of a store, oldest first in a list."""

    source: str
    state: SourceState
    events: int
    last_sequence: str | None
    forks: int


@dataclass(slots=True)
class SourceNews:
    """What one batch tells about its sources; written once, with the batch."""

    accepted: dict[str, list[int]]
    forks: dict[str, int]

    @classmethod
    def none(cls) -> SourceNews:
        """Of an empty batch."""
        return cls({}, {})

    def accept(self, source: str, number: int) -> None:
        """An event was accepted under this number."""
        self.accepted.setdefault(source, []).append(number)

    def fork(self, source: str) -> None:
        """An event claimed a place that another one has."""
        self.forks[source] = self.forks.get(source, 0) + 1

    def write(self, tx: sqlite3.Connection, store_id: str) -> None:
        """Keep it, in the transaction of the batch."""
        for source, numbers in self.accepted.items():
            tx.execute(
                "INSERT INTO sources (source, store_id, first, last, events) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (source) DO UPDATE SET"
                " last = excluded.last, events = events + excluded.events",
                (source, store_id, numbers[0], numbers[-1], len(numbers)),
            )
        for source, count in self.forks.items():
            tx.execute("UPDATE sources SET forks = forks + ? WHERE source = ?", (count, source))


def sources_of(store: PlatformStore, store_id: str) -> list[Source]:
    """All sources of a store, oldest first."""
    with store.transaction() as tx:
        rows = tx.execute(
            "SELECT source, first, last, events, forks,"
            " (SELECT max(sequence) FROM events WHERE events.source = sources.source)"
            " FROM sources WHERE store_id = ? ORDER BY first",
            (store_id,),
        ).fetchall()
    begun = [first for _, first, *_ in rows[1:]]
    return [
        Source(source, _state(last, forks, begun[n:]), events, sequence, forks)
        for n, (source, _, last, events, forks, sequence) in enumerate(rows)
    ]


def _state(last: int, forks: int, begun_later: Iterable[int]) -> SourceState:
    if forks:
        return SourceState.FORKED
    later = next(iter(begun_later), None)
    if later is None:
        return SourceState.CURRENT
    return SourceState.ALIVE_BESIDE if last > later else SourceState.REPLACED
