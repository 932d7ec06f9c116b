"""Two listeners in one event loop: plain HTTP on loopback, HTTPS for the tablets.

Sockets are bound before anything else starts, so a taken port is a clear error at once. On SIGTERM
or SIGINT the streams end first, then the listeners: a browser that holds a TLS connection open
must not hold the box (uvicorn itself would wait for it).
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

from store_agent.certificates import Certificates
from store_agent.domain.errors import Unavailable

# Chromium lets go of a TLS stream only at its next retry (1 s, see the SSE `retry:` field).
GRACE_S = 2
BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class Listener:
    """One bound socket, and the certificate if it speaks TLS."""

    socket: socket.socket
    certificates: Certificates | None = None

    @property
    def port(self) -> int:
        """The port it got (0 asks the system for one)."""
        port: int = self.socket.getsockname()[1]
        return port


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; raises Unavailable when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Accepted connections inherit it; without it small answers wait for the peer's delayed ack.
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise Unavailable(
            f"cannot listen on {host} port {port}: {error.strerror}",
            hint="Another program uses this port; choose another one with --port.",
        ) from error
    return bound


class _Server(uvicorn.Server):
    """A uvicorn server that says when it listens and leaves the signals to us: there are two."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(
    app: ASGIApp,
    listeners: Sequence[Listener],
    *,
    started: Callable[[], None],
    stopping: Callable[[], None],
) -> None:
    """Serve until SIGTERM or SIGINT. `stopping` ends the streams before the listeners close."""
    servers = [_Server(_config(app, listener)) for listener in listeners]

    def stop() -> None:
        stopping()
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop)
    async with asyncio.TaskGroup() as group:
        for server, listener in zip(servers, listeners, strict=True):
            group.create_task(server.serve(sockets=[listener.socket]))
        for server in servers:
            await server.listens.wait()
        started()


def _config(app: ASGIApp, listener: Listener) -> uvicorn.Config:
    certificates = listener.certificates
    return uvicorn.Config(
        app,
        loop="none",
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=75,
        ssl_certfile=str(certificates.leaf) if certificates else None,
        ssl_keyfile=str(certificates.leaf_key) if certificates else None,
    )
