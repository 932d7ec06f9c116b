"""Storing messages so that their order survives whatever fails.

Messages published one behind another without waiting are not safe: the server may refuse one (a
full stream, an election) and take the next. So either a whole run is stored or nothing of it (an
atomic batch, nats-server 2.12), or one message is under way at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from sync.errors import PostponedError, TransportError
from sync.jetstream.port import (
    MAX_ATOMIC,
    MESSAGE_ID,
    Code,
    JetStream,
    Outgoing,
    RefusedError,
    Stored,
)

DEADLINE_S = 15.0  # an outage must show within 20 s
FULL_RETRY_S = 30.0  # a full stream is emptied by people, or by a platform that catches up
MOST_SINGLE = 100  # answered at once at most, so that progress is kept
WHILE_BUSY = 10  # sent singly where too many batches are under way, before another one is tried
FULL = frozenset({Code.STREAM_FULL, Code.STORAGE_FULL})
BUSY = frozenset({Code.BATCH_INCOMPLETE, Code.TOO_MANY_BATCHES})


class Outcome(Enum):
    """What became of one message."""

    STORED = auto()
    DUPLICATE = auto()
    TOO_LARGE = auto()


@dataclass(slots=True)
class OrderedStore:
    """Stores runs of messages of one stream.

    `atomic` is whether the stream takes batches. Only what `own_subjects` cover is stored here.
    """

    js: JetStream
    stream: str
    own_subjects: str
    atomic: bool = True
    deadline_s: float = DEADLINE_S

    async def store(self, messages: Sequence[Outgoing]) -> list[Outcome]:
        """Store a prefix of `messages`, at least one; what became of each.

        Raises TransportError when nothing is known of any; PostponedError when the stream is full.
        """
        run = messages[:MAX_ATOMIC]
        if len(run) == 1 or not self.atomic:
            return await self._one_by_one(run)
        try:
            await self.js.store(run, self.deadline_s)
        except RefusedError as error:
            if error.code in FULL:
                raise _full(error) from error
            if error.code == Code.BATCH_HAS_DUPLICATE and (again := await self._repeated(run)):
                return again
            if error.code in BUSY:
                return await self._one_by_one(run[:WHILE_BUSY])
            return await self._one_by_one(run)  # one of them is at fault: the answer names none
        return [Outcome.STORED] * len(run)

    async def _repeated(self, run: Sequence[Outgoing]) -> list[Outcome]:
        """The head of the run that an earlier exchange stored, its answer lost; [] = not found.

        Each is stored again for itself, so a mistake here can only cost order, never a message.
        """
        try:
            last = await self.js.last(self.stream, self.own_subjects)
        except TransportError:
            return []  # no right to look: one by one is slower and as good
        newest = last.headers.get(MESSAGE_ID) if last else None
        ids = [message.id for message in run]
        if newest not in ids:
            return []
        head = run[: ids.index(newest) + 1]
        return [_outcome(stored) for stored in await self.js.repeat(head, self.deadline_s)]

    async def _one_by_one(self, run: Sequence[Outgoing]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for message in run[:MOST_SINGLE]:
            try:
                outcomes.append(await self._single(message))
            except TransportError:
                if outcomes:
                    break  # these are known; the next call meets the error again
                raise
        return outcomes

    async def _single(self, message: Outgoing) -> Outcome:
        try:
            return _outcome(await self.js.store((message,), self.deadline_s))
        except RefusedError as error:
            if error.code == Code.MESSAGE_TOO_LARGE:
                return Outcome.TOO_LARGE
            if error.code in FULL:
                raise _full(error) from error
            raise


def _outcome(stored: Stored) -> Outcome:
    return Outcome.DUPLICATE if stored.is_duplicate else Outcome.STORED


def _full(error: RefusedError) -> PostponedError:
    return PostponedError(
        f"the stream is full: {error}",
        hint="The platform reads too slowly, or the stream needs more room; nothing is lost.",
        retry_after_s=FULL_RETRY_S,
    )
