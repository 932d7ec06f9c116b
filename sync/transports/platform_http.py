"""Events to the platform as zstd-compressed CloudEvents batches over HTTP/1.1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import zstandard
from pydantic import BaseModel, ConfigDict, Field

from sync.errors import TooSlowError, TransportError
from sync.outbox import OutboxRow
from sync.transports.base import EventResult, ResultStatus
from sync.transports.http import Answer, HttpLine
from sync.transports.table import Surroundings

MAX_EVENTS = 500  # 136 times the rate of single events; more gains nothing
DEADLINE_S = 15.0  # an outage must show within 20 s
ZSTD_LEVEL = 1  # six times smaller at 600 MB/s; higher levels gain nothing on such text
HEADERS = {
    "content-type": "application/cloudevents-batch+json",
    "content-encoding": "zstd",
}
TOO_LARGE = 413
UNREADABLE = (400, 422)
STATUSES = {status.value: status for status in ResultStatus}  # a third of the enum call's time


class Settings(BaseModel):
    """Where this platform is, and who asks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(pattern=r"^https?://")
    token: str = Field(min_length=8, repr=False)


def build(settings: Settings, around: Surroundings) -> PlatformHttpTransport:
    """A line of its own: a feed's long poll must not hold the connection that events need."""
    line = HttpLine(settings.url, settings.token, around.now)
    return PlatformHttpTransport(line, around.store_id, around.epoch)


class PlatformHttpTransport:
    """`POST /v1/stores/{store}/events`. Finds the batch size that line and platform can take.

    A batch that is too large, too slow, or that the platform cannot read is halved; an event that
    fails so alone is rejected for good. Every success doubles the size again.
    """

    def __init__(self, line: HttpLine, store_id: str, epoch: str) -> None:
        """`epoch` is the life of the ledger file: sequence numbers count within it."""
        self._line = line
        self._path = f"/v1/stores/{store_id}/events"
        self._source = f"/stores/{store_id}/{epoch}"
        self._compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL)
        self._ceiling = MAX_EVENTS
        self._size = MAX_EVENTS
        self._reconnect_window_s: float | None = None

    @property
    def reconnect_window_s(self) -> float | None:
        """The window the platform announced last, in seconds."""
        return self._reconnect_window_s

    async def send(self, batch: Sequence[OutboxRow]) -> list[EventResult]:
        """Deliver the head of `batch`; see `Transport.send`."""
        while True:
            rows = batch[: self._size]
            answer = await self._post(rows)
            if answer.status == 200:
                results = self._read(answer, rows)
                self._size = min(self._ceiling, self._size * 2)
                return results
            if not _blames_the_batch(answer):
                raise self._line.refuse(answer.status, answer.headers)
            if len(rows) == 1:
                self._size = min(self._ceiling, 2)
                return [_rejected(rows[0], answer)]
            self._halve(len(rows), for_good=answer.status == TOO_LARGE)

    async def close(self) -> None:
        """Close the line."""
        await self._line.close()

    async def _post(self, rows: Sequence[OutboxRow]) -> Answer:
        body = self._compressor.compress(encode_batch(rows, self._source))
        try:
            return await self._line.request(
                "POST", self._path, content=body, headers=HEADERS, deadline_s=DEADLINE_S
            )
        except TooSlowError:
            self._halve(len(rows), for_good=False)
            raise

    def _halve(self, sent: int, *, for_good: bool) -> None:
        self._size = max(1, sent // 2)
        if for_good:
            self._ceiling = self._size

    def _read(self, answer: Answer, rows: Sequence[OutboxRow]) -> list[EventResult]:
        document = answer.document()
        window_s = document.get("reconnect_window_s")
        if isinstance(window_s, int | float):
            self._reconnect_window_s = float(window_s)
        results = document.get("results")
        if not isinstance(results, list) or len(results) != len(rows):
            raise TransportError(f"the platform did not answer each of {len(rows)} events")
        try:
            return [_result(row, result) for row, result in zip(rows, results, strict=True)]
        except (KeyError, TypeError, ValueError) as error:
            raise TransportError("the platform does not answer what it was sent") from error


def encode_batch(rows: Sequence[OutboxRow], source: str) -> bytes:
    """A CloudEvents 1.0 JSON batch. `data` goes in as the stored bytes, without parsing."""
    return orjson.dumps([_cloud_event(row, source) for row in rows])


def _cloud_event(row: OutboxRow, source: str) -> dict[str, Any]:
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": row.id,
        "source": source,
        "type": row.type,
        "time": row.occurred_at,
        "sequence": row.sequence,
        "datacontenttype": "application/json",
        "data": orjson.Fragment(row.data),
    }
    if row.subject is not None:
        event["subject"] = row.subject
    return event


def _result(row: OutboxRow, result: dict[str, Any]) -> EventResult:
    """Raises KeyError, TypeError or ValueError for what is no answer to `row`."""
    if result["id"] != row.id:
        raise ValueError(row.id)
    status = STATUSES[result["status"]]
    if status is not ResultStatus.REJECTED:
        return EventResult(row.id, status)
    return EventResult(
        row.id,
        status,
        code=str(result.get("code") or "rejected"),
        reason=str(result.get("reason") or ""),
        permanent=result.get("permanent") is True,
    )


def _blames_the_batch(answer: Answer) -> bool:
    """Whether a smaller batch can help. A 400 of something on the way says nothing about events."""
    return answer.status == TOO_LARGE or (answer.status in UNREADABLE and answer.is_problem)


def _rejected(row: OutboxRow, answer: Answer) -> EventResult:
    code = "too_large" if answer.status == TOO_LARGE else "unreadable"
    reason = f"the platform answers {answer.status} to this event alone"
    return EventResult(row.id, ResultStatus.REJECTED, code, reason, permanent=True)
