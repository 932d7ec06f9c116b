"""JetStream over nats-py: one connection, bounded in time, its errors translated.

nats-py's own reconnecting is off: it would keep what was published meanwhile and send it later,
when the caller has long counted it as failed. Here a broken exchange ends the connection, the
worker's back-off decides when to try again, and every connection is a new client. Nothing of
nats-py leaves this module as an exception.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import orjson

from sync.errors import TooSlowError, TransportError, UnreachableError
from sync.jetstream import wire
from sync.jetstream.link import NO_RESPONDERS, Link, Reply
from sync.jetstream.port import (
    MESSAGE_ID,
    Code,
    Message,
    Outgoing,
    RefusedError,
    Stored,
    StreamFacts,
    StreamPlan,
    Tail,
)
from sync.jetstream.settings import LineSettings
from sync.jetstream.tail import PullTail

API_DEADLINE_S = 5.0
BATCH_ID, BATCH_SEQUENCE, BATCH_COMMIT = "Nats-Batch-Id", "Nats-Batch-Sequence", "Nats-Batch-Commit"
NOT_FOUND = "404"
NOBODY_LISTENS = "Does the stream exist, does it hold this subject, and has it a leader?"


class NatsLine:
    """See `port.JetStream`. Connects when first used and again after a failure."""

    def __init__(
        self, settings: LineSettings, name: str, *, answer_s: float = API_DEADLINE_S
    ) -> None:
        """`name` is the shop's: the server shows it, and answers come to `_INBOX.<name>.>` only.

        `answer_s` is the patience with questions; who stores brings its own.
        """
        self._settings = settings
        self._name = name
        self._answer_s = answer_s
        self._api = f"$JS.{settings.domain}.API" if settings.domain else "$JS.API"
        self._link: Link | None = None
        self._connecting = asyncio.Lock()
        self._is_closed = False

    async def describe(self, stream: str) -> StreamFacts:
        """See `JetStream.describe`."""
        async with self._exchange(self._answer_s) as link:
            document = await self._ask(link, f"STREAM.INFO.{stream}")
            return wire.facts_of(document, link.max_payload)

    async def store(self, messages: Sequence[Outgoing], deadline_s: float) -> Stored:
        """See `JetStream.store`."""
        async with self._exchange(deadline_s) as link:
            if len(messages) == 1:
                return await self._store_one(link, messages[0])
            batch_id = uuid4().hex
            *rest, last = enumerate(messages, start=1)
            for number, message in rest:
                headers = _headers(message) | _batch(batch_id, number)
                await link.publish(message.subject, message.body, headers)
            number, message = last
            headers = _headers(message) | _batch(batch_id, number) | {BATCH_COMMIT: "1"}
            reply = await link.ask(message.subject, message.body, headers)
            return _stored(reply, batch_id, len(messages))

    async def repeat(self, messages: Sequence[Outgoing], deadline_s: float) -> list[Stored]:
        """See `JetStream.repeat`."""
        async with self._exchange(deadline_s) as link, asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._store_one(link, message)) for message in messages]
        return [task.result() for task in tasks]

    async def tail(self, stream: str, filters: Sequence[tuple[str, int]]) -> Tail:
        """See `JetStream.tail`."""
        async with self._exchange(self._answer_s) as link:
            readers = [
                (await self._reader(link, stream, subject, after_seq), after_seq)
                for subject, after_seq in filters
            ]
            return await PullTail.open(link, self._api, stream, readers)

    async def message(self, stream: str, seq: int) -> Message | None:
        """See `JetStream.message`."""
        body = orjson.dumps({"seq": seq})
        return await self._read(f"{self._api}.DIRECT.GET.{stream}", body)

    async def last(self, stream: str, subject: str) -> Message | None:
        """See `JetStream.last`."""
        return await self._read(f"{self._api}.DIRECT.GET.{stream}.{subject}", b"")

    async def create(self, plan: StreamPlan) -> None:
        """See `JetStream.create`."""
        async with self._exchange(self._answer_s) as link:
            document = wire.plan_document(plan)
            try:
                await self._ask(link, f"STREAM.INFO.{plan.name}")
                verb = "UPDATE"
            except RefusedError as error:
                if error.code != Code.NO_STREAM:
                    raise
                verb = "CREATE"
            await self._ask(link, f"STREAM.{verb}.{plan.name}", document)

    async def purge(self, stream: str, subject: str, below_seq: int = 0) -> None:
        """See `JetStream.purge`."""
        wanted: dict[str, Any] = {"filter": subject}
        if below_seq:
            wanted["seq"] = below_seq
        async with self._exchange(self._answer_s) as link:
            await self._ask(link, f"STREAM.PURGE.{stream}", wanted)

    async def close(self) -> None:
        """See `JetStream.close`."""
        self._is_closed = True
        await self._drop()

    async def _store_one(self, link: Link, message: Outgoing) -> Stored:
        return _stored(await link.ask(message.subject, message.body, _headers(message)))

    async def _reader(self, link: Link, stream: str, subject: str, after_seq: int) -> str:
        """Make a reader on the server; its name. The filter in the subject is what rights bind."""
        name = uuid4().hex
        await self._ask(
            link,
            f"CONSUMER.CREATE.{stream}.{name}.{subject}",
            wire.reader_document(stream, name, subject, after_seq),
        )
        return name

    async def _read(self, subject: str, body: bytes) -> Message | None:
        async with self._exchange(self._answer_s) as link:
            reply = await link.ask(subject, body)
            if reply.status == NOT_FOUND:
                return None
            _answered(reply, subject)
            return wire.message_of(subject, reply.body, reply.headers)

    async def _ask(
        self, link: Link, verb: str, document: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        subject = f"{self._api}.{verb}"
        body = b"" if document is None else orjson.dumps(document)
        return wire.document_of(_answered(await link.ask(subject, body), subject).body)

    @asynccontextmanager
    async def _exchange(self, deadline_s: float) -> AsyncIterator[Link]:
        """The connection, for one exchange: what breaks or lasts too long ends it."""
        try:
            async with asyncio.timeout(deadline_s):
                yield await self._connected()
        except TimeoutError as error:
            await self._drop()
            raise TooSlowError(f"no answer within {deadline_s:g} s") from error
        except UnreachableError:
            await self._drop()
            raise
        except BaseExceptionGroup as group:
            raise await self._first_of(group) from group

    async def _first_of(self, group: BaseExceptionGroup[BaseException]) -> BaseException:
        """What a group of exchanges failed with."""
        error = group.exceptions[0]
        if isinstance(error, UnreachableError):
            await self._drop()
        return error

    async def _connected(self) -> Link:
        async with self._connecting:
            if self._is_closed:
                raise UnreachableError("the line was closed")
            if self._link is None or self._link.broken:
                await self._drop()
                self._link = await Link.connect(self._settings, self._name)
            return self._link

    async def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.close()


def _headers(message: Outgoing) -> dict[str, str]:
    headers = dict(message.headers)
    if message.id:
        headers[MESSAGE_ID] = message.id
    return headers


def _batch(batch_id: str, number: int) -> dict[str, str]:
    return {BATCH_ID: batch_id, BATCH_SEQUENCE: str(number)}


def _stored(reply: Reply, batch_id: str | None = None, count: int | None = None) -> Stored:
    """What an acknowledgement says. Raises TransportError unless it is of just this batch."""
    document = wire.document_of(_answered(reply, "the events' subject").body)
    seq = document.get("seq")
    if not isinstance(seq, int) or seq < 1:
        raise TransportError("the answer acknowledges nothing")
    if (document.get("batch"), document.get("count")) != (batch_id, count):
        raise TransportError("the answer acknowledges something else")
    return Stored(seq, document.get("duplicate") is True)


def _answered(reply: Reply, subject: str) -> Reply:
    if reply.status == NO_RESPONDERS:
        raise TransportError(f"nobody answers at {subject}", hint=NOBODY_LISTENS)
    return reply
