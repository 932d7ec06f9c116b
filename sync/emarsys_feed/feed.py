"""The change feed over Emarsys: a snapshot of a contact list, then what is different from it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import UTC
from secrets import token_hex

from sync.emarsys_feed import people
from sync.emarsys_feed.audience import PAGE, Audience
from sync.emarsys_feed.documents import Reading
from sync.emarsys_feed.loyalty import LoyaltyApi
from sync.emarsys_feed.pulling import Pulling, suspicious
from sync.emarsys_feed.seen import Difference, Seen
from sync.emarsys_feed.settings import Settings
from sync.emarsys_feed.state import State, Work
from sync.emarsys_feed.writer import SnapshotWriter
from sync.errors import CursorLostError, TransportError
from sync.feed import ChangesPage
from sync.ports import Ledger
from sync.snapshots import SnapshotPiece, SnapshotPosition
from sync.transports.emarsys.api import LATER_S

SNAPSHOT_LOOKS = 4  # at a segment's evaluation, before the snapshot goes without it
LOOK_AGAIN_S = 2.0  # how often a waiting shop looks for what look-ups have brought


class EmarsysFeed:
    """See `Feed`. One account, one contact list.

    A restart forgets what was sent: the shop takes a snapshot then, and goes on with the copy it
    has until that is complete. `up_to_date` means that a round through the list has just ended.
    """

    def __init__(  # noqa: PLR0913, PLR0917  the three sources and what is needed to read them
        self,
        audience: Audience,
        loyalty: LoyaltyApi | None,
        ledger: Ledger,
        settings: Settings,
        monotonic: Callable[[], float],
        store: tuple[str, str],
        look_again_s: float = LATER_S,
    ) -> None:
        """`store` are its id and currency; `look_again_s` the pause between looks at a segment."""
        self._audience = audience
        self._loyalty = loyalty
        self._ledger = ledger
        self._settings = settings
        self._monotonic = monotonic
        self._store = store
        self._look_again_s = look_again_s
        self._pulling = Pulling(audience, loyalty, ledger, settings, monotonic)
        self._reading: Reading | None = None
        self._state: State | None = None

    async def changes(self, cursor: str, wait_s: float) -> ChangesPage:
        """See `Feed.changes`."""
        reading = await self._open()
        state = self._state
        if state is None or not state.arrived(cursor):
            raise CursorLostError("what was pulled before is not known any more")
        page = state.page or state.send(await self._work(state, reading, wait_s))
        return ChangesPage(
            tuple(page.work.difference.changes),
            page.after,
            up_to_date=page.work.is_complete,
            server_time=self._audience.told_time,
        )

    async def snapshot(
        self, position: SnapshotPosition | None = None
    ) -> AsyncGenerator[SnapshotPiece, None]:
        """See `Feed.snapshot`; always from the beginning."""
        del position
        reading = await self._open()
        state = State(token_hex(8), Seen())
        ids = await self._all_ids()
        await self._evaluate_all(state)
        state.people_at = await self._ledger.read(people.last)
        writer = SnapshotWriter()
        yield writer.head(len(ids), self._audience.now.astimezone(UTC).isoformat())
        for start in range(0, len(ids), PAGE):
            contacts = await self._audience.contacts(ids[start : start + PAGE])
            found = await self._pulling.compare(state, reading, contacts)
            state.seen.keep(found)
            yield writer.documents(found.changes)
        if not state.seen.count():
            raise suspicious("no contact of the list has a value in the key field")
        state.contacts_due_s = self._monotonic() + self._settings.contacts_every_s
        self._replace(state)
        yield writer.tail(state.cursor)

    async def close(self) -> None:
        """Close the lines."""
        await self._audience.close()
        if self._loyalty is not None:
            await self._loyalty.close()

    async def _open(self) -> Reading:
        self._reading = self._reading or await self._audience.open(*self._store)
        return self._reading

    def _replace(self, state: State) -> None:
        if self._state is not None:
            self._state.seen.close()
        self._state = state

    async def _work(self, state: State, reading: Reading, wait_s: float) -> Work:
        """Work until something is different, a round has ended, or the time is over."""
        ends_s = self._monotonic() + wait_s
        while True:
            try:
                work = await self._pulling.next(state, reading)
            except TransportError as error:
                if error.permanent:
                    self._reading = None  # whoever mends it may change the account's numbers
                raise
            if work is not None and (work.difference.changes or work.is_complete):
                return work
            left_s = ends_s - self._monotonic()
            if left_s <= 0:
                return Work(Difference())
            if work is None:
                await asyncio.sleep(min(left_s, LOOK_AGAIN_S))

    async def _evaluate_all(self, state: State) -> None:
        """Before a snapshot: a segment that takes long comes with the changes."""
        for name in self._settings.segments:
            for look in range(SNAPSHOT_LOOKS):
                if await self._pulling.evaluate(state, name):
                    break
                if look < SNAPSHOT_LOOKS - 1:
                    await asyncio.sleep(self._look_again_s)

    async def _all_ids(self) -> list[int]:
        ids: list[int] = []
        skip: int | None = 0
        while skip is not None:
            page, skip = await self._audience.ids(skip)
            ids += page
        if not ids:
            raise suspicious("the contact list is empty")
        return ids
