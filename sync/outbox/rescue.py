"""From a damaged ledger into a fresh one: what is not yet delivered everywhere, and who had what.

The fresh file is a new epoch and counts anew, so each position is the new number of the last event
that the transport had before. An event that was delivered but not yet acknowledged when the file
broke comes once more, under its own id.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from sync.outbox.enrolment import enrol
from sync.outbox.rows import Connection, Lane

# `outbox_totals` and `outbox_held_totals` are counted by triggers while rows come in.
TABLES = (
    "outbox",
    "outbox_clocks",
    "outbox_cursors",
    "outbox_drops",
    "outbox_gates",
    "outbox_held_totals",
    "outbox_quarantine",
    "outbox_totals",
    "outbox_transports",
)
_EVENT = ("id", "type", "subject", "occurred_at", "data", "lane", "event_class", "clock")
_REFUSED = ("transport", "seq", *_EVENT, "code", "reason", "quarantined_at")
_LANE = _EVENT.index("lane")


class Damaged(Protocol):
    """The readable rows of a damaged file."""

    def rows(self, table: str, columns: tuple[str, ...], /) -> Iterator[tuple[Any, ...]]:
        """In the order of the key; what cannot be read is left out."""


@dataclass(slots=True)
class _Positions:
    """Where the configured transports were, and where they are in the fresh file."""

    before: dict[tuple[str, int], int]
    now: dict[tuple[str, int], int] = field(default_factory=dict)

    def is_delivered(self, lane: int, seq: int) -> bool:
        of_lane = [at for (_, one), at in self.before.items() if one == lane]
        return bool(of_lane) and seq <= min(of_lane)

    def came(self, lane: int, seq: int, new_seq: int) -> None:
        """The event `seq` is now `new_seq`."""
        for (name, one), at in self.before.items():
            if one == lane and seq <= at:
                self.now[name, lane] = new_seq


def rescue(old: Damaged, tx: Connection) -> int:
    """Copy what is left into a fresh outbox, inside the caller's transaction; rows copied."""
    names = _transports(old, tx)
    cursors = {(n, lane): seq for n, lane, seq in old.rows(*_CURSORS) if n in names}
    # Without its row a transport is at the start: better twice than never.
    positions = _Positions({(n, lane): cursors.get((n, lane), 0) for n in names for lane in Lane})
    copied = _copy(old, tx, "outbox_clocks", _CLOCK) + _events(old, tx, positions)
    for (name, lane), seq in positions.now.items():
        tx.execute("INSERT INTO outbox_cursors VALUES (?, ?, ?, 0)", (name, lane, seq))
    enrol(tx, dict.fromkeys(names, True))
    return copied + _copy(old, tx, "outbox_quarantine", _REFUSED) + _copy(old, tx, *_DROPS)


_CURSORS = ("outbox_cursors", ("transport", "lane", "seq"))
_CLOCK = ("n", "boot_id", "began_ms", "skew_ms", "offset_ms", "told_ms")
_DROPS = ("outbox_drops", ("event_class", "reason", "transport", "first_seq", "last_seq", "count"))


def _transports(old: Damaged, tx: Connection) -> list[str]:
    columns = ("name", "is_configured", "reconnect_window_s")
    found = list(old.rows("outbox_transports", columns))
    for name, is_configured, window_s in found:
        tx.execute(
            "INSERT INTO outbox_transports (name, is_configured, reconnect_window_s)"
            " VALUES (?, ?, ?)",
            (name, is_configured, window_s),
        )
    return [name for name, is_configured, _ in found if is_configured]


def _events(old: Damaged, tx: Connection, positions: _Positions) -> int:
    count = 0
    insert = f"INSERT OR IGNORE INTO outbox ({', '.join(_EVENT)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  constants
    for seq, *event in old.rows("outbox", ("seq", *_EVENT)):
        lane = event[_LANE]
        if positions.is_delivered(lane, seq):
            continue
        tx.execute(insert, event)
        positions.came(lane, seq, int(tx.execute("SELECT max(seq) FROM outbox").fetchone()[0]))
        count += 1
    return count


def _copy(old: Damaged, tx: Connection, table: str, columns: tuple[str, ...]) -> int:
    marks = ", ".join("?" * len(columns))
    insert = f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608  constants
    count = 0
    for row in old.rows(table, columns):
        tx.execute(insert, row)
        count += 1
    return count
