"""Reading many rows at once, for a backlog of millions.

SQLite hands over one row of long texts, a text for each column, instead of hundreds of rows: one
step in C, during which the event loop runs on. Row by row the two threads would take the
interpreter from each other at every single one, and draining would take twice as long.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat
from typing import Any

from sync.outbox.rows import Connection, Lane, OutboxRow

_SEPARATOR = "\x1e"  # in no JSON document, and in no attribute: see `rows.check`
_EACH = ", ".join(
    f"group_concat({column}, char({ord(_SEPARATOR)}))"
    for column in (
        "seq",
        "id",
        "type",
        "ifnull(subject, '')",
        "occurred_at",
        "CAST(data AS TEXT)",
        "event_class",
    )
)
_ROWS = "FROM (SELECT * FROM outbox WHERE lane = ? AND seq > ? ORDER BY seq LIMIT ?)"
_PAGE = f"SELECT {_EACH}, min(clock), max(clock), count(clock) {_ROWS}"
_CLOCKS = f"SELECT clock {_ROWS}"


def read_page(conn: Connection, lane: Lane, after_seq: int, limit: int) -> list[OutboxRow]:
    """At most `limit` rows of `lane` behind `after_seq`, in order."""
    place = (int(lane), after_seq, limit)
    *texts, first_clock, last_clock, clocked = conn.execute(_PAGE, place).fetchone()
    if texts[0] is None:
        return []
    seqs, ids, types, subjects, times, data, classes = (text.split(_SEPARATOR) for text in texts)
    if first_clock == last_clock and clocked in {0, len(ids)}:  # nearly always
        clocks: Iterable[int | None] = repeat(first_clock)
        offsets: Iterable[float | None] = repeat(_offset_s(conn, first_clock))
    else:
        clocks = [row[0] for row in conn.execute(_CLOCKS, place).fetchall()]
        known = {clock: _offset_s(conn, clock) for clock in set(clocks)}
        offsets = [known[clock] for clock in clocks]
    columns = zip(
        map(int, seqs),
        ids,
        types,
        (subject or None for subject in subjects),
        times,
        map(str.encode, data),
        repeat(int(lane)),
        classes,
        offsets,
        clocks,
        strict=False,  # `repeat` never ends
    )
    rows = list(map(_row, repeat(OutboxRow), columns))
    if {len(rows)} != {len(column) for column in (seqs, ids, types, subjects, data)}:
        raise ValueError("a row of the outbox holds a separator")
    return rows


_row: Any = tuple.__new__  # what OutboxRow._make does, without its checks


def _offset_s(conn: Connection, clock: int | None) -> float | None:
    """Platform minus box in that segment of the clock, in seconds."""
    if clock is None:
        return None
    row = conn.execute(
        "SELECT offset_ms / 1000.0 FROM outbox_clocks WHERE n = ?", (clock,)
    ).fetchone()
    return row[0] if row else None
