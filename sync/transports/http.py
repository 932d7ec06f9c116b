"""One HTTP exchange with the platform: bounded in time and size, and its errors translated.

Nothing of httpx leaves this module as an exception.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import orjson

from sync.errors import TooSlowError, TransportError, UnreachableError
from sync.transports.pace import used_up_for_s

CONNECT_TIMEOUT_S = 5.0
IDLE_TIMEOUT_S = 10.0  # between two pieces of an answer, and for each piece sent
MAX_ANSWER_BYTES = 16 * 1024 * 1024  # a page of 500 large documents stays far below

# A pulled cable sends no reset. These find it in about 4 + 3 x 2 = 10 s, also under a long poll.
DEAD_PEER_OPTIONS = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 4),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 2),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 10_000),
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
)

# What a status means when the exchange itself has no use for it: (permanent, hint).
STATUS_MEANING: Mapping[int, tuple[bool, str]] = {
    401: (True, "The platform refuses the token: check the platform token in the configuration."),
    403: (True, "The token may not speak for this store: check store id and platform token."),
    404: (True, "The platform does not know this store or address: check both."),
    405: (True, "The address answers but is no platform: check it."),
    407: (True, "A proxy asks for a password: configure it or go around it."),
    409: (False, "The platform still works on the same batch."),
    410: (True, "The platform closed this store: ask its operator."),
    415: (True, "The platform does not read this format: update agent or platform."),
    429: (False, "The platform asks for patience."),
    503: (False, "The platform is busy or under maintenance."),
    511: (False, "The network asks for a login: a captive portal."),
}
ASKS_FOR_PATIENCE = (429, 503)
CERTIFICATE_HINT = (
    "The certificate is not one this box trusts: a captive portal, a wrong clock on this box, or"
    " a private authority that is not installed."
)
REDIRECT_HINT = "A redirect: a captive portal, or the configured address is not the platform's."


_NOTHING = httpx.ByteStream(b"")


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer of any status."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def document(self) -> dict[str, Any]:
        """The JSON object in the body. Raises TransportError when it is none."""
        try:
            value = orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise TransportError("the answer is not JSON", hint=REDIRECT_HINT) from error
        if not isinstance(value, dict):
            raise TransportError("the answer is not a JSON object")
        return value

    @property
    def is_problem(self) -> bool:
        """Whether the platform itself explains a refusal (RFC 9457), not something on the way."""
        return self.headers.get("content-type", "").startswith("application/problem+json")


class HttpLine:
    """A keep-alive HTTP/1.1 client of one platform. `now` serves Retry-After dates only."""

    def __init__(
        self,
        base_url: str,
        token: str | None,
        now: Callable[[], datetime],
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        meaning: Mapping[int, tuple[bool, str]] = STATUS_MEANING,
    ) -> None:
        """Without a bearer token each request brings what the receiver asks for.

        `meaning` says of a status whether somebody has to act, and what to do. Raises
        TransportError when the address cannot be one.
        """
        self._now = now
        self._meaning = meaning
        self._client = httpx.AsyncClient(
            base_url=_checked(base_url),
            headers={"authorization": f"Bearer {token}"} if token is not None else {},
            transport=transport or httpx.AsyncHTTPTransport(socket_options=DEAD_PEER_OPTIONS),
            timeout=httpx.Timeout(IDLE_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            follow_redirects=False,
        )

    async def request(
        self, method: str, path: str, *, deadline_s: float, idle_s: float | None = None, **rest: Any
    ) -> Answer:
        """One complete exchange; `idle_s` is how long the platform may stay silent."""
        if idle_s is not None:
            rest["timeout"] = httpx.Timeout(idle_s, connect=CONNECT_TIMEOUT_S)
        try:
            async with asyncio.timeout(deadline_s), self.stream(method, path, **rest) as response:
                body = await _bounded(response.aiter_bytes())
                return Answer(response.status_code, response.headers, body)
        except TimeoutError as error:
            raise TooSlowError(f"no answer within {deadline_s:g} s") from error

    @asynccontextmanager
    async def stream(self, method: str, path: str, **rest: Any) -> AsyncIterator[httpx.Response]:
        """The answer while it arrives; errors inside the block are translated as well."""
        try:
            async with self._client.stream(method, path, **rest) as response:
                yield response
            # httpx ties stream and answer into a ring; with it each exchange would keep its bodies
            # until the collector comes, and the agent lets that come rarely.
            response.stream = _NOTHING
        except (httpx.ReadTimeout, httpx.WriteTimeout) as error:
            raise TooSlowError("the platform does not answer in time") from error
        except (httpx.RequestError, httpx.StreamError, httpx.InvalidURL) as error:
            message = f"no connection to the platform: {_cause(error)}"
            raise UnreachableError(message, hint=_hint(error)) from error

    def refuse(self, status: int, headers: Mapping[str, str]) -> TransportError:
        """The error for a status the exchange has no use for."""
        retry_after_s = _retry_after_s(headers.get("retry-after"), self._now())
        if retry_after_s is None and status in ASKS_FOR_PATIENCE:
            retry_after_s = used_up_for_s(headers)
        if status < 400:  # a redirect, or a page of something on the way
            permanent, hint = False, REDIRECT_HINT
        else:
            permanent, hint = self._meaning.get(status, (False, ""))
        message = f"the platform answers {status}"
        return TransportError(message, permanent=permanent, hint=hint, retry_after_s=retry_after_s)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


def _checked(base_url: str) -> httpx.URL:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise _no_address() from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise _no_address()
    return url


def _no_address() -> TransportError:
    hint = "Write the platform's address as https://host/ in the configuration."
    return TransportError("the platform's address is no URL", permanent=True, hint=hint)


async def _bounded(pieces: AsyncIterator[bytes]) -> bytes:
    body = bytearray()
    async for piece in pieces:
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            raise TransportError(f"the answer is longer than {MAX_ANSWER_BYTES} bytes")
    return bytes(body)


def _cause(error: Exception) -> str:
    """The kind of a network error; its text may be empty or hold an address."""
    return type(error).__name__


def _hint(error: BaseException | None) -> str:
    """What may help, looked for along the causes: httpx hides the one that tells."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return CERTIFICATE_HINT
        error = error.__cause__ or error.__context__
    return ""


def told_time(text: Any, headers: Mapping[str, str]) -> datetime | None:
    """The receiver's clock, UTC: an RFC 3339 `text` of its answer, else the Date header (1 s)."""
    moment = _rfc3339(text) or _http_date(headers.get("date"))
    return moment.astimezone(UTC) if moment and moment.tzinfo else None


def _rfc3339(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None


def _http_date(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text) if text else None
    except ValueError:
        return None


def _retry_after_s(text: str | None, now: datetime) -> float | None:
    """Retry-After as seconds, from seconds or an HTTP date; None when absent or unreadable."""
    if text is None:
        return None
    if text.isascii() and text.isdigit():
        return float(text)
    moment = _http_date(text)
    if moment is None:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
