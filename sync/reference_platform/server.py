"""Running the platform on loopback until it is told to stop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import uvicorn

from sync.reference_platform import finders, upkeep
from sync.reference_platform.app import Platform, create_app
from sync.reference_platform.limits import Limits, SnapshotScope
from sync.reference_platform.line import LineProtocol
from sync.reference_platform.rules import NoRules, Rules
from sync.reference_platform.store import FILE_NAME, PlatformStore

HOST = "127.0.0.1"
GRACE_S = 1  # what an open answer gets on shutdown, after long polls were told to finish


@dataclass(frozen=True, slots=True)
class PlatformSettings:
    """Where the platform keeps its file and how it answers. Port 0 = any free one."""

    data_dir: Path
    token: str
    now: Callable[[], datetime]
    port: int = 0
    limits: Limits = field(default_factory=Limits)


async def serve(
    settings: PlatformSettings,
    rules: Rules | None = None,
    *,
    stop: asyncio.Event | None = None,
    on_ready: Callable[[str], None] = lambda url: None,
) -> None:
    """Serve until `stop` is set or the task is cancelled. `on_ready` gets the URL.

    Installs no signal handlers. Raises OSError when the port is taken.
    """
    listener = _listen(settings.port)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = PlatformStore(settings.data_dir / FILE_NAME)
    platform = Platform(store, settings.token, settings.now, rules or NoRules(), settings.limits)
    keeping = asyncio.create_task(upkeep.keep(store, settings.now))
    try:
        if settings.limits.scope is SnapshotScope.SHOP:
            await asyncio.to_thread(finders.ensure, store)
        await _run(platform, listener, stop or asyncio.Event(), on_ready)
    finally:
        await platform.shelf.close()
        await _ended(keeping)
        store.close()
        listener.close()


async def _run(
    platform: Platform,
    listener: socket.socket,
    stop: asyncio.Event,
    on_ready: Callable[[str], None],
) -> None:
    server = _Server(
        uvicorn.Config(
            create_app(platform),
            http=LineProtocol,
            ws="none",
            lifespan="on",
            log_level="critical",
            access_log=False,
            timeout_graceful_shutdown=GRACE_S,
        )
    )
    address = f"http://{HOST}:{listener.getsockname()[1]}"
    server.on_started = lambda: on_ready(address)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        platform.stop()
        server.should_exit = True
        await serving


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


class _Server(uvicorn.Server):
    """A server that says when it listens and leaves the process its own signal handlers."""

    on_started: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        self.on_started()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Inherited by accepted connections; without it each answer waits 40 ms for a delayed ACK,
    # because event loops set it only on sockets they made themselves.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    return listener
