"""Every way out of the shop and in: which transports and which feed, from the settings."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from random import Random

from store_agent.app.feed import SyncCache, SyncLedger
from store_agent.clock import Clock
from store_agent.config import PlatformSettings, Settings
from store_agent.domain.errors import InvalidInput
from store_agent.storage import Storage
from sync import outbox
from sync.errors import TransportError
from sync.feed import Feed, HttpFeed
from sync.lookup import HttpLookups, Lookups
from sync.transports import platform_http, table
from sync.transports.http import HttpLine
from sync.transports.selected import SelectedTransport
from sync.transports.settings import Begin, TransportSettings
from sync.transports.table import Surroundings
from sync.true_time import PlatformClock
from sync.worker import Delivery, Ends, Stale, SyncWorker


def build_sync(
    settings: Settings,
    storage: Storage,
    clock: Clock,
    cache: SyncCache,
    platform_clock: PlatformClock,
) -> SyncWorker | None:
    """The worker over all configured lines; None where the shop stands alone.

    Raises InvalidInput for a transport that cannot work as it is configured.
    """
    ledger = SyncLedger(storage)
    around = surroundings(settings, storage.epoch, ledger, clock, platform_clock)
    ends = Ends(_deliveries(settings, around), _feed(settings, around), ledger, cache)
    if not ends.deliveries and ends.feed is None:
        return None
    jitter = Random(secrets.randbits(64))  # noqa: S311  not a secret
    window_s = settings.platform.reconnect_window_s if settings.platform else None
    return SyncWorker(ends, clock, jitter, window_s, platform_clock=platform_clock)


def build_lookups(
    settings: Settings, storage: Storage, clock: Clock, platform_clock: PlatformClock
) -> Lookups | None:
    """Who is asked about a customer this shop does not know; None where nobody is."""
    if settings.feed is not None:
        ledger = SyncLedger(storage)
        around = surroundings(settings, storage.epoch, ledger, clock, platform_clock)
        with _explained("feed"):
            return table.build_lookups(settings.feed.kind, settings.feed.own, around)
    if settings.platform is None:
        return None
    return HttpLookups(_line(settings.platform, clock.now), settings.store.id)


def surroundings(
    settings: Settings, epoch: str, ledger: SyncLedger, clock: Clock, platform_clock: PlatformClock
) -> Surroundings:
    """What a transport may know of this shop."""
    return Surroundings(
        name=outbox.PLATFORM,
        store_id=settings.store.id,
        epoch=epoch,
        ledger=ledger,
        now=clock.now,
        monotonic=clock.monotonic,
        directory=settings.data / "transports" / outbox.PLATFORM,
        currency=settings.store.currency,
        zone=settings.store.zone,
        platform_now=platform_clock.now,
    )


def _deliveries(settings: Settings, around: Surroundings) -> tuple[Delivery, ...]:
    further = tuple(_delivery(one, around) for one in settings.transports)
    if settings.platform is None:
        return further
    own = platform_http.Settings(url=settings.platform.url, token=settings.platform.token)
    with _explained("platform"):
        transport = platform_http.build(own, around)
    # What the shop did while it stood alone is the platform's too.
    return (Delivery(outbox.PLATFORM, transport, from_start=True), *further)


def _delivery(one: TransportSettings, around: Surroundings) -> Delivery:
    directory = around.directory.parent / one.name
    with _explained(f"transport {one.name!r}"):
        transport = table.build_transport(
            one.kind, one.own, replace(around, name=one.name, directory=directory)
        )
    if one.types:
        transport = SelectedTransport(transport, one.types)
    stale = Stale({**table.stale_after_s(one.kind), **one.stale_after_s})
    return Delivery(one.name, transport, stale, from_start=one.begin is Begin.START)


def _feed(settings: Settings, around: Surroundings) -> Feed | None:
    if settings.feed is not None:
        with _explained("feed"):
            return table.build_feed(settings.feed.kind, settings.feed.own, around)
    if settings.platform is None:
        return None
    return HttpFeed(_line(settings.platform, around.now), settings.store.id)


def _line(platform: PlatformSettings, now: Callable[[], datetime]) -> HttpLine:
    """A line each: a long poll must not hold the connection that events need."""
    with _explained("platform"):
        return HttpLine(platform.url, platform.token, now)


@contextmanager
def _explained(what: str) -> Iterator[None]:
    """A line that can never work ends the start, with its remedy, and not the first exchange."""
    try:
        yield
    except TransportError as error:
        raise InvalidInput(f"{what}: {error}", hint=error.hint) from error
