"""Builds and runs one agent."""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from fastapi import FastAPI
from fastapi.responses import FileResponse
from starlette.types import ASGIApp

from kiosk_ui.live import Hub
from kiosk_ui.router import build_router
from kiosk_ui.settings import KioskSettings
from store_agent import certificates, jobs
from store_agent.api import customers, health, pos, problems, scans
from store_agent.api.callers import Tokens
from store_agent.api.doors import DOORS, DoorTable
from store_agent.api.guard import Guard
from store_agent.api.metrics import Metrics
from store_agent.app.announcer import Announcer
from store_agent.app.components import Components
from store_agent.app.feed import SyncCache, SyncLedger
from store_agent.app.readers import Scanner, build_readers, listen
from store_agent.app.serving import Listener, bind, serve
from store_agent.certificates import Certificates
from store_agent.clienteling import Clienteling
from store_agent.clock import EARLIEST_PLAUSIBLE, Clock
from store_agent.config import Settings
from store_agent.storage import Storage, StorageSettings, keys, open_storage
from store_agent.tablet.access import TabletAccess
from store_agent.tablet.cookies import CookieReader
from store_agent.tablet.shop import TabletShop
from sync import outbox
from sync.feed import HttpFeed
from sync.transports.http import HttpLine
from sync.transports.platform_http import PlatformHttpTransport
from sync.worker import Ends, SyncWorker

PAIRING_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that looks like something else
PAIRING_CODE_CHARS = 8
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
CA_MEDIA_TYPE = "application/x-x509-ca-cert"
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Agent:
    """Everything that runs: made by `build`, run by `run`."""

    settings: Settings
    clock: Clock
    storage: Storage
    clienteling: Clienteling
    access: TabletAccess
    hub: Hub
    components: Components
    sync: SyncWorker | None
    scanners: tuple[Scanner, ...]
    web: ASGIApp
    listeners: tuple[Listener, Listener]
    pairing_code: str

    @property
    def url(self) -> str:
        """Plain HTTP, for this box only."""
        return f"http://127.0.0.1:{self.listeners[0].port}"

    @property
    def lan_url(self) -> str:
        """HTTPS under the store's own CA."""
        return _lan_url(self.settings, self.listeners[1].port)


def build(settings: Settings, clock: Clock) -> Agent:
    """Open the files, bind the ports, wire the parts. Raises AgentError with a remedy."""
    http = settings.http
    plain = Listener(bind("127.0.0.1", http.port))
    secure = Listener(bind(http.lan_host, http.lan_port), _certificates(settings, clock))
    storage = open_files(settings, clock)
    hub, metrics = Hub(), Metrics()
    announcer = Announcer(hub, metrics)
    clienteling = Clienteling(storage, settings.store, clock, changed=announcer.happened)
    sync = _sync(settings, storage, clock, announcer)
    scanners = build_readers(settings.readers, clock)
    components = Components(storage, sync, scanners, clock)
    shop = TabletShop(storage, clienteling, settings.store, clock, components.status)
    announcer.connect(shop, sync)
    pairing_code = settings.tablets.pairing_code or _pairing_code()
    access = TabletAccess(storage, clock, pairing_code)
    kiosk = KioskSettings(
        shop_name=settings.store.name,
        zone=ZoneInfo(settings.store.zone),
        lan_url=_lan_url(settings, secure.port),
        ca_url=f"http://127.0.0.1:{plain.port}/ca.crt",
    )
    app = FastAPI(title="store-agent", docs_url=None, redoc_url=None)
    problems.install(app)
    app.include_router(health.router(components.rows, metrics))
    app.include_router(scans.router(clienteling, frozenset(settings.store.lanes), clock, metrics))
    app.include_router(customers.router(storage, settings.store, clock))
    app.include_router(pos.router(clienteling, clock, metrics))
    app.include_router(
        build_router(shop, access, hub, kiosk, now=clock.now, monotonic=clock.monotonic)
    )
    _serve_ca(app, secure)
    guard = Guard(
        app,
        doors=DoorTable(DOORS),
        tokens=Tokens(settings.tokens),
        read_cookies=CookieReader(access),
        hosts={*LOOPBACK, *_names(settings)},
    )
    return Agent(
        settings,
        clock,
        storage,
        clienteling,
        access,
        hub,
        components,
        sync,
        scanners,
        guard,
        (plain, secure),
        pairing_code,
    )


