"""A line to the fake without sockets, on which things get lost."""

from __future__ import annotations

from enum import StrEnum

import httpx

from sync.fake_emarsys.account import Account, Fault
from sync.fake_emarsys.app import create_app


class LineFault(StrEnum):
    """What happens to one request."""

    NONE = "none"
    LOST_REQUEST = "lost_request"  # no connection: it never left
    LOST_ANSWER = "lost_answer"  # Emarsys did it, and nobody hears of it
    TOO_SLOW = "too_slow"  # the same, by time-out
    TWICE = "twice"  # something on the way repeats the request, if it is one that bears it


class FakeWire(httpx.AsyncBaseTransport):
    """For `httpx.AsyncClient(transport=...)`; `faults` befall the next requests, first one first.

    Several clients may share an account, each over its own wire.
    """

    def __init__(self, account: Account, faults: list[LineFault | Fault] | None = None) -> None:
        """Speak to `account`. A `Fault` is one of Emarsys' own."""
        self.faults = faults if faults is not None else []
        self._account = account
        self._app = httpx.ASGITransport(create_app(account))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass the request on, unless a fault is due."""
        fault = self.faults.pop(0) if self.faults else LineFault.NONE
        if isinstance(fault, Fault):
            self._account.faults.append(fault)
        if fault is LineFault.LOST_REQUEST:
            raise httpx.ConnectError("no route to host", request=request)
        await request.aread()
        answer = await self._app.handle_async_request(request)
        # A repeated receipt counts twice over there, and no client could do anything about it.
        if fault is LineFault.TWICE and "/sales-data/" not in request.url.path:
            answer = await self._app.handle_async_request(request)
        if fault is LineFault.LOST_ANSWER:
            raise httpx.ReadError("connection reset by peer", request=request)
        if fault is LineFault.TOO_SLOW:
            raise httpx.ReadTimeout("no answer", request=request)
        return answer
