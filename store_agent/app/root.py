"""Builds and runs one agent."""

from __future__ import annotations

import asyncio
import gc
import secrets
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from starlette.types import ASGIApp

from kiosk_ui.live import Hub
from kiosk_ui.router import build_router
from kiosk_ui.settings import KioskSettings
from store_agent import jobs
from store_agent.api import (
    customers,
    fences,
    health,
    locations,
    owntracks,
    pos,
    problems,
    scans,
    sightings,
)
from store_agent.api.callers import Tokens
from store_agent.api.doors import DOORS, DoorTable
from store_agent.api.guard import Guard
from store_agent.api.metrics import Metrics
from store_agent.app.announcer import Announcer
from store_agent.app.areas import build_areas
from store_agent.app.components import Components
from store_agent.app.doorway import Addresses, Doorway
from store_agent.app.feed import SyncCache
from store_agent.app.lines import build_lookups, build_sync
from store_agent.app.presence import Presence, build_presence, hearing
from store_agent.app.readers import Scanner, build_readers, listen
from store_agent.app.serving import serve
from store_agent.app.turned import build_turned
from store_agent.app.waiting import build_upkeep
from store_agent.checkout.bundle import BundleSigner
from store_agent.checkout.cases import Counter
from store_agent.checkout.identify import Identify
from store_agent.checkout.refs import CustomerRefs
from store_agent.checkout.upkeep import Upkeep
from store_agent.checkout.verbs import Checkout
from store_agent.clienteling import Clienteling
from store_agent.clock import Clock, boot_id
from store_agent.config import PresenceSettings, Settings, StorageOptions
from store_agent.domain.errors import InvalidInput
from store_agent.storage import Lodger, Storage, StorageSettings, keys, ledger, open_storage
from store_agent.storage.space import MIB, SpaceSettings
from store_agent.tablet.access import TabletAccess
from store_agent.tablet.cookies import CookieReader
from store_agent.tablet.shop import Places, TabletShop
from store_agent.till_board import TillBoard
from sync import outbox, schema
from sync.lookup import Lookups
from sync.lookup_desk import LookupDesk
from sync.status import LineState, TransportStatus
from sync.true_time import ClockWatch, PlatformClock
from sync.upkeep import OutboxUpkeep
from sync.worker import SyncWorker

PAIRING_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that looks like something else
PAIRING_CODE_CHARS = 8
# Python's 700 is less than one scan allocates; with it, a quarter of a scan's time went into
# looking for cycles. A few thousand small objects more are about a MiB.
ALLOCATIONS_PER_COLLECTION = 20_000
CA_MEDIA_TYPE = "application/x-x509-ca-cert"
LINE_GAUGES: tuple[tuple[str, str, Callable[[TransportStatus], float]], ...] = (
    ("transport_events", "Events waiting, by transport", lambda line: line.backlog),
    ("transport_refused", "Events refused, by transport", lambda line: line.quarantined),
    ("transport_up", "1 while it answers", lambda line: line.line is LineState.ONLINE),
)
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Agent:
    """Everything that runs: made by `build`, run by `run`."""

    settings: Settings
    addresses: Addresses
    clock: Clock
    storage: Storage
    clienteling: Clienteling
    presence: Presence
    upkeep: Upkeep
    board: TillBoard
    access: TabletAccess
    tablet: TabletShop
    hub: Hub
    components: Components
    sync: SyncWorker | None
    outbox: OutboxUpkeep
    cache: SyncCache
    desk: LookupDesk | None
    scanners: tuple[Scanner, ...]
    web: ASGIApp
    pairing_code: str


