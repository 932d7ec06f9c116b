"""A closed loop of keep-alive connections: as lean as it gets, so that the server is what limits.

Each connection has one request under way; the next one follows the answer.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

from tests.bench.processes import TILL_TOKEN

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_HEAD_END = b"\r\n\r\n"


@dataclass(slots=True)
class Load:
    """What one round did. `client_cpu` is the share of one core that this side ate."""

    answered: int = 0
    refused: int = 0
    seconds: float = 0.0
    client_cpu: float = 0.0
    latencies_s: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.answered / self.seconds


def post(path: str, body: bytes, token: str = TILL_TOKEN) -> bytes:
    """One request as it stands on the wire."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def press(port: int, requests: Iterator[bytes], connections: int, seconds: float) -> Load:
    """Send `requests` over so many connections for `seconds` or until they run out.

    Raises RuntimeError when one was refused or none answered.
    """
    load = Load()
    loop = asyncio.get_running_loop()
    lanes = [_Lane(load, requests) for _ in range(connections)]
    for lane in lanes:
        await loop.create_connection(lambda lane=lane: lane, "127.0.0.1", port)
    cpu, began = time.process_time(), time.perf_counter()
    for lane in lanes:
        lane.until = began + seconds
        lane.send()
    await asyncio.wait([asyncio.ensure_future(lane.done) for lane in lanes], timeout=seconds + 10)
    load.seconds = time.perf_counter() - began
    load.client_cpu = (time.process_time() - cpu) / load.seconds
    for lane in lanes:
        lane.close()
    if load.refused or not load.answered:
        raise RuntimeError(f"{load.answered} requests were answered, {load.refused} refused")
    return load


class _Lane(asyncio.Protocol):
    """One connection."""

    def __init__(self, load: Load, requests: Iterator[bytes]) -> None:
        self.until = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._load = load
        self._requests = requests
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance

    def send(self) -> None:
        """The next request, or the end."""
        request = next(self._requests, None) if time.perf_counter() < self.until else None
        if request is None or self._transport is None:
            self._finish()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_end = self._buffer.find(_HEAD_END)
        if head_end < 0:
            return
        length = _LENGTH.search(self._buffer, 0, head_end)
        if len(self._buffer) < head_end + 4 + (int(length[1]) if length else 0):
            return
        if self._buffer[9:12] == b"200":
            self._load.answered += 1
            self._load.latencies_s.append(time.perf_counter() - self._sent)
        else:
            self._load.refused += 1
        self._buffer = b""
        self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
