"""The lines page of the tablet: what sync says of each line, and what the ledger keeps aside."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Sequence
from functools import partial
from typing import TypeVar

from kiosk_ui.errors import ShopUnavailable
from kiosk_ui.lines import LineRow, LineState, LinesView, RefusedRow
from kiosk_ui.model import Viewer
from store_agent.clock import Clock
from store_agent.domain.errors import Unavailable
from store_agent.storage import Connection, Storage, access_log
from sync import outbox
from sync.outbox import Backlog, Quarantined
from sync.status import TransportStatus
from sync.transports.base import DELIVERY_UNKNOWN
from sync.worker import SyncWorker

LISTED = 50  # more than anybody decides on one by one; the file has them all
PAGE = 200
EXPORTED = "refused events"  # what the access log calls it

T = TypeVar("T")


class TabletLines:
    """Implements `kiosk_ui.lines.Lines`."""

    def __init__(self, storage: Storage, sync: SyncWorker | None, clock: Clock) -> None:
        """Without sync there are no lines."""
        self._storage = storage
        self._sync = sync
        self._clock = clock

    async def look(self) -> LinesView:
        """The lines as sync sees them, and the oldest refused events."""
        if self._sync is None:
            return LinesView()
        lines = self._sync.status().transports
        return await self._storage.read(lambda view: _look(view.ledger, lines))

    async def retry(self, line: str, event_id: str, viewer: Viewer) -> None:
        """Back to the end of that line's queue."""
        del viewer
        if not await self._durable(
            self._storage.write(lambda tx: outbox.retry(tx, event_id, line))
        ):
            raise LookupError(event_id)
        self._send()

    async def retry_all(self, line: str, viewer: Viewer) -> None:
        """In pages: a scan must not wait behind ten thousand."""
        del viewer
        if self._sync is None or line not in {one.name for one in self._sync.status().transports}:
            raise LookupError(line)
        after = 0
        while True:
            held = await self._page(line, after)
            if not held:
                break
            await self._durable(self._storage.write(partial(_retry, held)))
            after = held[-1].n
        self._send()

    async def export(self, viewer: Viewer) -> AsyncIterator[bytes]:
        """JSON lines, page by page; each customer's access log says who took them."""
        after = 0
        while held := await self._page(None, after):
            people = sorted({one.row.subject for one in held if one.row.subject})
            await self._durable(self._storage.write(partial(self._log, people, viewer)))
            yield b"".join(outbox.json_line(one) for one in held)
            after = held[-1].n

    async def _page(self, line: str | None, after: int) -> list[Quarantined]:
        return await self._storage.read(
            lambda view: outbox.quarantined(view.ledger, line, PAGE, after=after), is_long=True
        )

    def _log(self, people: list[str], viewer: Viewer, tx: Connection) -> None:
        now = self._clock.now()
        for customer_id in people:
            access_log.record(tx, now, viewer.staff_id, viewer.device_id, customer_id, EXPORTED)

    def _send(self) -> None:
        if self._sync is not None:
            self._sync.nudge()

    async def _durable(self, work: Awaitable[T]) -> T:
        try:
            return await work
        except Unavailable as error:
            raise ShopUnavailable(str(error), retry_after_s=error.retry_after_s) from error


def _retry(held: list[Quarantined], tx: Connection) -> None:
    for one in held:
        if one.code != DELIVERY_UNKNOWN:
            outbox.retry(tx, one.row.id, one.transport)


def _look(ledger: Connection, lines: Sequence[TransportStatus]) -> LinesView:
    """The numbers are the ledger's own: sync looks at them only now and then."""
    return LinesView(
        tuple(_line(one, outbox.backlog(ledger, one.name)) for one in lines),
        tuple(_refused(one) for one in outbox.quarantined(ledger, limit=LISTED)),
    )


def _line(one: TransportStatus, waiting: Backlog) -> LineRow:
    return LineRow(
        name=one.name,
        state=LineState(one.line),
        since=one.since,
        waiting=waiting.count,
        oldest_at=waiting.oldest_at,
        last_success_at=one.last_success_at,
        refused=waiting.quarantined,
        passed_over=waiting.stale,
        dropped=waiting.dropped,
        reason=one.reason or "",
        hint=one.hint,
    )


def _refused(one: Quarantined) -> RefusedRow:
    return RefusedRow(one.row.id, one.transport, one.row.type, one.at, one.code, one.reason)
