"""The platform's documents over NATS: changes from a stream, the first copy from an object store.

A change is one message at `feed.<scope>.<collection>`, the JSON of an entry of the HTTP feed. A
scope is `all`, or one store. The position is the shop's own; the server keeps nothing of a shop.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import datetime

import orjson
from pydantic import Field

from sync.errors import CursorLostError, TransportError
from sync.feed import Change, ChangesPage, change_of
from sync.jetstream import cursors, names, objects
from sync.jetstream.line import NatsLine
from sync.jetstream.port import JetStream, Message, StreamFacts, Tail
from sync.jetstream.settings import LineSettings
from sync.snapshots import SnapshotPiece, SnapshotPosition
from sync.transports.table import Surroundings

PAGE = 500
SETTLE_EVERY_S = 300.0  # how often the stream itself is asked: for its time, and how far it is
WINDOW_KEY = "reconnect_window_s"
OWN = "own"  # the scope of the store that reads


class Settings(LineSettings):
    """Where documents come from."""

    stream: str = Field(names.FEED, pattern=r"^[A-Za-z0-9_-]+$", description="the changes")
    subject: str = Field("feed", pattern=r"^[A-Za-z0-9_-]+$", description="first word of subjects")
    bucket: str = Field(names.SNAPSHOTS, pattern=r"^[A-Za-z0-9_-]+$", description="the snapshots")
    scopes: tuple[str, ...] = Field(
        (names.ALL,), min_length=1, description='"all", and "own" for documents of this store only'
    )


def build(settings: Settings, around: Surroundings) -> NatsFeed:
    """See `sync.transports.table`."""
    line = NatsLine(settings, around.store_id)
    return NatsFeed(line, settings, around.store_id, around.monotonic)


class NatsFeed:
    """See `Feed`."""

    def __init__(
        self,
        js: JetStream,
        settings: Settings,
        store_id: str,
        monotonic: Callable[[], float],
    ) -> None:
        """Speak for one store."""
        self._js = js
        self._settings = settings
        self._scopes = [store_id if scope == OWN else scope for scope in settings.scopes]
        self._filters = [names.changes_of(settings.subject, scope) for scope in self._scopes]
        self._monotonic = monotonic
        self._reading: _Reading | None = None

    async def changes(self, cursor: str, wait_s: float) -> ChangesPage:
        """See `Feed.changes`."""
        try:
            return await self._next_page(cursor, wait_s)
        except BaseException:
            self._reading = None
            raise

    async def snapshot(
        self, position: SnapshotPosition | None = None
    ) -> AsyncGenerator[SnapshotPiece, None]:
        """The newest snapshot of this store, or else of all stores."""
        found = None
        for scope in reversed(self._scopes):
            found = found or await objects.find(self._js, self._settings.bucket, scope)
        if found is None:
            raise TransportError(
                f"there is no snapshot in the bucket {self._settings.bucket}",
                hint="Has the platform's publisher run? See docs/nats.md.",
            )
        async for piece in objects.read(self._js, found, position):
            yield piece

    async def close(self) -> None:
        """Close the line."""
        await self._js.close()

    async def _next_page(self, cursor: str, wait_s: float) -> ChangesPage:
        reading = self._reading
        if reading is None or reading.cursor != cursor:
            reading = await self._open(cursor)
        messages = await reading.tail.fetch(PAGE, wait_s)
        reading.advance(self._filters, messages)
        server_time = None
        if reading.up_to_date and reading.settles_at_s <= self._monotonic():
            server_time = await self._settle(reading)
        self._reading = reading
        changes = tuple(change for m in messages if (change := _change(m)) is not None)
        return ChangesPage(
            changes,
            reading.cursor,
            reading.up_to_date,
            server_time,
            _window_s(reading.facts),
            malformed=len(messages) - len(changes),
        )

    async def _open(self, cursor: str) -> _Reading:
        facts = await self._js.describe(self._settings.stream)
        positions = cursors.positions_of(cursor, facts, len(self._scopes))
        filters = list(zip(self._filters, positions, strict=True))
        tail = await self._js.tail(self._settings.stream, filters)
        return _Reading(tail, facts, positions)

    async def _settle(self, reading: _Reading) -> datetime | None:
        """Learn the server's time, and that nothing of these scopes is behind its last message."""
        facts = await self._js.describe(self._settings.stream)
        if cursors.identity_of(facts) != cursors.identity_of(reading.facts):
            raise CursorLostError("the feed began anew")
        reading.facts = facts
        reading.positions = list(await reading.tail.settle(facts.last_seq))
        reading.settles_at_s = self._monotonic() + SETTLE_EVERY_S
        return facts.server_time


class _Reading:
    """A tail and how far it is."""

    def __init__(self, tail: Tail, facts: StreamFacts, positions: Sequence[int]) -> None:
        self.tail = tail
        self.facts = facts
        self.positions = list(positions)
        self.up_to_date = False
        self.settles_at_s = float("-inf")

    @property
    def cursor(self) -> str:
        return cursors.cursor_at(self.facts, self.positions)

    def advance(self, filters: Sequence[str], messages: Sequence[Message]) -> None:
        """Take note of what was fetched."""
        pending = dict.fromkeys(filters, 0)
        for message in messages:
            for number, subjects in enumerate(filters):
                if message.subject.startswith(subjects.removesuffix(">")):
                    self.positions[number] = message.seq
                    pending[subjects] = message.pending
        self.up_to_date = len(messages) < PAGE and not any(pending.values())


def _change(message: Message) -> Change | None:
    try:
        return change_of(orjson.loads(message.body))
    except orjson.JSONDecodeError:
        return None


def _window_s(facts: StreamFacts) -> float | None:
    try:
        return float(facts.metadata.get(WINDOW_KEY, ""))
    except ValueError:
        return None
