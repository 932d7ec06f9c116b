"""The one who asks: events of its own, sent and read as a shop would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import zstandard

from sync.conformance.finding import WrongError
from sync.transports.capabilities import Capabilities
from sync.transports.cloudevents import BATCH_TYPE, EVENT_TYPE
from sync.transports.http import Answer, HttpLine

DEADLINE_S = 15.0  # after which a shop gives up on a batch
REFUSED = (401, 403)
AT = "2026-01-01T00:00:00.000000Z"

Event = dict[str, Any]


@dataclass(slots=True)
class Asker:
    """Speaks for one store to one platform. `run` makes ids unique; `capabilities` come first."""

    line: HttpLine
    stranger: HttpLine  # the same address, another token
    store_id: str
    run: str
    capabilities: Capabilities | None = None
    _made: int = 0

    @property
    def path(self) -> str:
        """The store's own address."""
        return f"/v1/stores/{self.store_id}"

    def source(self, epoch: str = "") -> str:
        """A source that no ledger has."""
        return f"/stores/{self.store_id}/check-{self.run}{epoch}"

    def events(self, count: int, **fields: Any) -> list[Event]:
        """New events about nobody."""
        return [self._event() | fields for _ in range(count)]

    def _event(self) -> Event:
        self._made += 1
        return {
            "specversion": "1.0",
            "id": f"check-{self.run}-{self._made}",
            "source": self.source(),
            "type": "store.footfall.counted",
            "time": AT,
            "sequence": f"{self._made:020}",
            "datacontenttype": "application/json",
            "data": {"hour": AT, "people": 0, "complete": False},
        }

    async def post(
        self, events: Sequence[Any], *, is_zstd: bool = False, line: HttpLine | None = None
    ) -> Answer:
        """A batch, or the events one by one if the platform takes no batches: the last answer."""
        if self.takes_batches:
            return await self.send(orjson.dumps(events), BATCH_TYPE, is_zstd=is_zstd, line=line)
        for event in events:
            answer = await self.send(orjson.dumps(event), EVENT_TYPE, is_zstd=is_zstd, line=line)
        return answer

    async def send(
        self, body: bytes, media_type: str, *, is_zstd: bool = False, line: HttpLine | None = None
    ) -> Answer:
        """One request as it is."""
        headers = {"content-type": media_type}
        if is_zstd:
            body, headers["content-encoding"] = zstandard.compress(body, 1), "zstd"
        if line is not None:
            return await self._request(line, body, headers)
        answer = await self._request(self.line, body, headers)
        if answer.status in REFUSED:
            raise self.line.refuse(answer.status, answer.headers)
        return answer

    async def _request(self, line: HttpLine, body: bytes, headers: dict[str, str]) -> Answer:
        path = f"{self.path}/events"
        return await line.request(
            "POST", path, content=body, headers=headers, deadline_s=DEADLINE_S
        )

    @property
    def takes_batches(self) -> bool:
        """Whether the platform asked for batches, or said nothing."""
        return self.capabilities is None or self.capabilities.batches

    async def results(self, events: Sequence[Any], *, is_zstd: bool = False) -> list[Event]:
        """One result per event, in order; whatever else comes is wrong."""
        if self.takes_batches:
            return read_results(await self.post(events, is_zstd=is_zstd), events)
        found: list[Event] = []
        for event in events:
            found += read_results(await self.post([event], is_zstd=is_zstd), [event])
        return found

    async def statuses(self, events: Sequence[Any], *, is_zstd: bool = False) -> list[str]:
        """Their words only."""
        found = await self.results(events, is_zstd=is_zstd)
        return [str(result.get("status")) for result in found]


def read_results(answer: Answer, events: Sequence[Any]) -> list[Event]:
    """The results of an answer. Raises WrongError when it has not one for each event."""
    if answer.status != 200:
        raise WrongError(
            f"the answer is {answer.status}. Answer 200 with one result per event, even when some"
            " are rejected: another status makes the shop send all of them again."
        )
    results = answer.document().get("results")
    if not isinstance(results, list) or len(results) != len(events):
        raise WrongError(
            f'the answer needs "results" with {len(events)} entries, one per event in their order.'
        )
    for event, result in zip(events, results, strict=True):
        if not isinstance(result, dict):
            raise WrongError("each result is an object {id, status}.")
        if isinstance(event, dict) and "id" in event and result.get("id") != event["id"]:
            raise WrongError("results must name the id of each event, in the order of the batch.")
    return results
