"""The row of `sync.transports.table`: settings and construction."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

import httpx

from sync.transports.emarsys.api import DEADLINE_S, Api
from sync.transports.emarsys.sales_desk import SalesDesk
from sync.transports.emarsys.settings import Access, Settings
from sync.transports.emarsys.signing import (
    CLIENT_CREDENTIALS,
    WSSE_LAST_DAY,
    OAuth,
    Signer,
    Wsse,
    basic,
)
from sync.transports.emarsys.times import Pace, ServerTime
from sync.transports.emarsys.transport import EmarsysTransport
from sync.transports.http import HttpLine
from sync.transports.probe import Probe, ask
from sync.transports.table import Surroundings

log = logging.getLogger(__name__)

__all__ = ["STALE_AFTER_S", "Settings", "build", "build_api", "probe"]

# "Is in the shop now" may still send a message when it arrives: late is worse than never.
STALE_AFTER_S: Mapping[str, float] = {
    "store.zone.": 900.0,
    "store.approach.": 300.0,
    "store.visit.started": 900.0,
}

# What stands between us and a host; tests put the fake there.
Wire = Callable[[], httpx.AsyncBaseTransport | None]


def no_wire() -> httpx.AsyncBaseTransport | None:
    """Nothing in between."""
    return None


CREDENTIALS_MEANING: Mapping[int, tuple[bool, str]] = {
    401: (True, "Check client id, secret and token URL."),
    403: (True, "Check that the API user is enabled."),
}
STATUS_MEANING: Mapping[int, tuple[bool, str]] = {
    502: (False, "Emarsys ignores requests for a while, or is under maintenance."),
    503: (False, "Emarsys is busy or under maintenance."),
}


def build(
    settings: Settings,
    around: Surroundings,
    wire: Wire = no_wire,
    deadline_s: float = DEADLINE_S,
) -> EmarsysTransport:
    """A transport for one account. Raises TransportError when an address is none."""
    api = build_api(settings, around, wire, deadline_s)
    sales = None
    if settings.sales is not None:
        line = HttpLine(settings.sales.url, None, around.now, wire(), meaning=STATUS_MEANING)
        sales = SalesDesk(line, settings.sales, around.ledger, around.epoch, deadline_s)
    return EmarsysTransport(api, settings, around.store_id, sales)


def build_api(
    access: Access,
    around: Surroundings,
    wire: Wire = no_wire,
    deadline_s: float = DEADLINE_S,
    server_time: ServerTime | None = None,
) -> Api:
    """The API as these credentials reach it; the feed uses it too."""
    line = HttpLine(access.api_url, None, around.now, wire(), meaning=STATUS_MEANING)
    server_time = server_time or ServerTime(around.now, around.monotonic)
    signer: Signer
    if access.wsse:
        log.warning("WSSE ends on %s: make OAuth2 credentials in Emarsys", WSSE_LAST_DAY)
        signer = Wsse(access.credentials, server_time)
    else:
        signer = OAuth(line, access.token_url, access.credentials, around.monotonic, server_time)
    pace = Pace(access.requests_per_minute, around.monotonic)
    return Api(line, signer, pace, server_time, deadline_s)


async def probe(settings: Settings, now: Callable[[], datetime]) -> Probe:
    """Log in, and no more. Without OAuth2: see whether the API is alive."""
    line = HttpLine(settings.api_url, None, now, meaning=CREDENTIALS_MEANING)
    if settings.wsse:
        return await ask(line, now, "GET", "/healthcheck")
    headers = {"authorization": basic(settings.credentials)}
    return await ask(line, now, "POST", settings.token_url, headers, data=CLIENT_CREDENTIALS)
