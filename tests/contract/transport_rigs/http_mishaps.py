"""A line to an HTTP receiver on which everything can go wrong, for every rig that speaks HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import timedelta
from email.utils import format_datetime

import httpx
from contract.transport_rigs.rig import AT, TAKES_EVERYTHING, Mishap

RETRY_AT = format_datetime(AT + timedelta(seconds=90), usegmt=True)
PORTAL = "<html><title>Free WiFi</title>log in</html>"

ANSWERS_ON_THE_WAY = {
    Mishap.GARBAGE: lambda: httpx.Response(200, html=PORTAL),
    Mishap.REDIRECT: lambda: httpx.Response(302, headers={"location": "http://portal.example/"}),
    Mishap.BROKEN: lambda: httpx.Response(500, text="Internal Server Error"),
    Mishap.BUSY: lambda: httpx.Response(503),
    Mishap.BUSY_FOR_7_S: lambda: httpx.Response(503, headers={"retry-after": "7"}),
    Mishap.PATIENCE_UNTIL: lambda: httpx.Response(429, headers={"retry-after": RETRY_AT}),
    Mishap.REFUSED_SECRET: lambda: httpx.Response(401, json={"title": "who are you?"}),
}


class MishapLine(httpx.AsyncBaseTransport):
    """Passes requests on to `receiver`, but for those that a mishap is due for.

    `counts` says which requests carry events: only these suffer. A mishap behind the receiver
    waits for a request that it takes.
    """

    def __init__(
        self,
        receiver: httpx.AsyncBaseTransport,
        counts: Callable[[httpx.Request], bool] = lambda request: request.method == "POST",
    ) -> None:
        self._receiver = receiver
        self._counts = counts
        self.mishaps: list[Mishap] = []
        self.requests: list[httpx.Request] = []
        self.is_closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if not (self.mishaps and self._counts(request)):
            return await self._receiver.handle_async_request(request)
        mishap = self.mishaps.pop(0)
        if mishap in ANSWERS_ON_THE_WAY:
            return ANSWERS_ON_THE_WAY[mishap]()
        if mishap is Mishap.LOST_REQUEST:
            raise httpx.ConnectError("All connection attempts failed")
        if mishap in TAKES_EVERYTHING:
            answer = await self._receiver.handle_async_request(request)
            if not answer.is_success:
                self.mishaps.insert(0, mishap)
                return answer
            async with aclosing(answer):
                body = await answer.aread()
            return _spoiled(mishap, answer, body)
        await asyncio.Event().wait()
        raise AssertionError("nobody sets this event")

    async def aclose(self) -> None:
        self.is_closed = True
        await self._receiver.aclose()


def _spoiled(mishap: Mishap, answer: httpx.Response, body: bytes) -> httpx.Response:
    headers = {"content-type": answer.headers.get("content-type", "application/json")}
    if mishap is Mishap.LOST_ANSWER:
        raise httpx.ReadError("connection reset by peer")
    if mishap is Mishap.TORN:
        return httpx.Response(answer.status_code, headers=headers, content=body[: len(body) // 2])
    return httpx.Response(answer.status_code, headers=headers, content=_pieces(mishap, body))


async def _pieces(mishap: Mishap, body: bytes) -> AsyncIterator[bytes]:
    if mishap is Mishap.SILENCE:
        await asyncio.Event().wait()
    if mishap is Mishap.CUT_ANSWER:
        yield body[: len(body) // 2]
        raise httpx.RemoteProtocolError("peer closed connection without sending complete body")
    while True:
        yield b" "
        await asyncio.sleep(0.01)
