"""Taking events out undelivered: bounded, counted, and told to the other ends.

Whoever drops notes it in the same transaction; `take_told` hands the notes out, for one event that
travels as all others do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sync.outbox.caps import DropReason
from sync.outbox.rows import Connection, EventClass
from sync.outbox.tables import ROW_OVERHEAD_BYTES


@dataclass(frozen=True, slots=True)
class Dropped:
    """Events that went, or were not taken in. `by_transport` counts those it had not got."""

    event_class: EventClass
    reason: DropReason
    first_seq: int
    last_seq: int
    count: int
    by_transport: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the oldest of a class. `bytes` is what its going frees, `n` its place in the table.

    `transport` is who refused it; None for one that waits.
    """

    n: int
    seq: int
    lane: int
    bytes: int
    occurred_at: str
    clock: int | None
    transport: str | None


class Place(StrEnum):
    """Where an event is dropped from; the table's name."""

    HELD = "outbox_quarantine"  # first: it was refused already
    WAITING = "outbox"


Chosen = Callable[[Sequence[Candidate]], int]
"""How many of the oldest candidates have to go."""


def oldest(conn: Connection, place: Place, event_class: EventClass, limit: int) -> list[Candidate]:
    """The oldest events of a low class."""
    return [
        Candidate(*row) for row in conn.execute(_OLDEST[place], (event_class, limit)).fetchall()
    ]


def drop(  # noqa: PLR0913, PLR0917  what goes, from where, and why
    tx: Connection,
    place: Place,
    event_class: EventClass,
    reason: DropReason,
    limit: int,
    chosen: Chosen,
) -> list[Candidate]:
    """Take out what `chosen` says of the oldest `limit` events of a low class, and count it.

    What every configured transport has already got is deleted without being counted.
    """
    found = oldest(tx, place, event_class, limit)
    gone = found[: chosen(found)]
    if not gone:
        return []
    if place is Place.WAITING:
        _note_missing(tx, event_class, reason, gone)
    else:
        _note_held(tx, event_class, reason, gone)
    tx.execute(_DELETE[place], (event_class, gone[-1].n))
    return gone


_LOW = "event_class = ? AND event_class <> 'right'"  # as the partial indexes want it
_OLDEST = {
    Place.WAITING: f"SELECT seq, seq, lane, length(data) + {ROW_OVERHEAD_BYTES}, occurred_at,"  # noqa: S608  constants
    f" clock, NULL FROM outbox WHERE {_LOW} ORDER BY seq LIMIT ?",
    Place.HELD: f"SELECT n, seq, lane, length(data) + {ROW_OVERHEAD_BYTES}, occurred_at,"  # noqa: S608  constants
    f" clock, transport FROM outbox_quarantine WHERE {_LOW} ORDER BY n LIMIT ?",
}
_DELETE = {
    Place.WAITING: f"DELETE FROM outbox WHERE {_LOW} AND seq <= ?",  # noqa: S608  constants
    Place.HELD: f"DELETE FROM outbox_quarantine WHERE {_LOW} AND n <= ?",  # noqa: S608  constants
}


def refuse(tx: Connection, event_class: EventClass, reason: DropReason) -> None:
    """An event was not taken in. It uses up a sequence number, so that its absence shows."""
    tx.execute("UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'outbox'")
    if not tx.execute("SELECT changes()").fetchone()[0]:
        tx.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('outbox', 1)")
    seq = tx.execute("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'").fetchone()[0]
    configured = tx.execute("SELECT name FROM outbox_transports WHERE is_configured").fetchall()
    for name in ("", *(row[0] for row in configured)):
        _note(tx, event_class, reason, name, (seq, seq, 1))


def gate(tx: Connection, event_class: EventClass) -> DropReason | None:
    """Why nothing of this class is taken in now; None = it is."""
    row = tx.execute(
        "SELECT reason FROM outbox_gates WHERE event_class = ?", (event_class.value,)
    ).fetchone()
    return DropReason(row[0]) if row else None


def gates(conn: Connection) -> dict[EventClass, DropReason]:
    """The classes that take nothing in now."""
    found = conn.execute("SELECT event_class, reason FROM outbox_gates").fetchall()
    return {EventClass(row[0]): DropReason(row[1]) for row in found}


def set_gates(tx: Connection, wanted: Mapping[EventClass, DropReason]) -> None:
    """Close these classes and open all others."""
    tx.execute("DELETE FROM outbox_gates")
    for event_class, reason in wanted.items():
        tx.execute("INSERT INTO outbox_gates VALUES (?, ?)", (event_class.value, reason.value))


def untold(conn: Connection) -> list[Dropped]:
    """What was dropped since it was last told."""
    found = conn.execute(
        "SELECT event_class, reason, transport, first_seq, last_seq, count FROM outbox_drops"
        " ORDER BY event_class, reason, transport"
    ).fetchall()
    shares: dict[tuple[str, str], dict[str, int]] = {}
    for event_class, reason, transport, _, _, count in found:
        if transport:
            shares.setdefault((event_class, reason), {})[transport] = count
    return [
        Dropped(
            EventClass(event_class),
            DropReason(reason),
            first,
            last,
            count,
            shares.get((event_class, reason), {}),
        )
        for event_class, reason, transport, first, last, count in found
        if not transport
    ]


def take_untold(tx: Connection) -> list[Dropped]:
    """The same, and they count as told from now on."""
    found = untold(tx)
    tx.execute("DELETE FROM outbox_drops")
    return found


def _note_held(
    tx: Connection, event_class: EventClass, reason: DropReason, gone: Sequence[Candidate]
) -> None:
    """Each refused event is missing at one transport."""
    for one in gone:
        for transport in ("", one.transport or ""):
            _note(tx, event_class, reason, transport, (one.seq, one.seq, 1))


def _note_missing(
    tx: Connection, event_class: EventClass, reason: DropReason, gone: Sequence[Candidate]
) -> None:
    """Count who misses what, and keep the counts of those who had it before them."""
    cursors = tx.execute(
        "SELECT c.transport, c.lane, c.seq, n.is_configured FROM outbox_cursors c"
        " JOIN outbox_transports n ON n.name = c.transport"
    ).fetchall()
    missing: dict[str, list[int]] = {}
    for transport, lane, reached, is_configured in cursors:
        ahead = [one.seq for one in gone if one.lane == lane and one.seq > reached]
        if not ahead:
            continue
        tx.execute(
            "UPDATE outbox_cursors SET passed = passed + ? WHERE transport = ? AND lane = ?",
            (len(ahead), transport, lane),
        )
        if is_configured:
            missing.setdefault(transport, []).extend(ahead)
    for transport, seqs in missing.items():
        _note(tx, event_class, reason, transport, (min(seqs), max(seqs), len(seqs)))
    everybody = any(row[3] for row in cursors)
    lost = set().union(*missing.values()) if everybody else {one.seq for one in gone}
    if lost:
        _note(tx, event_class, reason, "", (min(lost), max(lost), len(lost)))


def _note(
    tx: Connection,
    event_class: EventClass,
    reason: DropReason,
    transport: str,
    what: tuple[int, int, int],
) -> None:
    tx.execute(
        "INSERT INTO outbox_drops (event_class, reason, transport, first_seq, last_seq, count)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count,"
        " first_seq = min(first_seq, excluded.first_seq),"
        " last_seq = max(last_seq, excluded.last_seq)",
        (event_class.value, reason.value, transport, *what),
    )
    tx.execute(
        "UPDATE outbox_transports SET dropped = dropped + ? WHERE name = ?", (what[2], transport)
    )