def build(settings: Settings, clock: Clock, addresses: Addresses) -> Agent:
    """Open the files and wire the parts. Raises AgentError with a remedy."""
    storage = open_files(settings, clock)
    hub, metrics = Hub(), Metrics()
    announcer = Announcer(hub, metrics)
    presence = build_presence(settings, storage, clock, announcer.presence_changed)
    secret = keys.load_or_create_key(_key_file(settings))
    counter = Counter(
        settings.store,
        ZoneInfo(settings.store.zone),
        CustomerRefs(secret),
    )
    upkeep = Upkeep(storage, counter, clock)
    board = TillBoard()
    board.subscribe(announcer.basket_changed)
    cache = SyncCache(
        storage, clock, announcer.profiles_changed, presence.watch.on_positions, upkeep.take_news
    )
    platform_clock = PlatformClock(boot_id(), clock.now, clock.monotonic)
    sync = build_sync(settings, storage, clock, cache, platform_clock)

    def is_online() -> bool:
        return sync is not None and sync.status().line is LineState.ONLINE

    lookups = build_lookups(settings, storage, clock, platform_clock)
    desk = _desk(lookups, clock, cache, is_online)
    clienteling = Clienteling(storage, settings.store, clock, changed=announcer.happened, desk=desk)
    scanners = build_readers(settings.readers, clock)
    waiting = build_upkeep(settings.outbox, storage, clock, platform_clock)
    components = Components(storage, sync, waiting, cache, scanners, presence, clock)
    places = Places(
        presence.book,
        presence.air.blind_zones,
        timedelta(minutes=settings.presence.claim_minutes),
    )
    shop = TabletShop(storage, clienteling, settings.store, clock, components.status, places, board)
    announcer.connect(shop, presence.watch, sync)
    _gauges(metrics, hub, sync)
    _feed_gauges(metrics, cache, desk)
    metrics.gauge("sightings", "Radio sightings used", lambda: presence.air.used)
    pairing_code = settings.tablets.pairing_code or _pairing_code()
    access = TabletAccess(storage, clock, pairing_code)
    kiosk = build_router(
        shop,
        access,
        hub,
        _kiosk_settings(settings, addresses),
        now=clock.now,
        monotonic=clock.monotonic,
        areas=(
            *build_areas(storage, settings.store, clock, sync, announcer, settings.advice),
            build_turned(storage, settings.store, clock, announcer, access),
        ),
    )
    routers = (
        health.router(components.rows, metrics),
        scans.router(clienteling, frozenset(settings.store.lanes), clock, metrics),
        customers.router(storage, settings, clock, presence.noticing),
        locations.router(presence.noticing, clock, metrics),
        owntracks.router(
            presence.noticing, presence.air, clock, metrics, _envelope(settings.presence)
        ),
        sightings.router(presence.air),
        fences.router(presence.noticing),
        pos.router(
            Checkout(
                storage,
                counter,
                clock,
                is_online=is_online,
                changed=announcer.happened,
                board=board,
            ),
            Identify(storage, counter, clock, desk),
            settings.store,
            clock,
            metrics,
            board,
            storage,
            BundleSigner(secret),
        ),
        kiosk,
    )
    web = Guard(
        web_app(routers, addresses.ca),
        doors=DoorTable(DOORS),
        tokens=Tokens(settings.tokens),
        read_cookies=CookieReader(access),
        hosts=addresses.hosts,
    )
    return Agent(
        settings=settings,
        addresses=addresses,
        clock=clock,
        storage=storage,
        clienteling=clienteling,
        presence=presence,
        upkeep=upkeep,
        board=board,
        access=access,
        tablet=shop,
        hub=hub,
        components=components,
        sync=sync,
        outbox=waiting,
        cache=cache,
        desk=desk,
        scanners=scanners,
        web=web,
        pairing_code=pairing_code,
    )


def _desk(
    lookups: Lookups | None, clock: Clock, cache: SyncCache, is_online: Callable[[], bool]
) -> LookupDesk | None:
    """Who asks the platform about strangers; None where there is nobody to ask."""
    return None if lookups is None else LookupDesk(lookups, cache, clock.monotonic, is_online)


def _feed_gauges(metrics: Metrics, cache: SyncCache, desk: LookupDesk | None) -> None:
    metrics.gauge(
        "feed_unreadable_documents",
        "Documents of the platform put aside",
        lambda: cache.census.unreadable,
    )
    metrics.gauge(
        "feed_unknown_documents",
        "Documents of unknown collections since the last snapshot",
        lambda: cache.census.unknown,
    )
    if desk is None:
        return
    counts = desk.counts
    metrics.gauge("lookups_asked", "Look-ups since the start", lambda: counts.asked)
    metrics.gauge("lookups_found", "Look-ups that brought something", lambda: counts.found)
    metrics.gauge("lookups_late", "Look-ups nobody waited for any more", lambda: counts.late)
    metrics.gauge("lookups_failed", "Look-ups without an answer", lambda: counts.failed)


def _gauges(metrics: Metrics, hub: Hub, sync: SyncWorker | None) -> None:
    metrics.gauge("tablet_pages", "Tablet pages that listen now", hub.open_streams)
    if sync is None:
        return
    worker, lines = sync, sync.status().transports
    metrics.gauge("outbox_events", "Events waiting to be sent", lambda: worker.status().backlog)
    metrics.gauge(
        "quarantined_events", "Events the platform refused", lambda: worker.status().quarantined
    )
    metrics.gauge(
        "line_up", "1 while the platform answers", lambda: worker.status().line is LineState.ONLINE
    )
    for name, help_text, read in LINE_GAUGES:
        reads = {line.name: partial(_line_gauge, worker, line.name, read) for line in lines}
        metrics.gauges(name, help_text, "line", reads)