async def run(agent: Agent, started: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; then end the streams, the loops, and close the files."""
    try:
        for recovery in agent.storage.recovered:
            await agent.clienteling.on_ledger_replaced(f"{recovery.file}: {recovery.reason}")
        async with asyncio.TaskGroup() as group:
            background = [group.create_task(work) for work in _background(agent)]
            await serve(agent.web, agent.listeners, started=started, stopping=agent.hub.close)
            for task in background:
                task.cancel()
    finally:
        await agent.storage.close()


def _background(agent: Agent) -> list[Coroutine[Any, Any, None]]:
    """Everything that runs beside the listeners."""
    table = jobs.loops(agent.settings, agent.storage, agent.clienteling)
    dated = jobs.calendar(agent.storage, agent.clock)
    work: list[Coroutine[Any, Any, None]] = [jobs.run(table, dated, agent.settings.store.zone)]
    work += [listen(scanner, agent.clienteling) for scanner in agent.scanners]
    if agent.sync is not None:
        work.append(agent.sync.run())
    return work


def open_files(settings: Settings, clock: Clock) -> Storage:
    """Ledger and cache of this shop, checked; see `storage.open_storage` for what may go wrong."""
    key_file = settings.storage.key_file or settings.data / "keys" / "db.key"
    key_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return open_storage(
        StorageSettings(
            directory=settings.data,
            store_id=settings.store.id,
            key=keys.load_or_create_key(key_file),
            allow_unencrypted=settings.storage.allow_unencrypted,
        ),
        now=clock.now,
        extra_migrations=outbox.MIGRATIONS,
    )


def _sync(
    settings: Settings, storage: Storage, clock: Clock, announcer: Announcer
) -> SyncWorker | None:
    if settings.platform is None:
        return None
    url, token, store_id = settings.platform.url, settings.platform.token, settings.store.id
    # A line each: a long poll must not hold the connection that events need.
    ends = Ends(
        transport=PlatformHttpTransport(HttpLine(url, token, clock.now), store_id, storage.epoch),
        feed=HttpFeed(HttpLine(url, token, clock.now), store_id),
        ledger=SyncLedger(storage),
        cache=SyncCache(storage, clock, announcer.profiles_changed),
    )
    jitter = Random(secrets.randbits(64))  # noqa: S311  not a secret
    return SyncWorker(ends, clock, jitter, settings.platform.reconnect_window_s)


def _certificates(settings: Settings, clock: Clock) -> Certificates:
    # A box that boots in 1970 must not issue a certificate that no tablet accepts.
    now = max(clock.now(), EARLIEST_PLAUSIBLE)
    return certificates.ensure(settings.data / "tls", settings.store.name, _names(settings), now)


def _names(settings: Settings) -> tuple[str, ...]:
    """Under which names tablets may reach this box; all of them stand in the certificate."""
    own = socket.gethostname().lower()
    names = [*settings.http.names, own, f"{own}.local", "localhost", "127.0.0.1"]
    if not ipaddress.ip_address(settings.http.lan_host).is_loopback:
        names.append(_lan_address(settings.http.lan_host))
    return tuple(dict.fromkeys(names))


def _lan_address(host: str) -> str:
    """This box's address in the shop's network. Asks the routing table; sends nothing."""
    if not ipaddress.ip_address(host).is_unspecified:
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # RFC 5737: an address that never exists
        except OSError:
            return "127.0.0.1"
        address: str = probe.getsockname()[0]
        return address


def _lan_url(settings: Settings, port: int) -> str:
    if settings.http.names:
        return f"https://{settings.http.names[0]}:{port}"
    return f"https://{_lan_address(settings.http.lan_host)}:{port}"


def _pairing_code() -> str:
    return "".join(secrets.choice(PAIRING_ALPHABET) for _ in range(PAIRING_CODE_CHARS))


def _serve_ca(app: FastAPI, secure: Listener) -> None:
    ca = secure.certificates
    if ca is None:
        raise ValueError("the tablets' listener has no certificate")

    @app.get("/ca.crt", include_in_schema=False)
    async def ca_certificate() -> FileResponse:
        """What a tablet installs to trust this shop."""
        return FileResponse(ca.ca, media_type=CA_MEDIA_TYPE, filename="store-ca.crt")
