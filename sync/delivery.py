"""One way out of the shop: a transport, its name, and what is not worth sending on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sync import true_time
from sync.outbox import Connection, OutboxRow, from_rfc3339
from sync.transports.base import Transport
from sync.true_time import Segment


class Ages(Protocol):
    """Knows how old an event is at least; `true_time.PlatformClock` is the one that is used."""

    def least_age_s(self, occurred_at: datetime, segment: Segment | None) -> float | None:
        """Seconds by true time; None when nobody can know."""


@dataclass(frozen=True, slots=True)
class Stale:
    """From which age on an event is passed over: seconds by prefix of its type, or by its class.

    The longest prefix decides, a type before a class. What is in no row is always sent.
    """

    after_s: Mapping[str, float] = field(default_factory=dict)

    def limit_s(self, row: OutboxRow) -> float | None:
        """The greatest age worth sending."""
        prefixes = [prefix for prefix in self.after_s if row.type.startswith(prefix)]
        if prefixes:
            return self.after_s[max(prefixes, key=len)]
        return self.after_s.get(row.event_class)

    def among(
        self, rows: Sequence[OutboxRow], conn: Connection, ages: Ages | None
    ) -> frozenset[int]:
        """The `seq` of those too old. Wall-clock time decides nothing: unknown age = young."""
        if not self.after_s or ages is None:
            return frozenset()
        known: dict[int, Segment] | None = None
        stale = set()
        for row in rows:
            limit_s = self.limit_s(row)
            if limit_s is None or row.clock is None:
                continue
            if known is None:
                known = true_time.segments(conn)
            age_s = ages.least_age_s(from_rfc3339(row.occurred_at), known.get(row.clock))
            if age_s is not None and age_s > limit_s:
                stale.add(row.seq)
        return frozenset(stale)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One configured transport.

    `from_start` says where it begins when it was never here before: at the oldest event that is
    still kept, or with what happens from now on.
    """

    name: str
    transport: Transport
    stale: Stale = Stale()
    from_start: bool = False
