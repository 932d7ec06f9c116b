"""What the platform does once an hour: cut the log by age, let visitors go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from sync.reference_platform import scope
from sync.reference_platform.exchange import rfc3339
from sync.reference_platform.store import PlatformStore

EVERY_S = 3600.0
KEEP_CHANGES = timedelta(days=45)  # longer than a shop may be offline, tombstones included


async def keep(store: PlatformStore, now: Callable[[], datetime]) -> None:
    """Until cancelled."""
    while True:
        await asyncio.to_thread(tidy, store, now())
        await asyncio.sleep(EVERY_S)


def tidy(store: PlatformStore, at: datetime) -> None:
    """Once."""
    store.cut_log(rfc3339(at - KEEP_CHANGES))
    store.mark(rfc3339(at))
    scope.leave(store, rfc3339(at - timedelta(days=scope.STAY_DAYS)), rfc3339(at))
