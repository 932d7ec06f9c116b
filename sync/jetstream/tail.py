"""Reading a stream by pulling: a position in, messages out, no acknowledgement on the server.

The position is the reader's own (one kept by the server has fallen back to 1 in the field), and
each message must follow the one before: a gap ends the tail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from sync.errors import TransportError, UnreachableError
from sync.jetstream import wire
from sync.jetstream.link import NO_RESPONDERS, Link, Reply
from sync.jetstream.port import Message

HEARTBEAT_S = 5.0
SILENT_S = 2.5 * HEARTBEAT_S  # a pull under way without any word for so long is dead
LEAST_WAIT_S = 0.05
PULL_BYTES = 8 * 1024 * 1024
HEARTBEAT = "100"
PULL_IS_OVER = frozenset({"404", "408"})  # nothing there; nothing (more) came in time
ENDS_A_PULL = ("maxbytes", "batch completed")  # beside a 409, in the server's words


@dataclass(slots=True)
class _Reader:
    """One filter's consumer on the server. `wanted` is what its pull under way may still bring.

    Pulls are counted: the last word of one may come when the next is under way.
    """

    name: str
    inbox: str
    position: int
    reader_seq: int = 0
    pulls: int = 0
    wanted: int = 0
    pending: int = 0


_Heard = tuple[_Reader, Reply] | TransportError


class PullTail:
    """See `port.Tail`."""

    def __init__(self, link: Link, api: str, stream: str) -> None:
        """Use `open`."""
        self._link = link
        self._api = api
        self._stream = stream
        self._readers: list[_Reader] = []
        self._heard: asyncio.Queue[_Heard] = asyncio.Queue()

    @classmethod
    async def open(
        cls, link: Link, api: str, stream: str, readers: Sequence[tuple[str, int]]
    ) -> PullTail:
        """Listen to consumers that are on the server already: (name, position) each."""
        tail = cls(link, api, stream)
        for name, position in readers:
            await tail._listen(name, position)
        return tail

    async def fetch(self, limit: int, wait_s: float) -> list[Message]:
        """See `Tail.fetch`."""
        loop = asyncio.get_running_loop()
        end_s = loop.time() + wait_s
        await self._pull(limit, wait_s)
        found: list[Message] = []
        while len(found) < limit:
            if self._heard.empty():
                if self._has_all_of(found):
                    break
                if not self._is_pulling():
                    left_s = end_s - loop.time()
                    if left_s < LEAST_WAIT_S:
                        break
                    await self._pull(limit, left_s)
            message = await self._next()
            if message is not None:
                found.append(message)
        return found

    async def settle(self, last_seq: int) -> tuple[int, ...]:
        """See `Tail.settle`."""
        for reader in self._readers:
            async with asyncio.timeout(SILENT_S):
                subject = f"{self._api}.CONSUMER.INFO.{self._stream}.{reader.name}"
                answer = await self._link.ask(subject, b"")
            delivered, pending = wire.progress_of(answer.body)
            if pending == 0 and delivered == reader.reader_seq:
                reader.position = max(reader.position, last_seq)
        return tuple(reader.position for reader in self._readers)

    def _has_all_of(self, found: Sequence[Message]) -> bool:
        """Whether nothing more is on its way, once something was found."""
        return bool(found) and not any(r.pending and r.wanted for r in self._readers)

    def _is_pulling(self) -> bool:
        return any(reader.wanted for reader in self._readers)

    async def _listen(self, name: str, position: int) -> None:
        reader = _Reader(name, "", position)
        self._readers.append(reader)
        reader.inbox = await self._link.subscribe(
            lambda reply: self._heard.put_nowait((reader, reply)), self._heard.put_nowait
        )

    async def _pull(self, limit: int, wait_s: float) -> None:
        """Ask for messages wherever nothing is asked for."""
        wanted = wire.pull_document(limit, wait_s, HEARTBEAT_S, PULL_BYTES)
        for reader in self._readers:
            if not reader.wanted:
                reader.wanted, reader.pulls = limit, reader.pulls + 1
                subject = f"{self._api}.CONSUMER.MSG.NEXT.{self._stream}.{reader.name}"
                inbox = f"{reader.inbox}.{reader.pulls}"
                await self._link.pull(subject, orjson.dumps(wanted), inbox)

    async def _next(self) -> Message | None:
        """The next message, or None for another word of the server."""
        try:
            async with asyncio.timeout(SILENT_S):
                heard = await self._heard.get()
        except TimeoutError as error:
            await self._link.close()
            raise UnreachableError(f"no word from NATS for {SILENT_S:g} s") from error
        if isinstance(heard, TransportError):
            self._heard.put_nowait(heard)  # for whoever asks again
            raise heard
        reader, reply = heard
        if reply.status:
            self._note(reader, reply)
            return None
        return self._follows(reader, reply)

    def _note(self, reader: _Reader, reply: Reply) -> None:
        """Take in a status. Raises UnreachableError when the reader is no more."""
        if reply.status == HEARTBEAT or not reply.subject.endswith(f".{reader.pulls}"):
            return
        words = reply.description.lower()
        if reply.status not in PULL_IS_OVER and not any(end in words for end in ENDS_A_PULL):
            gone = "nobody knows it" if reply.status == NO_RESPONDERS else reply.description
            raise UnreachableError(f"the server ended the reading: {gone}")
        reader.wanted = 0

    def _follows(self, reader: _Reader, reply: Reply) -> Message:
        delivery = wire.delivery_of(reply.reply_to)
        if delivery.reader_seq != reader.reader_seq + 1:
            raise UnreachableError("messages are missing on the line")
        reader.reader_seq, reader.position = delivery.reader_seq, delivery.stream_seq
        reader.pending = delivery.pending
        reader.wanted -= 1
        return Message(
            reply.subject,
            reply.body,
            delivery.stream_seq,
            delivery.time_ns,
            reply.headers,
            delivery.pending,
        )