def _line_gauge(worker: SyncWorker, name: str, read: Callable[[TransportStatus], float]) -> float:
    return next(read(line) for line in worker.status().transports if line.name == name)


def web_app(routers: Iterable[APIRouter], ca: Path) -> FastAPI:
    """All routes; without the guard in front of them they must not be served."""
    app = FastAPI(title="store-agent", docs_url=None, redoc_url=None)
    problems.install(app)
    for router in routers:
        app.include_router(router)

    @app.get("/ca.crt", include_in_schema=False)
    async def ca_certificate() -> FileResponse:
        """What a tablet installs to trust this shop."""
        return FileResponse(ca, media_type=CA_MEDIA_TYPE, filename="store-ca.crt")

    return app


async def run(agent: Agent, doorway: Doorway, started: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; then end the streams, the loops, and close the files."""
    listeners = (doorway.plain, doorway.secure)
    _spare_the_collector()
    try:
        for recovery in agent.storage.recovered:
            log.warning("damaged file moved aside", file=recovery.file, to=recovery.moved_to)
            if recovery.file == ledger.FILE:
                await agent.clienteling.on_ledger_replaced(recovery.reason)
        await agent.cache.read_again()
        await agent.upkeep.take_news()  # a crash may have come between a page and this
        async with asyncio.TaskGroup() as group:
            background = [group.create_task(work) for work in _background(agent)]
            await serve(agent.web, listeners, started=started, stopping=agent.hub.close)
            for task in background:
                task.cancel()
    finally:
        if agent.desk is not None:
            await agent.desk.close()
        await agent.storage.close()


def _spare_the_collector() -> None:
    """What was made until now stays until the end: the garbage collector need not look at it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS_PER_COLLECTION)


def _background(agent: Agent) -> list[Coroutine[Any, Any, None]]:
    """Everything that runs beside the listeners."""
    table = jobs.loops(
        agent.settings, agent.storage, agent.clienteling, agent.upkeep, agent.outbox.round
    )
    store = agent.settings.store
    dated = jobs.calendar(agent.storage, agent.clock, store, agent.cache.release_strangers)
    running = jobs.run(table, dated, agent.settings.store.zone, agent.clock)
    work: list[Coroutine[Any, Any, None]] = [running]
    work += [listen(scanner, agent.clienteling) for scanner in agent.scanners]
    work += [agent.presence.watch.run(), *hearing(agent.presence)]
    if agent.sync is not None:
        work.append(agent.sync.run())
    return work


def open_files(settings: Settings, clock: Clock) -> Storage:
    """Ledger and cache of this shop, checked; see `storage.open_storage` for what may go wrong."""
    key_file = _key_file(settings)
    key_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return open_storage(
        StorageSettings(
            directory=settings.data,
            store_id=settings.store.id,
            key=keys.load_or_create_key(key_file),
            allow_unencrypted=settings.storage.allow_unencrypted,
            space=_space(settings.storage),
        ),
        now=clock.now,
        lodger=Lodger(
            schema.MIGRATIONS,
            first=ClockWatch(PlatformClock(boot_id(), clock.now, clock.monotonic).look),
            tables=outbox.TABLES,
            rescue=outbox.rescue,
        ),
    )


def _space(options: StorageOptions) -> SpaceSettings:
    cap = options.max_ledger_mb
    return SpaceSettings(options.ballast_mb * MIB, None if cap is None else cap * MIB)


def _key_file(settings: Settings) -> Path:
    return settings.storage.key_file or settings.data / "keys" / "db.key"


def _envelope(settings: PresenceSettings) -> Callable[[str], bytes] | None:
    """Opens what the OwnTracks app sends, where a key is set."""
    if not settings.owntracks_key:
        return None
    try:
        from geofences.owntracks_envelope import Envelope  # noqa: PLC0415  an extra
    except ImportError as error:
        raise InvalidInput(
            "presence.owntracks_key needs the extra `owntracks`",
            hint="Install store-agent[owntracks].",
        ) from error
    return Envelope(settings.owntracks_key).open


def _kiosk_settings(settings: Settings, addresses: Addresses) -> KioskSettings:
    return KioskSettings(
        shop_name=settings.store.name,
        zone=ZoneInfo(settings.store.zone),
        lan_url=addresses.lan_url,
        ca_url=f"{addresses.lan_url}/ca.crt",
    )


def _pairing_code() -> str:
    return "".join(secrets.choice(PAIRING_ALPHABET) for _ in range(PAIRING_CODE_CHARS))
