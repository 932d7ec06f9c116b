"""Events to the platform as CloudEvents over HTTP/1.1, in the form that it says it takes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

import zstandard
from pydantic import BaseModel, ConfigDict, Field

from sync.errors import TooSlowError, TransportError
from sync.outbox import OutboxRow
from sync.transports.base import EventResult
from sync.transports.capabilities import MAX_EVENTS, Capabilities, number
from sync.transports.cloudevents import BATCH_TYPE, EVENT_TYPE, encode_batch, encode_event
from sync.transports.http import Answer, HttpLine, told_time
from sync.transports.pace import Pace, used_up_for_s
from sync.transports.platform_answers import (
    TOO_LARGE,
    blames_the_batch,
    read_results,
    rejected,
)
from sync.transports.table import Surroundings

DEADLINE_S = 15.0  # an outage must show within 20 s
HASHED_AT_ONCE = 2000  # bytes
ZSTD_LEVEL = 1  # six times smaller at 600 MB/s; higher levels gain nothing on such text
SINGLE_EVENTS = 20  # per step without batches: what is answered is noted that often
KNOWN_FOR_S = 3600.0  # capabilities change rarely, and a wrong 415 must not slow a shop for ever
GUESSED_FOR_S = 60.0  # whatever answered instead may be gone soon
DOUBTED = 8  # events refused one by one, of which none was read, before it is the platform's fault
READS_NOTHING = "The platform answers every event alone with a problem: ask its operator."

OK = 200
UNSUPPORTED = 415
NOT_ASKED_FOR = (404, 405, 501)  # a platform without this door
NO_ANSWER_AT_ALL = (401, 403, 407, 410, 429, 503, 511)


class Settings(BaseModel):
    """Where this platform is, and who asks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(pattern=r"^https?://")
    token: str = Field(min_length=8, repr=False)


def build(settings: Settings, around: Surroundings) -> PlatformHttpTransport:
    """A line of its own: a feed's long poll must not hold the connection that events need."""
    line = HttpLine(settings.url, settings.token, around.now)
    return PlatformHttpTransport(line, around.store_id, around.epoch)


@dataclass(frozen=True, slots=True)
class Form:
    """How events travel."""

    is_batch: bool = True
    is_zstd: bool = True

    @property
    def headers(self) -> dict[str, str]:
        """What a request in this form declares."""
        kind = {"content-type": BATCH_TYPE if self.is_batch else EVENT_TYPE}
        return kind | {"content-encoding": "zstd"} if self.is_zstd else kind

    def plainer(self) -> Form | None:
        """What to try when the platform does not read this form."""
        if self.is_zstd:
            return replace(self, is_zstd=False)
        return replace(self, is_batch=False) if self.is_batch else None


HEADERS = Form().headers


class _Ready(NamedTuple):
    """A batch made in advance: for which rows and in which form, and how many fitted."""

    asked: Sequence[OutboxRow]
    form: Form
    rows: Sequence[OutboxRow]
    body: bytes


