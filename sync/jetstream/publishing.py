"""The platform's side of the feed: changes and snapshots into NATS.

A page of changes is one run of messages, stored whole. Each message tells from where its page was
read, the last one where the next begins: so the stream itself knows how far the publisher is.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
import zstandard

from sync.errors import TransportError
from sync.feed import Change
from sync.jetstream import cursors, names, objects
from sync.jetstream.ordered import OrderedStore, Outcome
from sync.jetstream.port import Discard, JetStream, Outgoing, StreamFacts, StreamPlan

SOURCE_CURSOR = "Source-Cursor"
SNAPSHOT_ZSTD_LEVEL = 1
DAY_S = 86_400.0
KEEP_S = 60 * DAY_S  # as long as a shop may be away without taking a new snapshot


@dataclass(frozen=True, slots=True)
class FeedPlan:
    """Where a feed is published."""

    stream: str = names.FEED
    subject: str = "feed"
    bucket: str = names.SNAPSHOTS
    replicas: int = 1
    keep_s: float = KEEP_S
    max_bytes: int = 0

    def streams(self) -> tuple[StreamPlan, ...]:
        """How its streams are made. An old change may go: who missed it takes a snapshot."""
        changes = StreamPlan(
            self.stream,
            (f"{self.subject}.>",),
            self.replicas,
            Discard.OLD,
            self.max_bytes,
            self.keep_s,
            max_readers=objects.MAX_READERS,
        )
        return changes, objects.bucket_plan(self.bucket, self.replicas)


class FeedPublisher:
    """Publishes for one scope: all shops, or one. There must be one publisher of a scope."""

    def __init__(
        self, js: JetStream, plan: FeedPlan, now: Callable[[], datetime], scope: str = names.ALL
    ) -> None:
        """`now` is for the date that the object store shows."""
        self._js = js
        self._plan = plan
        self._now = now
        self._scope = scope
        self._store = OrderedStore(js, plan.stream, names.changes_of(plan.subject, scope))

    async def source_cursor(self) -> str | None:
        """Up to where the source is published, as the stream remembers it; None = not at all."""
        last = await self._js.last(self._plan.stream, self._store.own_subjects)
        return last.headers.get(SOURCE_CURSOR) if last else None

    async def publish(self, changes: Sequence[Change], before: str, after: str) -> None:
        """Store one page, read from the source's cursor `before`; the next begins at `after`.

        Raises TransportError; publishing the page again is safe.
        """
        last = len(changes) - 1
        messages = [
            self._message(
                change, f"{self._scope}/{before}/{number}", after if number == last else before
            )
            for number, change in enumerate(changes)
        ]
        while messages:
            outcomes = await self._store.store(messages)
            if Outcome.TOO_LARGE in outcomes:
                number = len(changes) - len(messages) + outcomes.index(Outcome.TOO_LARGE)
                raise TransportError(
                    f"a document of {changes[number].collection} is larger than a message may be",
                    permanent=True,
                    hint="Raise max_payload on the server, or make the document smaller.",
                )
            del messages[: len(outcomes)]

    async def snapshot(self, pieces: AsyncIterator[bytes]) -> str:
        """Publish a snapshot of the source: its zstd NDJSON, but for the cursor at the end.

        Everything that the stream holds now must be in it already. The source's own cursor.
        """
        facts = await self._js.describe(self._plan.stream)
        recut = _Recut(cursors.cursor_at(facts, [facts.last_seq]))
        await objects.write(
            self._js, self._plan.bucket, self._scope, recut.pieces(pieces), self._now()
        )
        return recut.source_cursor

    async def facts(self) -> StreamFacts:
        """The stream as it is."""
        return await self._js.describe(self._plan.stream)

    async def begin_anew(self) -> StreamFacts:
        """Changes are missing from the stream: every shop has to take a new snapshot."""
        facts = await self._js.describe(self._plan.stream)
        plan = self._plan.streams()[0]
        metadata = {**facts.metadata, cursors.EPOCH_KEY: self._now().isoformat()}
        metadata = {key: value for key, value in metadata.items() if not key.startswith("_nats.")}
        await self._js.create(replace(plan, metadata=metadata))
        return await self.facts()

    def _message(self, change: Change, message_id: str, cursor: str) -> Outgoing:
        subject = names.change(self._plan.subject, self._scope, change.collection)
        return Outgoing(subject, _encode(change), message_id, {SOURCE_CURSOR: cursor})


class _Recut:
    """A snapshot with another cursor in its last line; memory stays flat."""

    def __init__(self, cursor: str) -> None:
        self._cursor = cursor
        self.source_cursor = ""

    async def pieces(self, source: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """The stream anew. Raises TransportError when the source's is not complete."""
        decompressor = zstandard.ZstdDecompressor().decompressobj()
        compressor = zstandard.ZstdCompressor(level=SNAPSHOT_ZSTD_LEVEL).compressobj()
        held = b""  # the last line so far, and what is not a line yet
        try:
            async for piece in source:
                text = held + decompressor.decompress(piece)
                cut = text.rfind(b"\n", 0, text.rfind(b"\n")) + 1
                yield compressor.compress(text[:cut])
                held = text[cut:]
        except zstandard.ZstdError as error:
            raise TransportError("the source's snapshot is no zstd stream") from error
        yield compressor.compress(self._last_line(held)) + compressor.flush()

    def _last_line(self, line: bytes) -> bytes:
        try:
            end: dict[str, Any] = orjson.loads(line)
            self.source_cursor = str(end["cursor"])
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise TransportError("the source's snapshot breaks off") from error
        return orjson.dumps({**end, "cursor": self._cursor}) + b"\n"


def _encode(change: Change) -> bytes:
    entry: dict[str, Any] = {"collection": change.collection, "key": change.key, "op": change.op}
    if change.doc is not None:
        entry["doc"] = change.doc
    if change.confirms is not None:
        entry["confirms"] = change.confirms
    if change.version != 1:
        entry["v"] = change.version
    return orjson.dumps(entry)
