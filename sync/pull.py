"""Following the platform: one step takes a snapshot or one page of changes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import aclosing
from datetime import datetime

from sync.errors import CursorLostError
from sync.feed import ChangesPage, Feed
from sync.ports import Cache, Clock
from sync.status import Progress, StatusBoard

log = logging.getLogger(__name__)

NAME = "pull"
LONG_POLL_S = 25.0  # below the 30 s at which many middle boxes drop a silent connection
HASTY_S = 1.0  # an empty answer faster than this did not wait: do not spin
OFFSET_STEP_S = 1.0  # clock offsets are shown in steps, so that jitter is no change


class Puller:
    """The body of the pull loop."""

    def __init__(  # noqa: PLR0913, PLR0917  the feed's two ends and who is told
        self,
        feed: Feed,
        cache: Cache,
        board: StatusBoard,
        clock: Clock,
        exchanged: Callable[[float | None], None],
        heard: Callable[[datetime | None], None] | None = None,
    ) -> None:
        """`exchanged` hears of every success, with the announced reconnect window.

        `heard` takes what the other end's clock said, at the moment of its answer.
        """
        self._feed = feed
        self._cache = cache
        self._board = board
        self._now = clock.now
        self._monotonic = clock.monotonic
        self._exchanged = exchanged
        self._heard = heard
        self._cursor_lost = False
        self._reached = False

    async def step(self) -> bool:
        """Take a snapshot if there is no position, else the next changes. Raises TransportError."""
        cursor = None if self._cursor_lost else await self._cache.cursor()
        if cursor is None:
            await self._take_snapshot()
            return True
        return await self._take_changes(cursor)

    async def _take_snapshot(self) -> None:
        try:
            position = await self._cache.snapshot_position()
            async with aclosing(self._feed.snapshot(position)) as pieces:
                await self._cache.import_snapshot(pieces, self._show_progress)
        finally:
            self._board.change(bootstrap=None)
        self._cursor_lost = False
        self._exchanged(None)
        self._board.change(profiles_as_of=await self._cache.as_of())

    async def _take_changes(self, cursor: str) -> bool:
        began_s = self._monotonic()
        # Not waiting first shows at once that a line is back; a long poll would stay silent.
        wait_s = LONG_POLL_S if self._reached else 0.0
        self._reached = False
        try:
            page = await self._feed.changes(cursor, wait_s)
        except CursorLostError:
            self._cursor_lost = True
            self._exchanged(None)
            raise  # the loop's pause spreads the snapshots of a whole fleet
        self._reached = True
        if self._heard is not None:
            self._heard(page.server_time)
        self._exchanged(page.reconnect_window_s)
        await self._cache.apply(page.changes, page.cursor, page.server_time)
        self._show(page)
        waited = wait_s == 0 or self._monotonic() - began_s >= HASTY_S
        return waited or bool(page.changes) or not page.up_to_date

    def _show(self, page: ChangesPage) -> None:
        if page.malformed:
            log.warning("the feed held entries that are no change", extra={"n": page.malformed})
        if page.up_to_date:
            self._board.change(profiles_as_of=self._now())
        if page.server_time is not None:
            self._show_offset((page.server_time - self._now()).total_seconds())

    def _show_offset(self, offset_s: float) -> None:
        shown_s = self._board.status.clock_offset_s
        if shown_s is None or abs(offset_s - shown_s) > OFFSET_STEP_S:
            self._board.change(clock_offset_s=round(offset_s, 1))

    def _show_progress(self, done: int, total: int) -> None:
        self._board.change(bootstrap=Progress(done, total))