class PlatformHttpTransport:
    """`POST /v1/stores/{store}/events`. Finds the form and the batch size that both sides can take.

    Before the first batch it asks `GET /v1/stores/{store}` what the platform takes. A batch that is
    too large, too slow, or that the platform cannot read is halved; an event that fails so alone,
    while others do not, is rejected for good. Every success doubles the size again.
    """

    def __init__(
        self, line: HttpLine, store_id: str, epoch: str, *, deadline_s: float = DEADLINE_S
    ) -> None:
        """`epoch` is the life of the ledger file: sequence numbers count within it."""
        self._line = line
        self._store_path = f"/v1/stores/{store_id}"
        self._source = f"/stores/{store_id}/{epoch}"
        self._deadline_s = deadline_s
        self._compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL)
        self._capabilities = Capabilities()
        self._known_until_s = float("-inf")
        self._form = Form()
        self._pace = Pace()
        self._ceiling = MAX_EVENTS
        self._size = MAX_EVENTS
        self._reconnect_window_s: float | None = None
        self._server_time: datetime | None = None
        self._foreseen: Sequence[OutboxRow] = ()
        self._ready: _Ready | None = None
        self._reads = True
        self._doubted = DOUBTED

    @property
    def reconnect_window_s(self) -> float | None:
        """The window the platform announced last, in seconds."""
        return self._reconnect_window_s

    @property
    def server_time(self) -> datetime | None:
        """What the platform's clock said last."""
        return self._server_time

    async def ask_time(self) -> datetime | None:
        """See `TellsTime`: the platform says it together with what it takes."""
        await self._get_acquainted()
        return self._server_time

    async def send(self, batch: Sequence[OutboxRow]) -> list[EventResult]:
        """Deliver the head of `batch`; see `Transport.send`."""
        await self._get_acquainted()
        while True:
            send = self._send_batch if self._form.is_batch else self._send_singly
            results = await send(batch)
            if results is not None:
                return results

    def foresee(self, rows: Sequence[OutboxRow]) -> None:
        """See `Foresighted`."""
        self._foreseen = rows

    async def close(self) -> None:
        """Close the line."""
        await self._line.close()

    async def _send_batch(self, batch: Sequence[OutboxRow]) -> list[EventResult] | None:
        """None: the platform does not read this form, and there is a plainer one now."""
        while True:
            rows, body = self._take_ready(batch[: self._size])
            answer = await self._post(rows, body)
            if answer.status == OK:
                results = self._read(answer, rows)
                self._grow()
                return results
            if answer.status == UNSUPPORTED:
                self._take_plainer_form(answer)
                return None
            if not blames_the_batch(answer):
                raise self._line.refuse(answer.status, answer.headers)
            if len(rows) == 1:
                self._size = min(self._ceiling, 2)
                return await self._pass_by(batch, answer)
            self._halve(len(rows), for_good=answer.status == TOO_LARGE)

    async def _send_singly(self, batch: Sequence[OutboxRow]) -> list[EventResult] | None:
        """As `_send_batch`, one request each; ends behind an event that is wanted later."""
        results: list[EventResult] = []
        for row in batch[: min(self._size, SINGLE_EVENTS)]:
            answer = await self._post_one(row)
            if answer.status == OK:
                results += self._read(answer, [row])
            elif answer.status == UNSUPPORTED:
                self._take_plainer_form(answer)
                return results or None
            elif blames_the_batch(answer):
                return results or await self._pass_by(batch, answer)
            else:
                raise self._line.refuse(answer.status, answer.headers)
            if not (results[-1].delivered or results[-1].permanent):
                break
        self._grow()
        return results

    async def _pass_by(self, batch: Sequence[OutboxRow], answer: Answer) -> list[EventResult]:
        """The refused events at the head of `batch`, up to the first one that is read.

        `answer` is the one to the first event alone. That an event cannot be read is believed when
        another one can, or the one before could and nothing waits behind it: a platform that reads
        nothing must not empty the queue into quarantine.
        """
        results = [rejected(batch[0], answer)]
        if answer.status == TOO_LARGE:
            return results
        for row in batch[1 : self._doubted]:
            answer = await self._post_one(row)
            if answer.status == OK:
                return results + self._read(answer, [row])
            if not blames_the_batch(answer):
                raise self._line.refuse(answer.status, answer.headers)
            results.append(rejected(row, answer))
        if not (self._reads and len(batch) == 1):
            self._doubted *= 2  # so that many bad events in a row hold nothing up for ever
            raise TransportError("the platform reads none of the events", hint=READS_NOTHING)
        self._reads = False
        return results

    def _take_plainer_form(self, answer: Answer) -> None:
        plainer = self._form.plainer()
        if plainer is None:
            raise self._line.refuse(answer.status, answer.headers)
        self._form = plainer

    def _fitting(self, rows: Sequence[OutboxRow]) -> tuple[Sequence[OutboxRow], bytes]:
        """The head of `rows` that the platform takes at once, and its body."""
        while True:
            text = encode_batch(rows, self._source)
            body = self._packed(text)
            limits = self._capabilities
            fits = len(text) <= limits.max_decompressed_bytes and len(body) <= limits.max_bytes
            if fits or len(rows) == 1:
                return rows, body
            rows = rows[: len(rows) // 2]

    def _take_ready(self, rows: Sequence[OutboxRow]) -> tuple[Sequence[OutboxRow], bytes]:
        """As `_fitting`, done already if these rows were foreseen."""
        ready, self._ready = self._ready, None
        if ready is not None and ready.form == self._form and ready.asked == rows:
            return ready.rows, ready.body
        return self._fitting(rows)

    async def _and_then_the_next(self, body: bytes) -> AsyncIterator[bytes]:
        """Once `body` is on its way the platform works, and here is time for the next one."""
        yield body
        rows, self._foreseen = self._foreseen[: self._size], ()
        self._ready = _Ready(rows, self._form, *self._fitting(rows))

    def _packed(self, text: bytes) -> bytes:
        return self._compressor.compress(text) if self._form.is_zstd else text

    async def _post_one(self, row: OutboxRow) -> Answer:
        source = self._source
        text = encode_batch([row], source) if self._form.is_batch else encode_event(row, source)
        return await self._post([row], self._packed(text))

    async def _post(self, rows: Sequence[OutboxRow], body: bytes) -> Answer:
        await asyncio.sleep(self._pace.take(_loop_time()))
        headers = self._form.headers | {"idempotency-key": self._key(rows, body)}
        path, deadline_s = f"{self._store_path}/events", self._deadline_s
        content: bytes | AsyncIterator[bytes] = body
        if self._foreseen and self._form.is_batch:
            content = self._and_then_the_next(body)
            headers["content-length"] = str(len(body))
        try:
            answer = await self._line.request(
                "POST", path, content=content, headers=headers, deadline_s=deadline_s
            )
        except TooSlowError:
            self._halve(len(rows), for_good=False)
            raise
        used_up_s = used_up_for_s(answer.headers)
        if used_up_s is not None:
            self._pace.hold(_loop_time(), used_up_s)
        return answer

    def _key(self, rows: Sequence[OutboxRow], body: bytes) -> str:
        """The same for the same batch, also after a restart; a structured-field String.

        The body is in it: what the shop dropped or corrected meanwhile makes another batch.
        """
        head = f"{self._source}\0{rows[0].lane}\0{rows[0].seq}\0{rows[-1].seq}\0"
        digest, whole = hashlib.sha256(head.encode()), memoryview(body)
        # In larger pieces it would let go of the interpreter, and wait long to get it back from
        # the thread that reads the next pages.
        for start in range(0, len(body), HASHED_AT_ONCE):
            digest.update(whole[start : start + HASHED_AT_ONCE])
        return f'"{digest.hexdigest()}"'

    async def _get_acquainted(self) -> None:
        """Ask what the platform takes, unless that is known. One that does not say: as usual."""
        at_s = _loop_time()
        if at_s < self._known_until_s:
            return
        answer = await self._line.request("GET", self._store_path, deadline_s=self._deadline_s)
        if 300 <= answer.status < 400 or answer.status in NO_ANSWER_AT_ALL:
            raise self._line.refuse(answer.status, answer.headers)
        document = _document(answer)
        is_known = document is not None or answer.status in NOT_ASKED_FOR
        self._known_until_s = at_s + (KNOWN_FOR_S if is_known else GUESSED_FOR_S)
        if document is not None:
            self._server_time = told_time(document.get("server_time"), answer.headers)
        self._adopt(self._capabilities if document is None else Capabilities.read(document))

    def _adopt(self, capabilities: Capabilities) -> None:
        self._capabilities = capabilities
        self._form = Form(capabilities.batches, capabilities.zstd)
        self._ceiling = capabilities.max_events
        self._size = min(self._size, self._ceiling)
        self._pace.limit(capabilities.max_batches_per_s)
        if capabilities.reconnect_window_s is not None:
            self._reconnect_window_s = capabilities.reconnect_window_s

    def _grow(self) -> None:
        self._size = min(self._ceiling, self._size * 2)

    def _halve(self, sent: int, *, for_good: bool) -> None:
        self._size = max(1, sent // 2)
        if for_good:
            self._ceiling = self._size

    def _read(self, answer: Answer, rows: Sequence[OutboxRow]) -> list[EventResult]:
        document = answer.document()
        results = read_results(document, rows)
        self._reads, self._doubted = True, DOUBTED
        self._hear(document, answer)
        return results

    def _hear(self, document: dict[str, Any], answer: Answer) -> None:
        """Take over how the platform steers, and its clock."""
        window_s = number(document.get("reconnect_window_s"))
        if window_s is not None:
            self._reconnect_window_s = window_s
        if "max_batches_per_s" in document:
            self._pace.limit(number(document["max_batches_per_s"]))
        self._server_time = told_time(document.get("server_time"), answer.headers)


def _loop_time() -> float:
    """The clock by which `asyncio.sleep` waits."""
    return asyncio.get_running_loop().time()


def _document(answer: Answer) -> dict[str, Any] | None:
    """What the platform said of itself; None when this is no such answer."""
    if answer.status != OK:
        return None
    try:
        return answer.document()
    except TransportError:
        return None  # a page for people, perhaps: the first batch will show it
