"""When did it really happen? The box's wall clock may be years off, and may be set while it runs.

A **clock segment** is a stretch of one boot in which the wall clock ran evenly: wall minus
monotonic, its `skew`, stayed the same. Each row of the outbox carries the segment it was written
in. Once the platform tells its time, true time is known for the whole boot, for whatever the wall
clock had been set to before: the monotonic clock ties the segments of a boot together.

    platform - monotonic  =  base                     one number per boot, told by the platform
    offset of a segment   =  base - skew              platform minus wall clock
    true time of a row    =  occurred_at + offset     None until the boot was told

All sums are whole milliseconds. Nobody here reads a clock: a look at both clocks comes in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sync.outbox import Connection

# NTP slews both clocks alike and steps the wall clock only, by more than 0.1 s; two seconds are
# far above what reading the two clocks one after the other may cost.
STEP_MS = 2_000
# A cheap crystal is off by up to 100 millionths, and a cold shop adds some.
DRIFT = 200e-6
# An answer on a slow line says a time that has passed: a later word counts at once, an earlier one
# only beyond LAG_MS. No answer is waited for longer than DELAY_MS.
LAG_MS = 3_000
NEWS_MS = 250
DELAY_MS = 40_000
RENEWED_MS = 6 * 3_600_000  # drift is counted from the last word that was kept
SEGMENTS_KEPT = 4_096  # a clock that is set every minute must not fill the ledger
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)

MIGRATIONS: tuple[tuple[str, str], ...] = (
    (
        "true_time_001_clocks",
        """
        CREATE TABLE outbox_clocks (
            n INTEGER PRIMARY KEY,
            boot_id TEXT NOT NULL,
            began_ms INTEGER NOT NULL,
            skew_ms INTEGER NOT NULL,
            offset_ms INTEGER,
            told_ms INTEGER
        ) STRICT;
        """,
    ),
)


@dataclass(frozen=True, slots=True)
class BoxTime:
    """One look at the box's clocks. `monotonic_s` counts from the start of boot `boot_id`."""

    boot_id: str
    wall: datetime
    monotonic_s: float

    @property
    def monotonic_ms(self) -> int:
        """The monotonic clock in whole milliseconds."""
        return round(self.monotonic_s * 1000)

    @property
    def skew_ms(self) -> int:
        """Wall clock minus monotonic clock."""
        return to_ms(self.wall) - self.monotonic_ms


class Segment(NamedTuple):
    """One stretch in which the wall clock ran evenly. `began_ms` is by that wall clock.

    `offset_ms` is platform minus wall clock, told when the monotonic clock stood at `told_ms`.
    """

    n: int
    boot_id: str
    began_ms: int
    skew_ms: int
    offset_ms: int | None = None
    told_ms: int | None = None

    @property
    def offset_s(self) -> float | None:
        """Platform minus box, in seconds; None while the platform told nothing in this boot."""
        return None if self.offset_ms is None else self.offset_ms / 1000

    def holds(self, box: BoxTime) -> bool:
        """Whether the wall clock still runs as it did in this segment."""
        return self.boot_id == box.boot_id and abs(self.skew_ms - box.skew_ms) <= STEP_MS


class Base(NamedTuple):
    """Platform minus monotonic clock: the same in a whole boot, but for drift and delay."""

    ms: int
    told_ms: int  # by the monotonic clock


@dataclass(frozen=True, slots=True)
class Told:
    """What the platform's clock said, and the box's own when it was heard."""

    at: datetime
    heard: BoxTime

    @property
    def base(self) -> Base:
        """What it says of the monotonic clock."""
        return Base(to_ms(self.at) - self.heard.monotonic_ms, self.heard.monotonic_ms)


def enter(tx: Connection, box: BoxTime) -> Segment:
    """The segment in which the box is now; opened if the clock was set, or the box started."""
    latest = newest(tx)
    if latest is not None and latest.holds(box):
        return latest
    base = told_base(tx, box.boot_id)
    n = 1 if latest is None else latest.n + 1
    segment = Segment(n, box.boot_id, to_ms(box.wall), box.skew_ms)
    if base is not None:
        segment = segment._replace(offset_ms=base.ms - box.skew_ms, told_ms=base.told_ms)
    tx.execute("INSERT INTO outbox_clocks VALUES (?, ?, ?, ?, ?, ?)", segment)
    tx.execute("DELETE FROM outbox_clocks WHERE n <= ?", (n - SEGMENTS_KEPT,))
    return segment


def tell(tx: Connection, told: Told) -> None:
    """Note the platform's time for the whole boot in which it was heard."""
    enter(tx, told.heard)
    tx.execute(
        "UPDATE outbox_clocks SET offset_ms = ? - skew_ms, told_ms = ? WHERE boot_id = ?",
        (*told.base, told.heard.boot_id),
    )


