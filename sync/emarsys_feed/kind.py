"""The row of `sync.transports.table`: settings and construction, of the feed and the look-ups."""

from __future__ import annotations

from sync.emarsys_feed.audience import Audience
from sync.emarsys_feed.feed import EmarsysFeed
from sync.emarsys_feed.lookups import EmarsysLookups
from sync.emarsys_feed.loyalty import LoyaltyApi
from sync.emarsys_feed.settings import Settings
from sync.transports.emarsys.kind import STATUS_MEANING, Wire, build_api, no_wire
from sync.transports.emarsys.times import Pace, ServerTime
from sync.transports.http import HttpLine
from sync.transports.table import Surroundings

__all__ = ["Settings", "build", "build_lookups"]


def build(settings: Settings, around: Surroundings, wire: Wire = no_wire) -> EmarsysFeed:
    """The feed of one account. Raises TransportError when an address is none."""
    return EmarsysFeed(
        _audience(settings, around, wire),
        _loyalty(settings, around, wire),
        around.ledger,
        settings,
        around.monotonic,
        (around.store_id, around.currency),
    )


def build_lookups(settings: Settings, around: Surroundings, wire: Wire = no_wire) -> EmarsysLookups:
    """Look-ups over lines of their own: the feed's pulling must not hold up a scan."""
    return EmarsysLookups(
        _audience(settings, around, wire),
        _loyalty(settings, around, wire),
        around.ledger,
        settings,
        (around.store_id, around.currency),
    )


def _audience(settings: Settings, around: Surroundings, wire: Wire) -> Audience:
    server_time = ServerTime(around.now, around.monotonic)
    api = build_api(settings, around, wire, server_time=server_time)
    return Audience(api, settings, server_time)


def _loyalty(settings: Settings, around: Surroundings, wire: Wire) -> LoyaltyApi | None:
    loyalty = settings.loyalty
    if loyalty is None:
        return None
    line = HttpLine(loyalty.url, None, around.now, wire(), meaning=STATUS_MEANING)
    pace = Pace(loyalty.requests_per_minute, around.monotonic)
    return LoyaltyApi(line, loyalty, pace, ServerTime(around.now, around.monotonic))
