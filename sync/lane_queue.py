"""One lane of one transport in memory: what was read ahead, how far it is decided, its pauses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from random import Random

from sync.backoff import Backoff
from sync.outbox import Lane, OutboxRow
from sync.transports.base import EventResult, ResultStatus

# An event that is wanted "later" so often in a row and for so long is taken for "never": until
# then it may be another shop's event that the receiver waits for.
MAX_DEFERRALS = 8
MIN_PATIENCE_S = 3600.0

_status = attrgetter("status")
Refused = tuple[OutboxRow, EventResult]


@dataclass(frozen=True, slots=True)
class Judged:
    """What is decided and not yet durable: the lane is done up to `up_to_seq`.

    `stale` counts those that were passed over.
    """

    lane: Lane
    up_to_seq: int
    refused: Sequence[Refused]
    stale: int


class LaneQueue:
    """Rows stay here until they are decided, so that nothing is skipped whatever happens."""

    def __init__(self, lane: Lane, random: Random) -> None:
        """Nothing is read, and the file says where to begin."""
        self.lane = lane
        self.deferral = Deferral(random)
        self.reached: int | None = None  # decided up to here; may be ahead of the file
        self.rows: Sequence[OutboxRow] = ()
        self.stale: frozenset[int] = frozenset()
        self.has_more = True  # behind `rows`, as far as is known

    @property
    def end(self) -> int | None:
        """The last `seq` that is read; None = the file knows."""
        return self.rows[-1].seq if self.rows else self.reached

    def add(self, rows: Sequence[OutboxRow], stale: frozenset[int], asked_for: int) -> None:
        """Take in what was read behind `end`."""
        self.rows = [*self.rows, *rows]
        self.stale |= stale
        self.has_more = len(rows) >= asked_for

    def fresh(self, rows: Sequence[OutboxRow]) -> Sequence[OutboxRow]:
        """Those of `rows` that are worth sending."""
        return [row for row in rows if row.seq not in self.stale] if self.stale else rows

    def forget(self, *, reached: int | None) -> None:
        """Let go of what was read; it is read again behind `reached`."""
        self.rows, self.stale, self.has_more = (), frozenset(), True
        self.reached = reached

    def judge(
        self, sent: Sequence[OutboxRow], results: Sequence[EventResult], at_s: float
    ) -> Judged | None:
        """Take in the answers to the head of the queue; what is decided now.

        Give up order nowhere: it ends before an event that is wanted later, and if that is the
        first one, the lane pauses.
        """
        done, refused, is_wanted_later = self._read_answers(sent, results, at_s)
        judged = None
        if done:
            decided = self.rows[:done]
            stale = sum(row.seq in self.stale for row in decided) if self.stale else 0
            self.reached = decided[-1].seq
            judged = Judged(self.lane, self.reached, refused, stale)
            self.rows = self.rows[done:]
            if not self.rows:
                self.stale = frozenset()
        elif is_wanted_later:
            self.deferral.begin(self.rows[0], at_s)
            self.forget(reached=self.reached)
        return judged

    def _read_answers(
        self, sent: Sequence[OutboxRow], results: Sequence[EventResult], at_s: float
    ) -> tuple[int, list[Refused], bool]:
        """How many rows are decided, which are refused, and whether the next is wanted later.

        A row that is passed over is decided without an answer.
        """
        refused: list[Refused] = []
        if not self.stale and ResultStatus.REJECTED not in map(_status, results):
            return len(results), refused, False  # the usual case, at the speed of C
        answers = iter(results)
        for done, row in enumerate(sent):
            if row.seq in self.stale:
                continue
            result = next(answers, None)
            if result is None:
                return done, refused, False
            if not result.delivered:
                if not (result.permanent or self.deferral.is_worn_out(row, at_s)):
                    return done, refused, True
                refused.append((row, result))
        return len(sent), refused, False


class Deferral:
    """The pause of a lane whose next event the receiver wants later. Times are monotonic."""

    def __init__(self, random: Random) -> None:
        """Nothing is deferred."""
        self._backoff = Backoff(random)
        self._event_id: str | None = None
        self._times = 0
        self._since_s = 0.0
        self.until_s = float("-inf")

    def begin(self, row: OutboxRow, at_s: float) -> None:
        """`row` is wanted later: wait a while."""
        if row.id != self._event_id:
            self._event_id, self._times, self._since_s = row.id, 0, at_s
        self._times += 1
        self.until_s = at_s + self._backoff.failed(at_s)

    def is_worn_out(self, row: OutboxRow, at_s: float) -> bool:
        """Whether this event was wanted later too often, for too long."""
        is_it = row.id == self._event_id and self._times >= MAX_DEFERRALS
        return is_it and at_s - self._since_s >= MIN_PATIENCE_S

    def announce(self, window_s: float) -> None:
        """The receiver's reconnect window holds for these pauses too."""
        self._backoff.announce(window_s)
