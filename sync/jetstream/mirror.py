"""Mirrors any platform's feed into NATS, so that a fleet reads it there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from sync.errors import CursorLostError
from sync.feed import Feed
from sync.jetstream.places import Place, Places
from sync.jetstream.publishing import FeedPublisher

LONG_POLL_S = 25.0
PLACE = "feed"  # how far the stream was when a page was last published
SNAPSHOT_EVERY_S = 6 * 3600.0  # a new shop then replays at most the changes of some hours


class FeedMirror:
    """Follows `source` and publishes what it says, as the only publisher of the stream.

    One step at a time, each safe to repeat.
    """

    def __init__(
        self,
        source: Feed,
        publisher: FeedPublisher,
        places: Places,
        monotonic: Callable[[], float],
        snapshot_every_s: float = SNAPSHOT_EVERY_S,
    ) -> None:
        """`places` is where it notices that a server lost what it had acknowledged."""
        self._source = source
        self._publisher = publisher
        self._places = places
        self._monotonic = monotonic
        self._every_s = snapshot_every_s
        self._cursor: str | None = None
        self._snapshot_due_s = float("-inf")

    async def step(self, wait_s: float = LONG_POLL_S) -> bool:
        """Publish the next page, or a snapshot where one is due; whether anything was published.

        Raises TransportError.
        """
        if self._cursor is None:
            self._cursor = await self._begin()
        try:
            page = await self._source.changes(self._cursor, wait_s)
        except CursorLostError:
            await self._start_over()
            return True
        if page.changes:
            await self._publisher.publish(page.changes, self._cursor, page.cursor)
            if not await self._is_whole(len(page.changes)):
                await self._start_over()
                return True
        self._cursor = page.cursor
        if page.up_to_date and self._monotonic() >= self._snapshot_due_s:
            await self._publish_snapshot()
            return True
        return bool(page.changes)

    async def _begin(self) -> str:
        """Where the source is read on: as the stream remembers it, if that can be believed."""
        cursor = await self._publisher.source_cursor() if await self._is_whole(0) else None
        return cursor if cursor is not None else await self._start_over()

    async def _is_whole(self, published: int) -> bool:
        """Whether the stream holds what it held and so many more; then take note of where it is."""
        facts = await self._publisher.facts()
        place = await asyncio.to_thread(self._places.of, PLACE)
        if place is not None and (
            place.identity != facts.identity or facts.last_seq < place.seq + published
        ):
            return False
        now = Place(facts.identity, facts.last_seq, facts.last_ns)
        if now != place:
            await asyncio.to_thread(self._places.note, PLACE, now)
        return True

    async def _start_over(self) -> str:
        """The stream lacks changes: every shop takes the snapshot that is published now."""
        self._cursor = None
        facts = await self._publisher.begin_anew()
        self._cursor = await self._publish_snapshot()
        place = Place(facts.identity, facts.last_seq, facts.last_ns)
        await asyncio.to_thread(self._places.note, PLACE, place)
        return self._cursor

    async def _publish_snapshot(self) -> str:
        async with aclosing(self._source.snapshot()) as pieces:

            async def data() -> AsyncGenerator[bytes, None]:
                async for piece in pieces:
                    yield piece.data

            cursor = await self._publisher.snapshot(data())
        self._snapshot_due_s = self._monotonic() + self._every_s
        return cursor
