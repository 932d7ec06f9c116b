"""What `sync` needs of storage: the ledger's outbox, and the cache it fills."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from store_agent.clock import Clock, boot_id
from store_agent.redemption import moment
from store_agent.redemption.moment import PlatformTime
from store_agent.storage import (
    Connection,
    Storage,
    View,
    changes,
    clients,
    consents,
    fences,
    notes,
    persons,
    preferences,
    redemptions,
    scope,
    tasks,
    touches,
    visits,
)
from store_agent.storage.errors import SnapshotFailed
from sync.errors import TransportError
from sync.feed import Change, ChangeOp
from sync.snapshots import SnapshotPiece, SnapshotPosition

POSITIONS = "positions"
RIGHTS = frozenset({"lots", "offers", "vouchers"})
PAGES_REMEMBERED = 64  # a look-up takes seconds at most, and so many pages much longer
LOOKED_UP_KEPT = timedelta(days=30)  # after the last reason to know somebody's full profile
T = TypeVar("T")


class SyncLedger:
    """Implements `sync.ports.Ledger`."""

    def __init__(self, storage: Storage) -> None:
        """Over one storage."""
        self._storage = storage

    async def write(self, fn: Callable[[Connection], T], /) -> T:
        """One durable transaction. Acknowledging is what makes room on a full disk."""
        return await self._storage.write(fn, is_upkeep=True)

    async def read(self, fn: Callable[[Connection], T], /) -> T:
        """On a read-only connection."""
        return await self._storage.read(lambda view: fn(view.ledger), is_long=True)


class SyncCache:
    """Implements `sync.ports.Cache`. `changed` is told which customers changed (None = all).

    `positions` takes the fixes that come with the feed: they are passed on and never stored.
    `rights` is called when lots or vouchers may have changed.
    """

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        changed: Callable[[frozenset[str] | None], None],
        positions: Callable[[Sequence[Mapping[str, object]]], Awaitable[None]],
        rights: Callable[[], Awaitable[None]],
    ) -> None:
        """Over one storage."""
        self._boot_id = boot_id()
        self._positions = positions
        self._rights = rights
        self._storage = storage
        self._clock = clock
        self._changed = changed
        self._is_tidy = False
        self._page = 0
        self._pages: deque[tuple[int, frozenset[tuple[str, str]] | None]] = deque(
            maxlen=PAGES_REMEMBERED
        )
        self.census = changes.Census()

    async def cursor(self) -> str | None:
        """The feed position, or None before the first snapshot."""
        return await self._storage.read(lambda view: changes.cursor(view.cache))

    async def as_of(self) -> datetime | None:
        """When the copy was last known to be up to date."""
        return await self._storage.read(lambda view: changes.as_of(view.cache))

    async def apply(
        self, news: Sequence[Change], cursor: str, server_time: datetime | None = None, /
    ) -> None:
        """Apply, let go of the local changes the news confirms, and only then move the cursor.

        In this order a crash at any point repeats the page, which changes nothing twice; a local
        withdrawal overlays the cache until the cache itself says the same.
        """
        fixes = [change.doc for change in news if change.collection == POSITIONS and change.doc]
        news = [change for change in news if change.collection != POSITIONS]
        translated = [_translated(change) for change in news]
        now, here = self._clock.now(), await self.cursor()
        # News that confirms something, or comes with positions, is applied at the old position.
        is_first = any(change.confirms for change in news) or bool(fixes)
        reached = here if is_first and here else cursor
        self._note_page(news)
        applied = await self._storage.write_cache(
            lambda tx: changes.apply(tx, translated, reached, now, since=here)
        )
        if applied.confirmed:  # never what was quarantined: the cache does not say it yet
            await self._confirm(applied.confirmed)
        if fixes:  # after the consents that came with them
            await self._positions(fixes)
        if reached != cursor:
            await self._storage.write_cache(
                lambda tx: changes.apply(tx, (), cursor, now, since=reached)
            )
        if any(change.collection in RIGHTS for change in news):
            await self._rights()
        if not self._is_tidy:  # a cursor that works: no snapshot is on its way
            await self._storage.forget_snapshot()
            self._is_tidy = True
        if server_time is not None:
            await self._tell_time(PlatformTime(server_time, self._boot_id))
        if news:
            await self._count()
            self._changed(_customers(news))

    def mark(self) -> int:
        """The page the feed is at; what is asked for now is not older."""
        return self._page

    async def take(self, documents: Sequence[Change], mark: int, /) -> None:
        """Put in what a look-up brought, less what the feed has brought since it was asked."""
        translated = [_translated(one) for one in documents if self._is_news(one, mark)]
        if not translated:
            return
        now = self._clock.now()
        await self._storage.write_cache(lambda tx: changes.take(tx, translated, now))
        if any(change.collection in RIGHTS for change in translated):
            await self._rights()
        self._changed(frozenset(_owners(documents)))

    def _note_page(self, news: Sequence[Change]) -> None:
        """Remember what a page is about; a merge is about documents it does not name."""
        self._page += 1
        has_merge = any(change.op is ChangeOp.MERGE for change in news)
        keys = None if has_merge else frozenset((one.collection, one.key) for one in news)
        self._pages.append((self._page, keys))

    def _is_news(self, document: Change, mark: int) -> bool:
        """Whether no page since `mark` can have brought this document in a later form."""
        later = [keys for page, keys in self._pages if page > mark]
        is_all_remembered = len(later) == self._page - mark
        key = (document.collection, document.key)
        return is_all_remembered and all(keys is not None and key not in keys for keys in later)

    async def release_strangers(self) -> int:
        """Make stubs of those who were looked up and have had no reason to be full here since."""
        before = self._clock.now() - LOOKED_UP_KEPT

        def find(view: View) -> list[str]:
            return [
                customer_id
                for customer_id in scope.looked_up_before(view.cache, before)
                if not visits.seen_since(view.ledger, customer_id, before)
            ]

        strangers = await self._storage.read(find, is_long=True)
        if strangers:
            await self._storage.write_cache(lambda tx: scope.shrink(tx, strangers))
            self._changed(frozenset(strangers))
        return len(strangers)

    async def read_again(self) -> None:
        """After an update: take up what the earlier release could not read."""
        if await self._storage.write_cache(changes.read_again):
            self._changed(None)
        await self._count()

    async def _count(self) -> None:
        self.census = await self._storage.read(lambda view: changes.census(view.cache))

    async def _tell_time(self, told: PlatformTime) -> None:
        """By the platform's clock rights end, whatever the box's own has done meanwhile."""
        now = self._clock.now()
        if await self._storage.read(lambda view: moment.is_news(view.ledger, told, now)):
            await self._storage.write(lambda tx: moment.trust(tx, told))

    async def _confirm(self, event_ids: Sequence[str]) -> None:
        def confirm(tx: Connection) -> None:
            for event_id in event_ids:
                consents.confirm(tx, event_id)
                persons.confirm(tx, event_id)
                fences.confirm(tx, event_id)
                notes.confirm(tx, event_id)
                tasks.confirm(tx, event_id)
                touches.confirm(tx, event_id)
                clients.confirm(tx, event_id)
                preferences.confirm(tx, event_id)
                redemptions.confirm_points(tx, event_id)

        await self._storage.write(confirm)

    async def snapshot_position(self) -> SnapshotPosition | None:
        """How much of an interrupted snapshot is here."""
        return await self._storage.snapshot_position()

    async def import_snapshot(
        self, pieces: AsyncIterator[SnapshotPiece], progress: Callable[[int, int], None], /
    ) -> str:
        """Replace the cache; readers go on until the swap. Raises TransportError."""
        try:
            cursor = await self._storage.import_snapshot(pieces, progress)
        except SnapshotFailed as error:  # the next attempt must not come before others have theirs
            raise TransportError(str(error), hint=error.hint) from error
        self._page += 1
        self._pages.clear()  # what was asked for before this may be older than all of it
        await self._count()
        await self._rights()
        self._changed(None)
        return cursor


def _translated(change: Change) -> changes.Change:
    doc = dict(change.doc) if change.doc is not None else None
    return changes.Change(
        change.collection, change.key, change.op.value, doc, change.confirms, change.version
    )


def _customers(news: Sequence[Change]) -> frozenset[str] | None:
    """The customers a page of changes is about, or None when it is about everybody."""
    if any(c.collection != "customers" for c in news):
        return None
    return frozenset(c.key for c in news)


def _owners(documents: Sequence[Change]) -> Iterator[str]:
    """Whose documents these are."""
    for one in documents:
        owner = one.key if one.collection == "customers" else (one.doc or {}).get("customer_id")
        if isinstance(owner, str):
            yield owner
