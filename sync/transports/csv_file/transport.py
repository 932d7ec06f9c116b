"""Events into one file a business day, each exactly once.

What is sent is durable in the ledger at once and stands in a file when its day is over. A file is
complete when its checksum stands beside it, and never changes again: what comes later for a day
goes into a further file of that day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sync.errors import TransportError
from sync.outbox import OutboxRow
from sync.ports import Ledger
from sync.transports.base import EventResult, ResultStatus
from sync.transports.csv_file import tables
from sync.transports.csv_file.columns import Shop, line
from sync.transports.csv_file.publishing import Publisher
from sync.transports.csv_file.tables import Line
from sync.transports.happened import happened_at

MAX_EVENTS = 500
# No box that runs this release is earlier or later: until its clock is set it knows no date.
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
LATEST = datetime(2046, 1, 1, tzinfo=UTC)
OLDEST = timedelta(days=400)  # what says it is older was written by a clock that was wrong


@dataclass(frozen=True, slots=True)
class Calendar:
    """What day it is for the shop: `begins` after midnight in `zone`.

    A day is over `patience` after its end, so that what was under way still comes into its file.
    """

    zone: ZoneInfo
    begins: timedelta
    patience: timedelta

    def day(self, moment: datetime) -> date:
        """The business day of a moment."""
        return (moment.astimezone(self.zone).replace(tzinfo=None) - self.begins).date()

    def day_to_keep_open(self, now: datetime) -> date:
        """The first day that is not over yet."""
        return self.day(now - self.patience)


class CsvTransport:
    """Keeps lines in the ledger and publishes finished days."""

    reconnect_window_s: float | None = None
    server_time: datetime | None = None

    def __init__(  # noqa: PLR0913, PLR0917  each is one thing to know about the shop
        self,
        name: str,
        shop: Shop,
        calendar: Calendar,
        ledger: Ledger,
        publisher: Publisher,
        now: Callable[[], datetime],
    ) -> None:
        """`now` is true time as well as it is known: the day must be the shop's."""
        self._name = name
        self._shop = shop
        self._calendar = calendar
        self._ledger = ledger
        self._publisher = publisher
        self._now = now
        self._is_behind = False  # a finished day could not be written

    async def send(self, batch: Sequence[OutboxRow]) -> list[EventResult]:
        """Keep the head of `batch`; see `Transport.send`.

        No day is published here: of a long backlog each day shall be one file.
        """
        now = self._known_date()
        if self._is_behind:
            await self.tend()  # what cannot be written must not pile up in the ledger either
        await self._publisher.check()
        rows = batch[:MAX_EVENTS]
        lines = {row.id: one for row in rows if (one := self._line(row, now)) is not None}
        known = await self._ledger.write(
            partial(tables.take, transport=self._name, lines=list(lines.values()))
        )
        return [_answer(row, is_line=row.id in lines, is_known=row.id in known) for row in rows]

    async def tend(self) -> None:
        """Publish the days that are over. Raises TransportError."""
        now = self._known_date()
        self._is_behind = True
        await self._publisher.check()
        await self._publisher.publish(self._calendar.day_to_keep_open(now))
        self._is_behind = False

    async def close(self) -> None:
        """Let the disk go."""
        self._publisher.close()

    def _known_date(self) -> datetime:
        now = self._now()
        if not EARLIEST <= now <= LATEST:
            raise TransportError(
                "the box does not know the date",
                hint="Let NTP set the clock, or fit a real-time clock; the events wait.",
            )
        return now

    def _line(self, row: OutboxRow, now: datetime) -> Line | None:
        moment = happened_at(row)
        if not -OLDEST <= moment - now <= timedelta():
            moment = now  # by a clock that was wrong, and nobody knows by how much
        day = self._calendar.day(moment)
        try:
            text = line(row, day, self._shop)
        except ValueError:
            return None
        return Line(self._shop.epoch, row.lane, row.seq, row.id, day, text)


def _answer(row: OutboxRow, *, is_line: bool, is_known: bool) -> EventResult:
    if not is_line:
        reason = "the event's data is not JSON"
        return EventResult(row.id, ResultStatus.REJECTED, "unreadable", reason, permanent=True)
    status = ResultStatus.DUPLICATE if is_known else ResultStatus.ACCEPTED
    return EventResult(row.id, status)
