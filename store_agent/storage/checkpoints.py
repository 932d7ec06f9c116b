"""Keeps the write-ahead log short without letting a caller wait for it."""

from __future__ import annotations

from store_agent.storage.connection import BUSY_TIMEOUT_MS, Connection
from store_agent.storage.space import Reserve

# Asking SQLite for the log's length costs some microseconds, so only every so many commits.
GROUPS_BETWEEN_LOOKS = 64
# Beyond this the log is written back even under load (4 KiB pages: 16 MiB).
BUSY_LIMIT_PAGES = 4096
SHORT_OF_ROOM_PAGES = 128
# A pause this long means that nobody waits; a shorter log is not worth the two fsyncs.
SHORT_PAUSE_S = 0.25
SHORT_PAUSE_PAGES = 512
# After this the shop is quiet: empty the log and give pages back to the disk.
LONG_PAUSE_S = 30.0
TRUNCATE_WAIT_MS = 50
# Free pages given back in one step, and the fewest worth it.
VACUUM_STEP_PAGES = 2048
VACUUM_FROM_PAGES = 256


class Checkpoints:
    """Decides when the log of one connection is written back to the file."""

    def __init__(self, reserve: Reserve) -> None:
        """Start with a log that may hold anything."""
        self._reserve = reserve
        self._groups = 0
        self._pauses = iter((SHORT_PAUSE_S, LONG_PAUSE_S))

    def after_group(self, connection: Connection) -> None:
        """Call after each commit, once its callers have their answer."""
        self._pauses = iter((SHORT_PAUSE_S, LONG_PAUSE_S))
        self._groups += 1
        is_due = self._groups % GROUPS_BETWEEN_LOOKS == 0
        limit = BUSY_LIMIT_PAGES
        if self._reserve.is_short:  # a long log would eat what is left
            is_due, limit = True, SHORT_OF_ROOM_PAGES
        if is_due and _pages(connection) > limit:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def next_pause(self) -> float | None:
        """How long to wait for work before calling `on_pause`; None: nothing is left to do."""
        return next(self._pauses, None)

    def on_pause(self, connection: Connection, pause_s: float) -> None:
        """Call when no work came for `pause_s`."""
        if pause_s < LONG_PAUSE_S:
            if _pages(connection) >= SHORT_PAUSE_PAGES:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            return
        if self._reserve.is_short:  # blocks given back now might be gone when they are needed
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            return
        give_space_back(connection)
        # Emptying waits for readers; a write that comes meanwhile must not wait for them as well.
        connection.execute(f"PRAGMA busy_timeout = {TRUNCATE_WAIT_MS}")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")


def give_space_back(connection: Connection) -> None:
    """Return one bounded step of free pages to the file system."""
    free = int(connection.execute("PRAGMA freelist_count").fetchall()[0][0])
    if free >= VACUUM_FROM_PAGES:
        connection.execute(f"PRAGMA incremental_vacuum({VACUUM_STEP_PAGES})").fetchall()


def _pages(connection: Connection) -> int:
    """The log's length in pages that are not yet written back."""
    _busy, in_log, done = connection.execute("PRAGMA wal_checkpoint(NOOP)").fetchall()[0]
    return int(in_log) - int(done)