def newest(conn: Connection) -> Segment | None:
    """The segment that rows are written in; None before the first."""
    row = conn.execute("SELECT * FROM outbox_clocks ORDER BY n DESC LIMIT 1").fetchone()
    return None if row is None else Segment._make(row)


def segments(conn: Connection) -> dict[int, Segment]:
    """All of them, by number. What is missing is so old that nothing is known of it."""
    found = conn.execute("SELECT * FROM outbox_clocks").fetchall()
    return {segment.n: segment for segment in map(Segment._make, found)}


def told_base(conn: Connection, boot_id: str) -> Base | None:
    """What the platform told in that boot; None while it told nothing."""
    row = conn.execute(
        "SELECT skew_ms + offset_ms, told_ms FROM outbox_clocks"
        " WHERE boot_id = ? AND offset_ms IS NOT NULL LIMIT 1",
        (boot_id,),
    ).fetchone()
    return None if row is None else Base._make(row)


def was_ever_told(conn: Connection) -> bool:
    """Whether the platform told its time in any boot that is remembered."""
    row = conn.execute("SELECT 1 FROM outbox_clocks WHERE offset_ms IS NOT NULL LIMIT 1").fetchone()
    return row is not None


class PlatformClock:
    """The platform's clock as this box knows it: what was told, and the time since.

    The two callables read the box; `boot_id` must be another one after each start of the box.
    """

    def __init__(
        self, boot_id: str, wall: Callable[[], datetime], monotonic: Callable[[], float]
    ) -> None:
        """Knows nothing until `recall` or `hears`."""
        self._boot_id = boot_id
        self._wall = wall
        self._monotonic = monotonic
        self._base: Base | None = None

    def look(self) -> BoxTime:
        """The box's own clocks now."""
        return BoxTime(self._boot_id, self._wall(), self._monotonic())

    def recall(self, conn: Connection) -> None:
        """Take up what an earlier process heard in this boot."""
        if self._base is None:
            self._base = told_base(conn, self._boot_id)

    def hears(self, server_time: datetime) -> Told | None:
        """Call at once when an answer with the platform's time has come.

        What is worth keeping is returned, for `tell` in a transaction; None is the usual answer.
        """
        told = Told(server_time, self.look())
        if self._base is not None:
            later_ms = told.base.ms - self._base.ms
            is_recent = told.base.told_ms - self._base.told_ms < RENEWED_MS
            if is_recent and -LAG_MS <= later_ms < NEWS_MS:
                return None
        self._base = told.base
        return told

    def now(self) -> datetime | None:
        """The platform's time; None until it was told in this boot."""
        if self._base is None:
            return None
        return from_ms(self._base.ms + self.look().monotonic_ms)

    def least_age_s(self, occurred_at: datetime, segment: Segment | None) -> float | None:
        """How many seconds ago it happened at least; None when nobody can know.

        Never more than the truth: delay, steps and drift are taken off. In the present boot the
        monotonic clock knows it without the platform.
        """
        at_ms = to_ms(occurred_at)
        if segment is None or at_ms < segment.began_ms - STEP_MS:
            return None  # it was not read from this segment's clock
        now_ms = self.look().monotonic_ms
        then_ms = at_ms - segment.skew_ms  # by the monotonic clock of its own boot
        if segment.boot_id == self._boot_id:
            age_ms = now_ms - then_ms
            return (age_ms - DRIFT * abs(age_ms) - STEP_MS) / 1000
        base = self._base
        if base is None or segment.offset_ms is None or segment.told_ms is None:
            return None
        age_ms = base.ms + now_ms - (at_ms + segment.offset_ms)
        drifted_ms = DRIFT * (now_ms - base.told_ms + abs(then_ms - segment.told_ms))
        return (age_ms - drifted_ms - STEP_MS - DELAY_MS) / 1000


class ClockWatch:
    """Opens a segment before the first row that belongs to it.

    `look` runs at the beginning of each transaction of the ledger: it costs two readings of a
    clock, and a query only when the clock was set.
    """

    def __init__(self, look: Callable[[], BoxTime]) -> None:
        """`look` reads the box's clocks."""
        self._look = look
        self._known: Segment | None = None

    def __call__(self, tx: Connection) -> None:
        """See whether the wall clock still runs evenly. Never commits."""
        box = self._look()
        if self._known is not None and self._known.holds(box):
            return
        # A segment opened just now is believed only when a later transaction finds it: this one
        # may still be taken back.
        latest = newest(tx)
        self._known = latest if latest is not None and latest.holds(box) else None
        if self._known is None:
            enter(tx, box)


def true_time(occurred_at: datetime, offset_s: float | None) -> datetime | None:
    """When it happened by the platform's clock; None when nobody can know."""
    return None if offset_s is None else occurred_at + timedelta(seconds=offset_s)


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970, of an aware time."""
    return (moment - _EPOCH) // _MS


def from_ms(milliseconds: int) -> datetime:
    """The inverse of `to_ms`."""
    return _EPOCH + timedelta(milliseconds=milliseconds)
