"""One call to the Emarsys API: signed, paced, judged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from sync.errors import PostponedError, TransportError
from sync.transports.emarsys.replies import Reply, Verdict, read
from sync.transports.emarsys.signing import ALARM_PAUSE_S, Signer, refused_credentials
from sync.transports.emarsys.times import Pace, ServerTime, busy_for_s
from sync.transports.http import Answer, HttpLine

DEADLINE_S = 30.0  # a batch of 1000 contacts takes some seconds over there
LATER_S = 15.0  # between two looks at an evaluation under way
API_ROOT = "/api"
NUMBERS = re.compile(r"\d+")  # ids, also of contacts: of no use in a hint


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked: `path` without the generation ("/contact/getdata"), `body` as JSON.

    `generation` is set where a path exists in one only. `waits`: "call again later" is an answer,
    not an error.
    """

    method: str
    path: str
    body: Any = None
    params: Mapping[str, str] | None = None
    generation: str = ""
    waits: bool = False


class Api:
    """The API of one account for one API user.

    All calls made through here may be repeated without harm, so every fault is worth a retry.
    """

    def __init__(
        self,
        line: HttpLine,
        signer: Signer,
        pace: Pace,
        server_time: ServerTime,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        """`line` leads to the host of the API."""
        self._line = line
        self._signer = signer
        self._pace = pace
        self._server_time = server_time
        self._deadline_s = deadline_s

    @property
    def server_time(self) -> datetime | None:
        """What Emarsys' clock said in its last answer."""
        return self._server_time.last

    async def ask(self, call: Call) -> Reply:
        """Make the call; its reply, if it says something about what was sent.

        Raises TransportError for what concerns the line, the account, or the moment.
        """
        answer = await self._signed(call)
        reply = read(answer.status, answer.body)
        if reply is None:
            raise TransportError(
                "the answer is not from Emarsys", hint="Is a proxy or a captive portal on the way?"
            )
        is_awaited = call.waits and reply.verdict is Verdict.LATER
        if reply.verdict in _OF_THE_MOMENT and not is_awaited:
            raise self._trouble(reply, answer, call)
        return reply

    async def close(self) -> None:
        """Close the line."""
        await self._line.close()

    async def _signed(self, call: Call) -> Answer:
        answer = await self._send(call)
        if answer.status == 401:
            self._signer.forget()
            answer = await self._send(call)
        if answer.status == 401:
            raise refused_credentials(401)
        return answer

    async def _send(self, call: Call) -> Answer:
        wait_s = self._pace.wait_s()
        if wait_s > 0:
            raise PostponedError("the API's ceiling is reached", retry_after_s=wait_s)
        headers = {**await self._signer.headers(), "content-type": "application/json"}
        self._pace.count()
        answer = await self._line.request(
            call.method,
            f"{API_ROOT}/{call.generation or self._signer.version}{call.path}",
            params=call.params,
            content=None if call.body is None else orjson.dumps(call.body),
            headers=headers,
            deadline_s=self._deadline_s,
            idle_s=self._deadline_s,
        )
        self._server_time.learn(answer.headers)
        return answer

    def _trouble(self, reply: Reply, answer: Answer, call: Call) -> TransportError:
        said = f"Emarsys answers {reply.status}" + (f"/{reply.code}" if reply.code else "")
        refused = self._line.refuse(reply.status, answer.headers)
        if reply.verdict is Verdict.BUSY:
            asked_s = refused.retry_after_s if "retry-after" in answer.headers else None
            wait_s = asked_s or busy_for_s(answer.headers, self._server_time.now())
            self._pace.close_for(wait_s)
            return PostponedError(said, hint="Emarsys asks for patience.", retry_after_s=wait_s)
        if reply.verdict is Verdict.LATER:
            return PostponedError(said, retry_after_s=LATER_S)
        if reply.verdict is Verdict.FORBIDDEN:
            path = NUMBERS.sub("…", call.path)
            needed = f"Give the API user the endpoint permission for {call.method} {path}."
            return TransportError(said, permanent=True, hint=needed, retry_after_s=ALARM_PAUSE_S)
        if reply.verdict is Verdict.MISDIRECTED and reply.status >= 400:
            hint = "Check the API address, and that what the settings name exists in Emarsys."
            return TransportError(said, permanent=True, hint=hint, retry_after_s=ALARM_PAUSE_S)
        return refused


_OF_THE_MOMENT = frozenset(
    {
        Verdict.BUSY,
        Verdict.RETRY,
        Verdict.LATER,
        Verdict.LOGIN,
        Verdict.FORBIDDEN,
        Verdict.MISDIRECTED,
    }
)
