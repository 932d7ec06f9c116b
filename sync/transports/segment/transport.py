"""Events to Segment, RudderStack and what else speaks their batch dialect, over HTTP/1.1.

Receivers dedupe on `messageId` for a day or a week, so the id is the event's own, always. Segment
answers 200 to nearly everything, RudderStack in plain text; what answers otherwise is no receiver.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from sync.errors import TooSlowError, TransportError
from sync.outbox import OutboxRow
from sync.transports.base import EventResult, ResultStatus
from sync.transports.http import REDIRECT_HINT, Answer, HttpLine
from sync.transports.pace import Pace
from sync.transports.segment.dialect import Dialect, UntranslatableError

PATH = "/v1/batch"
MAX_EVENTS = 500
DEADLINE_S = 15.0  # an outage must show within 20 s
HEAD, TAIL = b'{"batch":[', b"]}"
BLAMES_THE_BATCH = (400, 413, 422)
TOO_LARGE = 413
MEANING: Mapping[int, tuple[bool, str]] = {
    401: (True, "The write key is refused: check `write_key` in the configuration."),
    403: (True, "The write key is refused: check `write_key` in the configuration."),
    404: (True, "No such door, or the source is disabled: check `url` and the source."),
    405: (True, "The address answers but takes no batches: check `url`."),
    407: (True, "A proxy asks for a password: configure it or go around it."),
    429: (False, "The receiver asks for patience."),
    503: (False, "The receiver is busy or under maintenance."),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What this receiver takes: bytes of one event and of one batch, and how many batches."""

    event_bytes: int
    batch_bytes: int
    requests_per_s: float


@dataclass(frozen=True, slots=True)
class _Parcel:
    """One batch: its results if it is taken, and which of them travel in `calls`."""

    results: list[EventResult]
    travelling: list[int]
    calls: list[bytes]

    @property
    def body(self) -> bytes:
        return HEAD + b",".join(self.calls) + TAIL

    def refused(self, code: str) -> list[EventResult]:
        """The same, if the only call that travelled was refused."""
        results = list(self.results)
        (at,) = self.travelling
        results[at] = _rejected(results[at].id, code, "the receiver refuses this event alone")
        return results


class SegmentTransport:
    """`POST /v1/batch`. A batch the receiver refuses as such is halved until one event is found."""

    reconnect_window_s: float | None = None  # nobody announces one in this dialect
    server_time: datetime | None = None  # these receivers' clocks set nothing right

    def __init__(  # noqa: PLR0913  each is one thing to know about the receiver
        self,
        line: HttpLine,
        write_key: str,
        dialect: Dialect,
        limits: Limits,
        *,
        skip_nobody: bool,
        monotonic: Callable[[], float],
        deadline_s: float = DEADLINE_S,
    ) -> None:
        """`skip_nobody`: leave out events that concern no person."""
        self._line = line
        self._headers = credentials(write_key)
        self._dialect = dialect
        self._limits = limits
        self._skip_nobody = skip_nobody
        self._monotonic = monotonic
        self._deadline_s = deadline_s
        self._size = MAX_EVENTS
        self._pace = Pace()
        self._pace.limit(limits.requests_per_s)

    async def send(self, batch: Sequence[OutboxRow]) -> list[EventResult]:
        """Deliver the head of `batch`; see `Transport.send`."""
        while True:
            parcel = self._pack(batch)
            if not parcel.calls:
                return parcel.results
            answer = await self._post(parcel)
            if answer.status == 200:
                _check(answer)
                self._size = min(MAX_EVENTS, self._size * 2)
                return parcel.results
            if answer.status not in BLAMES_THE_BATCH:
                raise self._line.refuse(answer.status, answer.headers)
            if len(parcel.calls) == 1:
                self._size = 2
                return parcel.refused("too_large" if answer.status == TOO_LARGE else "unreadable")
            self._size = len(parcel.calls) // 2

    async def close(self) -> None:
        """Close the line."""
        await self._line.close()

    def _pack(self, batch: Sequence[OutboxRow]) -> _Parcel:
        """As many rows as fit; those that can never travel are answered where they stand."""
        parcel = _Parcel([], [], [])
        left = self._limits.batch_bytes - len(HEAD) - len(TAIL)
        for row in batch:
            answer, call = self._translated(row)
            if call is not None:
                left -= len(call) + 1
                if left < 0 or len(parcel.calls) == self._size:
                    break
                parcel.travelling.append(len(parcel.results))
                parcel.calls.append(call)
            parcel.results.append(answer)
        return parcel

    def _translated(self, row: OutboxRow) -> tuple[EventResult, bytes | None]:
        if row.subject is None and self._skip_nobody:
            return EventResult(row.id, ResultStatus.SKIPPED), None
        try:
            call = self._dialect.payload(row)
        except UntranslatableError as error:
            return _rejected(row.id, error.code, error.reason), None
        if len(call) > self._limits.event_bytes:
            reason = f"{len(call)} bytes, and the receiver takes {self._limits.event_bytes}"
            return _rejected(row.id, "too_large", reason), None
        return EventResult(row.id, ResultStatus.ACCEPTED), call

    async def _post(self, parcel: _Parcel) -> Answer:
        # The receiver counts the requests of all shops of a workspace, and drops what is more.
        await asyncio.sleep(self._pace.take(self._monotonic()))
        try:
            return await self._line.request(
                "POST",
                PATH,
                content=parcel.body,
                headers=self._headers,
                deadline_s=self._deadline_s,
            )
        except TooSlowError:
            self._size = max(1, len(parcel.calls) // 2)
            raise


def credentials(write_key: str) -> dict[str, str]:
    """The headers of each request: the write key is the user, without a password."""
    secret = b64encode(f"{write_key}:".encode()).decode()
    return {"authorization": f"Basic {secret}", "content-type": "application/json"}


def _check(answer: Answer) -> None:
    """A log-in page of the building's network answers 200 too, and would swallow everything."""
    said = answer.body[:100].strip().strip(b'"').lower()
    if said == b"ok":
        return
    try:
        document = orjson.loads(answer.body)
    except orjson.JSONDecodeError as error:
        raise TransportError("the answer is none of a receiver", hint=REDIRECT_HINT) from error
    if not isinstance(document, dict) or document.get("success") is not True:
        raise TransportError("the answer is none of a receiver", hint=REDIRECT_HINT)


def _rejected(event_id: str, code: str, reason: str) -> EventResult:
    return EventResult(event_id, ResultStatus.REJECTED, code, reason, permanent=True)
