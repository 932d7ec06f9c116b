"""What was served while nothing could be recorded: in memory until the disk takes it.

Nobody was told that it is durable. It shows in the state of the storage, and a crash loses it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from store_agent.domain.errors import Unavailable
from store_agent.storage.connection import Connection

log = logging.getLogger(__name__)

LIMIT = 2_000  # some hours of a busy shop, at a few kB each

Work = Callable[[Connection], Any]


class Waiting:
    """Transactions that wait for the disk, in their order. Belongs to the event loop."""

    def __init__(self, write: Callable[[Work], Awaitable[Any]]) -> None:
        """`write` runs one of them durably."""
        self._write = write
        self._works: deque[Work] = deque()
        self._is_at_work = False

    def __len__(self) -> int:
        """How many wait."""
        return len(self._works)

    def keep(self, work: Work) -> bool:
        """Record it later; False when too many wait already, and then it never will be."""
        if len(self._works) >= LIMIT:
            return False
        self._works.append(work)
        return True

    async def catch_up(self) -> int:
        """Record what can be recorded now; how many were."""
        if self._is_at_work:
            return 0
        self._is_at_work, done = True, 0
        try:
            while self._works and await self._record(self._works[0]):
                self._works.popleft()
                done += 1
        finally:
            self._is_at_work = False
        return done

    async def _record(self, work: Work) -> bool:
        try:
            await self._write(work)
        except Unavailable:
            return False
        except Exception:
            # What it was about has changed since, or it was recorded after all.
            log.exception("something that was kept in memory could not be recorded")
        return True
