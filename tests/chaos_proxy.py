"""A TCP proxy on loopback that mistreats each HTTP exchange as a seeded schedule says.

It reads a request as a whole, does to it what the next `Mishap` says, and goes on. So a schedule
means the same whatever the timing of the machine.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum

HEAD_END = b"\r\n\r\n"
DRIP_BYTES = 7
RESET_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: close() sends RST


class Mishap(StrEnum):
    """What happens to one exchange."""

    NONE = "none"
    LATENCY = "latency"
    REFUSED = "refused"  # the connection is reset before the request is read
    CUT_REQUEST = "cut_request"  # the platform gets half a request, then the line is gone
    LOST_ANSWER = "lost_answer"  # the platform has done it; nobody hears of it
    CUT_ANSWER = "cut_answer"  # half of the answer arrives
    BLACK_HOLE = "black_hole"  # taken and never answered
    LATE_ANSWER = "late_answer"  # done at once, answered after the shop has given up
    DRIP = "drip"  # the answer comes a few bytes at a time
    TWICE = "twice"  # something on the way repeats the request
    BUSY = "busy"  # 503 with Retry-After
    LIMITED = "limited"  # 429 with Retry-After
    BAD_GATEWAY = "bad_gateway"  # 502 with HTML, after the platform has done it


def _message(head: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 %s\r\ncontent-length: %d\r\n\r\n%s" % (head, len(body), body)


PATIENCE = b"content-type: application/problem+json\r\nretry-after: 0"
PROBLEM = b'{"title": "not now"}'
# What something on the way says in place of the platform.
INSTEAD = {
    Mishap.BUSY: _message(b"503 Service Unavailable\r\n" + PATIENCE, PROBLEM),
    Mishap.LIMITED: _message(b"429 Too Many Requests\r\n" + PATIENCE, PROBLEM),
    Mishap.BAD_GATEWAY: _message(b"502 Bad Gateway\r\ncontent-type: text/html", b"<html></html>"),
}
HARMLESS = frozenset({Mishap.NONE, Mishap.LATENCY, Mishap.TWICE})


@dataclass(slots=True)
class ChaosProxy:
    """Serves `upstream` (host, port) badly. `next_mishap` is asked once an exchange."""

    upstream: tuple[str, int]
    next_mishap: Callable[[], Mishap]
    pause_s: float = 0.02  # latency, and between drops of a drip
    hole_s: float = 1.0  # how long a black hole holds a connection
    seen: list[Mishap] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """The proxy's URL while it runs; every connection ends with the block."""
        server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()[:2]
        try:
            yield f"http://{host}:{port}"
        finally:
            server.close()
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A task of our own: asyncio's reports it as an error when it is cancelled."""
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the shop hung up, or the platform did: that is what this is about
        finally:
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its fate; False when the connection is of no use any more."""
        request = await read_message(reader)
        if request is None:
            return False
        mishap = self.next_mishap()
        self.seen.append(mishap)
        answer = await self._upstream_answer(mishap, request)
        return await self._give(mishap, answer, writer)

    async def _upstream_answer(self, mishap: Mishap, request: bytes) -> bytes:
        """What the platform said, if the request reached it as a whole."""
        if mishap in {Mishap.REFUSED, Mishap.BUSY, Mishap.LIMITED, Mishap.BLACK_HOLE}:
            return b""
        if mishap is Mishap.CUT_REQUEST:
            await self._ask(request[: len(request) // 2], is_whole=False)
            return b""
        if mishap is Mishap.LATENCY:
            await asyncio.sleep(self.pause_s)
        answer = await self._ask(request)
        if mishap is Mishap.TWICE:
            answer = await self._ask(request)
        return answer

    async def _ask(self, request: bytes, *, is_whole: bool = True) -> bytes:
        reader, writer = await asyncio.open_connection(*self.upstream)
        try:
            writer.write(request)
            await writer.drain()
            return (await read_message(reader) or b"") if is_whole else b""
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _give(self, mishap: Mishap, answer: bytes, writer: asyncio.StreamWriter) -> bool:
        """Let the shop hear of it, or not; whether the connection lives on."""
        if mishap in INSTEAD:
            return await _send(writer, INSTEAD[mishap])
        if mishap is Mishap.DRIP:
            return await self._drip(writer, answer)
        if mishap in HARMLESS:
            return await _send(writer, answer)
        if mishap in {Mishap.BLACK_HOLE, Mishap.LATE_ANSWER}:
            await asyncio.sleep(self.hole_s)
        await _send(writer, answer[: len(answer) // 2] if mishap is Mishap.CUT_ANSWER else b"")
        await _send(writer, answer if mishap is Mishap.LATE_ANSWER else b"")
        _reset(writer)
        return False

    async def _drip(self, writer: asyncio.StreamWriter, answer: bytes) -> bool:
        for start in range(0, len(answer), DRIP_BYTES):
            await _send(writer, answer[start : start + DRIP_BYTES])
            await asyncio.sleep(self.pause_s)
        return bool(answer)


async def read_message(reader: asyncio.StreamReader) -> bytes | None:
    """One HTTP/1.1 message with a Content-Length body (or none); None at a clean end."""
    try:
        head = await reader.readuntil(HEAD_END)
    except asyncio.IncompleteReadError as error:
        if not error.partial:
            return None
        raise
    length, is_chunked = 0, False
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        if name.lower() == b"transfer-encoding":
            is_chunked = b"chunked" in value.lower()
    if is_chunked:
        return head + await _chunks(reader)
    return head + (await reader.readexactly(length) if length else b"")


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while True:
        size_line = await reader.readuntil(b"\r\n")
        size = int(size_line.split(b";")[0], 16)
        body += size_line + await reader.readexactly(size + 2)
        if size == 0:
            return body


async def _send(writer: asyncio.StreamWriter, data: bytes) -> bool:
    if not data:
        return False
    writer.write(data)
    await writer.drain()
    return True


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST, as a broken middle box does."""
    sock: socket.socket | None = writer.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_ONCE)
    writer.transport.abort()
