"""Which transports there are: who begins where, and who holds rows no more."""

from __future__ import annotations

from collections.abc import Mapping

from sync.outbox.queue import PLATFORM
from sync.outbox.rows import Connection, Lane


def enrol(tx: Connection, transports: Mapping[str, bool]) -> None:
    """Make these the configured transports, and no others.

    The value says where a transport begins that was never here: True = at the oldest event that
    is still kept, False = with what is put from now on. One that was here goes on where it was.
    """
    tx.execute("UPDATE outbox_transports SET is_configured = 0")
    for name, from_start in transports.items():
        tx.execute(
            "INSERT INTO outbox_transports (name, is_configured) VALUES (?, 1)"
            " ON CONFLICT (name) DO UPDATE SET is_configured = 1",
            (name,),
        )
        for lane in Lane:
            _place(tx, name, lane, from_start=from_start)


def _place(tx: Connection, name: str, lane: Lane, *, from_start: bool) -> None:
    start = "0" if from_start else "(SELECT seq FROM sqlite_sequence WHERE name = 'outbox')"
    tx.execute(
        "INSERT INTO outbox_cursors (transport, lane, seq, passed)"  # noqa: S608  constants
        f" VALUES (?, ?, coalesce({start}, 0), 0) ON CONFLICT DO NOTHING",
        (name, int(lane)),
    )
    # Counted anew: while it was away, rows behind its position may have been deleted.
    tx.execute(
        "UPDATE outbox_cursors SET passed ="
        " (SELECT sum(put) FROM outbox_totals WHERE lane = ?2) - (SELECT count(*) FROM outbox"
        " WHERE lane = ?2 AND seq > outbox_cursors.seq) WHERE transport = ?1 AND lane = ?2",
        (name, int(lane)),
    )


def configured(conn: Connection) -> tuple[str, ...]:
    """The names of the configured transports."""
    found = conn.execute("SELECT name FROM outbox_transports WHERE is_configured ORDER BY name")
    return tuple(row[0] for row in found.fetchall())


def remember_window(tx: Connection, reconnect_window_s: float, transport: str = PLATFORM) -> None:
    """Keep the window that was announced, for a restart while the line is down."""
    tx.execute(
        "UPDATE outbox_transports SET reconnect_window_s = ? WHERE name = ?",
        (reconnect_window_s, transport),
    )


def recall_window(conn: Connection, transport: str = PLATFORM) -> float | None:
    """The window last announced, in seconds."""
    row = conn.execute(
        "SELECT reconnect_window_s FROM outbox_transports WHERE name = ?", (transport,)
    ).fetchone()
    return row[0] if row else None
