"""A till's side of the hook `/pos/v1`: what may be repeated is repeated, what may wait is given up.

HookError
├── TillOffline     the agent did not take it (yet); send the same again later
└── Refused         the agent will never take this; its answer says why
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

TIMEOUT_S = 5.0
EVALUATE_TIMEOUT_S = 0.5  # the cashier does not wait for offers
# Waits between tries of one change; afterwards the till keeps it and its caller tries later.
RETRY_WAITS_S = (0.1, 0.4, 1.0, 2.0)
# No answer, or one that says "not now": the same may be sent again, never something else.
_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


class HookError(Exception):
    """Base of what can go wrong; `permanent` says that trying again cannot help."""

    permanent = True
    hint = ""


class TillOffline(HookError):
    """The agent did not take it; it is not lost: send it again later."""

    permanent = False
    hint = "Is the store agent running, and is its address right?"


class Refused(HookError):
    """The agent answered that it will never take this."""

    def __init__(self, status: int, body: str) -> None:
        """Keep the HTTP status and the problem the agent described."""
        super().__init__(f"the agent refused with {status}: {body[:500]}")
        self.status = status
        self.hint = "Check the till's token, and the request against the hook's contract."


class HookClient:
    """One till's calls. Questions are asked once and may fail; changes are repeated."""

    def __init__(
        self, client: httpx.AsyncClient, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        """`client` knows the agent's address and bears the till's token."""
        self._client = client
        self._sleep = sleep

    async def ask(self, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """Identify or evaluate: the answer, or None when none came in time. Never repeated."""
        try:
            response = await self._client.post(
                f"/pos/v1/{path}", json=body, timeout=EVALUATE_TIMEOUT_S
            )
        except httpx.TransportError:
            return None
        return dict(response.json()) if response.is_success else None

    async def change(self, path: str, body: dict[str, Any], key: str) -> dict[str, Any]:
        """Reserve, commit, void, return: repeated with the same key and bytes.

        Raises TillOffline after some tries without an answer, Refused on any other status.
        """
        for wait_s in (*RETRY_WAITS_S, None):
            response = await self._post(path, body, key)
            if response is not None and response.status_code not in _TRY_AGAIN:
                return _answer(response)
            if wait_s is not None:
                await self._sleep(wait_s)
        raise TillOffline("the agent does not answer")

    async def _post(self, path: str, body: dict[str, Any], key: str) -> httpx.Response | None:
        """One try; None when nothing usable came back."""
        try:
            return await self._client.post(
                f"/pos/v1/{path}", json=body, headers={"Idempotency-Key": key}
            )
        except httpx.TransportError:
            return None


def _answer(response: httpx.Response) -> dict[str, Any]:
    if response.status_code != httpx.codes.OK:
        raise Refused(response.status_code, response.text)
    answer = response.json()
    if not isinstance(answer, dict):
        raise Refused(response.status_code, "the answer is no JSON object")
    return answer
