"""Events to a receiver of signed webhooks: one CloudEvent a request, a few requests at once.

Receivers expect one event a request and answer with a status alone. Order holds per customer: of
one customer never two are under way. What ran ahead of an event that failed is not sent again.
"""

from __future__ import annotations

import asyncio
from asyncio import Task
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sync.errors import TransportError
from sync.outbox import OutboxRow
from sync.transports.base import EventResult, ResultStatus
from sync.transports.cloudevents import EVENT_TYPE, encode_event
from sync.transports.http import Answer, HttpLine
from sync.transports.webhook.signing import SigningKey, headers

DEADLINE_S = 15.0  # an outage must show within 20 s
STEP_ROWS = 100  # a step ends now and then, so that what is delivered is noted
PROBE_ROWS = 8  # as long as nobody knows whether the receiver takes anything from this shop
GONE = 410
THROTTLES = (429, 502, 504)
# About the event in the body, whatever else may be wrong. 400 is what many receivers answer to a
# wrong signature as well.
ABOUT_THE_EVENT = (413, 422)
# About the line, the address or the keys.
NOT_ABOUT_THE_EVENT = (401, 403, 404, 405, 407, 408, GONE, 421, 425, 429)
MEANING: Mapping[int, tuple[bool, str]] = {
    401: (True, "The receiver refuses the signature: compare `secrets`, and both clocks."),
    403: (True, "The receiver refuses the signature: compare `secrets`, and both clocks."),
    404: (True, "Nobody receives webhooks at this address: check `url`."),
    405: (True, "Nobody receives webhooks at this address: check `url`."),
    407: (True, "A proxy asks for a password: configure it or go around it."),
    410: (
        True,
        "The receiver closed this webhook for good. Give it a new `url`, or take the transport out"
        " of the settings; then restart the agent.",
    ),
    429: (False, "The receiver asks for patience."),
    502: (False, "The receiver is overloaded or being replaced."),
    503: (False, "The receiver is busy or under maintenance."),
    504: (False, "The receiver is overloaded."),
}
UNPROVEN_HINT = (
    "It has taken nothing since the start: compare `secrets` and both clocks. If single events are"
    " the reason, they are set aside as soon as it takes another one."
)
PAGE_HINT = "It answers with a web page: a captive portal, or `url` is not the receiver's."


class WebhookTransport:
    """`POST url`, signed.

    A 400 is believed to be about its event once the receiver has taken any event since the start:
    a wrong secret must not empty the queue into quarantine. A 410 ends it until a restart.
    """

    reconnect_window_s: float | None = None  # receivers announce none
    server_time: datetime | None = None  # their clocks set nothing right

    def __init__(  # noqa: PLR0913  each is one thing to know about the receiver
        self,
        line: HttpLine,
        url: str,
        source: str,
        keys: Sequence[SigningKey],
        *,
        window: int,
        now: Callable[[], datetime],
        deadline_s: float = DEADLINE_S,
    ) -> None:
        """`now` is true time as well as it is known: receivers refuse what is 5 minutes off."""
        self._line = line
        self._url = url
        self._source = source
        self._keys = keys
        self._window = self._at_once = window
        self._now = now
        self._deadline_s = deadline_s
        self._answers: dict[str, EventResult] = {}  # given, but not handed on yet
        self._doubtful: dict[str, EventResult] = {}
        self._is_proven = False
        self._stopped_by: TransportError | None = None
        self._closed_by: TransportError | None = None

    async def send(self, batch: Sequence[OutboxRow]) -> list[EventResult]:
        """Deliver the head of `batch`; see `Transport.send`."""
        if self._closed_by is not None:
            raise self._closed_by
        # The step before was cut short: it says so before anything else is sent.
        error, self._stopped_by = self._stopped_by, None
        if error is not None:
            raise error
        rows = batch[: STEP_ROWS if self._is_proven else PROBE_ROWS]
        await self._deliver(rows)
        self._settle_doubts()
        error, self._stopped_by = self._stopped_by, None
        results = self._hand_on(rows)
        if not results and error is not None:
            raise error
        self._stopped_by = error
        return results

    async def close(self) -> None:
        """Close the line."""
        await self._line.close()

    async def _deliver(self, rows: Sequence[OutboxRow]) -> None:
        """Several at once, but each behind the one of the same customer before it."""
        free = asyncio.Semaphore(self._at_once)
        latest: dict[str | None, Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            for row in rows:
                if row.id not in self._answers:
                    work = self._deliver_one(row, free, latest.get(row.subject))
                    latest[row.subject] = group.create_task(work)

    async def _deliver_one(
        self, row: OutboxRow, free: asyncio.Semaphore, before: Task[None] | None
    ) -> None:
        if before is not None:
            await before
        async with free:
            if self._stopped_by is not None:
                return
            try:
                self._judge(row, await self._post(row))
            except TransportError as error:
                self._stopped_by = self._stopped_by or error

    async def _post(self, row: OutboxRow) -> Answer:
        body = encode_event(row, self._source)
        signed = headers(row.id, int(self._now().timestamp()), body, self._keys)
        return await self._line.request(
            "POST",
            self._url,
            content=body,
            headers=signed | {"content-type": EVENT_TYPE},
            deadline_s=self._deadline_s,
        )

    def _judge(self, row: OutboxRow, answer: Answer) -> None:
        if 200 <= answer.status < 300:
            _refuse_web_page(answer)
            self._is_proven = True
            self._at_once = min(self._window, self._at_once + 1)
            self._answers[row.id] = EventResult(row.id, ResultStatus.ACCEPTED)
        elif answer.status in ABOUT_THE_EVENT:
            self._answers[row.id] = _rejected(row, answer)
        elif 400 <= answer.status < 500 and answer.status not in NOT_ABOUT_THE_EVENT:
            self._doubtful[row.id] = _rejected(row, answer)
        else:
            raise self._failure(answer)

    def _failure(self, answer: Answer) -> TransportError:
        if answer.status in THROTTLES:
            self._at_once = 1
        error = self._line.refuse(answer.status, answer.headers)
        if answer.status == GONE:
            self._closed_by = error
        return error

    def _settle_doubts(self) -> None:
        doubtful, self._doubtful = self._doubtful, {}
        if self._is_proven:
            self._answers |= doubtful
        elif doubtful:
            status = next(iter(doubtful.values())).code
            self._stopped_by = self._stopped_by or TransportError(
                f"the receiver refuses every event ({status})", permanent=True, hint=UNPROVEN_HINT
            )

    def _hand_on(self, rows: Sequence[OutboxRow]) -> list[EventResult]:
        """The answers up to the first event that has none; those behind it are kept."""
        results: list[EventResult] = []
        for row in rows:
            answer = self._answers.pop(row.id, None)
            if answer is None:
                break
            results.append(answer)
        return results


def _refuse_web_page(answer: Answer) -> None:
    """A log-in page answers 200 as well, and would swallow everything."""
    if answer.body[:100].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        raise TransportError("the answer is a web page", hint=PAGE_HINT)


def _rejected(row: OutboxRow, answer: Answer) -> EventResult:
    code = "too_large" if answer.status == 413 else f"http_{answer.status}"
    reason = f"the receiver answers {answer.status} to this event"
    return EventResult(row.id, ResultStatus.REJECTED, code, reason, permanent=True)
