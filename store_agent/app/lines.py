"""Every way out of the shop and in: which transports and which feed, from the settings."""

from __future__ import annotations

import secrets
from random import Random

from store_agent.app.feed import SyncCache, SyncLedger
from store_agent.clock import Clock
from store_agent.config import Settings
from store_agent.storage import Storage
from sync import outbox
from sync.feed import HttpFeed
from sync.transports import platform_http
from sync.transports.http import HttpLine
from sync.transports.table import Surroundings
from sync.worker import Delivery, Ends, SyncWorker


def build_sync(
    settings: Settings, storage: Storage, clock: Clock, cache: SyncCache
) -> SyncWorker | None:
    """The worker over all configured lines; None where the shop stands alone."""
    if settings.platform is None:
        return None
    ledger = SyncLedger(storage)
    around = surroundings(settings, storage.epoch, ledger, clock)
    url, token = settings.platform.url, settings.platform.token
    # A line each: a long poll must not hold the connection that events need.
    ends = Ends(
        deliveries=(
            Delivery(
                outbox.PLATFORM,
                platform_http.build(platform_http.Settings(url=url, token=token), around),
                from_start=True,  # what the shop did while it stood alone is the platform's too
            ),
        ),
        feed=HttpFeed(HttpLine(url, token, clock.now), settings.store.id),
        ledger=ledger,
        cache=cache,
    )
    jitter = Random(secrets.randbits(64))  # noqa: S311  not a secret
    return SyncWorker(ends, clock, jitter, settings.platform.reconnect_window_s)


def surroundings(settings: Settings, epoch: str, ledger: SyncLedger, clock: Clock) -> Surroundings:
    """What a transport may know of this shop."""
    return Surroundings(
        store_id=settings.store.id,
        epoch=epoch,
        ledger=ledger,
        now=clock.now,
        monotonic=clock.monotonic,
        directory=settings.data / "transports",
        currency=settings.store.currency,
        zone=settings.store.zone,
    )
