"""Every kind of transport and feed, one row each: a new one is one file and one row.

The module of a kind holds `Settings`, its part of the configuration (a frozen pydantic model that
forbids what it does not know), and `build(settings, around)`. It may hold `STALE_AFTER_S` (seconds
by prefix of an event type, after which an event is not worth sending there) and `probe(settings,
now)`, a harmless question to the receiver for `store-agent doctor`. The module of a feed may hold
`build_lookups(settings, around)`: who is asked about one customer. A module is imported when a shop
uses its kind; a heavy library inside it when it is built.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from pydantic import BaseModel

if TYPE_CHECKING:  # the ports know the feed, and that an HTTP client; a settings file needs neither
    from sync.feed import Feed
    from sync.lookup import Lookups
    from sync.ports import Ledger
    from sync.transports.base import Transport
    from sync.transports.probe import Probe

TRANSPORTS: Mapping[str, str] = {
    "platform": "sync.transports.platform_http",
    "emarsys": "sync.transports.emarsys.kind",
    "nats": "sync.transports.nats",
    "segment": "sync.transports.segment",
    "webhook": "sync.transports.webhook",
    "csv": "sync.transports.csv_file",
}
FEEDS: Mapping[str, str] = {  # beside the platform's own, which is there when a platform is
    "emarsys": "sync.emarsys_feed.kind",
    "nats": "sync.jetstream.feed",
}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a transport or feed may need of the shop.

    `name` is the transport's own (a shop may have two of a kind), `epoch` the life of the ledger
    file, `directory` a folder of this transport that survives a restart, `zone` an IANA name,
    `currency` ISO 4217. `now` is what the box's clock says, `platform_now` what the platform's
    would, if it was ever compared with the box's; `monotonic` decides.
    """

    store_id: str
    epoch: str
    ledger: Ledger
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    directory: Path
    currency: str
    zone: str
    name: str = "platform"
    platform_now: Callable[[], datetime | None] = lambda: None

    def true_now(self) -> datetime:
        """The time as well as this shop can tell, for protocols that ask for it."""
        return self.platform_now() or self.now()


class _Kind(Protocol):
    Settings: type[BaseModel]


class _TransportKind(_Kind, Protocol):
    def build(self, settings: BaseModel, around: Surroundings) -> Transport: ...


class _ProbedKind(_Kind, Protocol):
    async def probe(self, settings: BaseModel, now: Callable[[], datetime]) -> Probe: ...


class _FeedKind(_Kind, Protocol):
    def build(self, settings: BaseModel, around: Surroundings) -> Feed: ...


class _AskedKind(_Kind, Protocol):
    def build_lookups(self, settings: BaseModel, around: Surroundings) -> Lookups: ...


def transport_settings(kind: str) -> type[BaseModel]:
    """What the configuration of this kind looks like. Raises KeyError for an unknown one."""
    return cast(_Kind, import_module(TRANSPORTS[kind])).Settings


def feed_settings(kind: str) -> type[BaseModel]:
    """The same for a feed."""
    return cast(_Kind, import_module(FEEDS[kind])).Settings


def build_transport(kind: str, settings: BaseModel, around: Surroundings) -> Transport:
    """A transport of this kind. Raises TransportError when these settings cannot work."""
    return cast(_TransportKind, import_module(TRANSPORTS[kind])).build(settings, around)


def build_feed(kind: str, settings: BaseModel, around: Surroundings) -> Feed:
    """A feed of this kind. Raises TransportError when these settings cannot work."""
    return cast(_FeedKind, import_module(FEEDS[kind])).build(settings, around)


def build_lookups(kind: str, settings: BaseModel, around: Surroundings) -> Lookups | None:
    """Whom this kind of feed can ask about one customer; None when it cannot."""
    module = import_module(FEEDS[kind])
    if not hasattr(module, "build_lookups"):
        return None
    return cast(_AskedKind, module).build_lookups(settings, around)


def stale_after_s(kind: str) -> Mapping[str, float]:
    """From which age on this kind does not want an event: seconds by prefix of the type."""
    found: Mapping[str, float] = getattr(import_module(TRANSPORTS[kind]), "STALE_AFTER_S", {})
    return found


async def probe(kind: str, settings: BaseModel, now: Callable[[], datetime]) -> Probe:
    """What a harmless question to the receiver shows. Raises TransportError as `build` does."""
    from sync.transports.probe import Probe, Reach  # noqa: PLC0415  brings an HTTP client

    module = import_module(TRANSPORTS[kind])
    if not hasattr(module, "probe"):
        return Probe(Reach.THERE, "the settings are sound; not asked")
    return await cast(_ProbedKind, module).probe(settings, now)
