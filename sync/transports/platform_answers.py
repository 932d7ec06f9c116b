"""What a platform's answer says about each event of a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sync.errors import TransportError
from sync.outbox import OutboxRow
from sync.transports.base import EventResult, ResultStatus
from sync.transports.http import Answer

TOO_LARGE = 413
UNREADABLE = (400, 422)
# A third of the enum call's time.
DELIVERED = {one.value: one for one in (ResultStatus.ACCEPTED, ResultStatus.DUPLICATE)}
STATUSES = DELIVERED | {ResultStatus.REJECTED.value: ResultStatus.REJECTED}


def read_results(document: Mapping[str, Any], rows: Sequence[OutboxRow]) -> list[EventResult]:
    """One result per row, in order. Raises TransportError when the answer is to something else."""
    results = document.get("results")
    if not isinstance(results, list) or len(results) != len(rows):
        raise TransportError(f"the platform did not answer each of {len(rows)} events")
    try:
        return [
            EventResult(row.id, status)  # the usual answer, without a call
            if (status := DELIVERED.get(result["status"])) and result["id"] == row.id
            else _result(row, result)
            for row, result in zip(rows, results, strict=True)
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise TransportError("the platform does not answer what it was sent") from error


def blames_the_batch(answer: Answer) -> bool:
    """Whether a smaller batch can help. A 400 of something on the way says nothing about events."""
    return answer.status == TOO_LARGE or (answer.status in UNREADABLE and answer.is_problem)


def rejected(row: OutboxRow, answer: Answer) -> EventResult:
    """The result of an event that fails alone."""
    code = "too_large" if answer.status == TOO_LARGE else "unreadable"
    reason = f"the platform answers {answer.status} to this event alone"
    return EventResult(row.id, ResultStatus.REJECTED, code, reason, permanent=True)


def _result(row: OutboxRow, result: Mapping[str, Any]) -> EventResult:
    """Raises KeyError, TypeError or ValueError for what is no answer to `row`."""
    if result["id"] != row.id:
        raise ValueError("an answer to another event")
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
