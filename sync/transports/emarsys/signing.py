"""Proving who we are: OAuth2 client credentials, or WSSE until Emarsys switches it off."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Protocol

from sync.errors import TransportError
from sync.transports.emarsys.times import ServerTime
from sync.transports.http import Answer, HttpLine

TOKEN_DEADLINE_S = 15.0
EARLY_S = 30.0  # a token is renewed this long before it ends, so that none ends on the way
UNSTATED_LIFE_S = 300.0  # how long a token counts that does not say when it ends
ALARM_PAUSE_S = 900.0  # who repeats bad requests is ignored with 502 before long
WSSE_LAST_DAY = date(2026, 12, 31)
NONCE_BYTES = 16
CLIENT_CREDENTIALS = {"grant_type": "client_credentials"}


class Signer(Protocol):
    """Makes the headers that say who calls. Raises TransportError."""

    @property
    def version(self) -> str:
        """The API generation that goes with it: "v3" or "v2"."""

    async def headers(self) -> Mapping[str, str]:
        """For the next request."""

    def forget(self) -> None:
        """The last headers were refused: make new ones."""


class OAuth:
    """Client credentials; the token lives as long as the answer says."""

    version = "v3"

    def __init__(
        self,
        line: HttpLine,
        token_url: str,
        credentials: tuple[str, str],
        monotonic: Callable[[], float],
        server_time: ServerTime,
    ) -> None:
        """`credentials` are client id and secret."""
        self._line = line
        self._url = token_url
        self._basic = basic(credentials)
        self._monotonic = monotonic
        self._server_time = server_time
        self._token = ""
        self._ends_s = float("-inf")

    async def headers(self) -> Mapping[str, str]:
        """Bearer, with a token that still holds for a while."""
        if not self._token or self._monotonic() >= self._ends_s:
            await self._fetch()
        return {"authorization": f"Bearer {self._token}"}

    def forget(self) -> None:
        """Fetch another token next time."""
        self._token = ""

    async def _fetch(self) -> None:
        asked_s = self._monotonic()
        answer = await self._line.request(
            "POST",
            self._url,
            data=CLIENT_CREDENTIALS,
            headers={"authorization": self._basic},
            deadline_s=TOKEN_DEADLINE_S,
        )
        self._server_time.learn(answer.headers)
        if answer.status in {400, 401, 403}:
            raise refused_credentials(answer.status)
        if answer.status != 200:
            raise self._line.refuse(answer.status, answer.headers)
        self._token, life_s = _token(answer)
        self._ends_s = asked_s + max(life_s - EARLY_S, life_s / 2)


class Wsse:
    """The old way. Needs a clock that is right to 5 minutes: it uses Emarsys' own."""

    version = "v2"

    def __init__(self, credentials: tuple[str, str], server_time: ServerTime) -> None:
        """`credentials` are the API user and its secret."""
        self._user, self._secret = credentials
        self._server_time = server_time

    async def headers(self) -> Mapping[str, str]:
        """A fresh nonce and digest. Raises TransportError once this way has ended."""
        now = self._server_time.now()
        if self._server_time.is_known and now.date() > WSSE_LAST_DAY:
            raise TransportError(
                "Emarsys has ended WSSE",
                permanent=True,
                hint="Make OAuth2 credentials in Emarsys and remove `wsse` from the settings.",
                retry_after_s=ALARM_PAUSE_S,
            )
        nonce = secrets.token_hex(NONCE_BYTES)
        return {"x-wsse": wsse_header(self._user, self._secret, nonce, now)}

    def forget(self) -> None:
        """Every header is new anyway."""


def basic(credentials: tuple[str, str]) -> str:
    """The header that client id and secret travel in, to the token service only."""
    return "Basic " + base64.b64encode(":".join(credentials).encode()).decode()


def wsse_header(user: str, secret: str, nonce: str, at: datetime) -> str:
    """The X-WSSE header of one request."""
    created = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    digest = wsse_digest(nonce, created, secret)
    return (
        f'UsernameToken Username="{user}", PasswordDigest="{digest}",'
        f' Created="{created}", nonce="{nonce}"'
    )


def wsse_digest(nonce: str, created: str, secret: str) -> str:
    """Base64 of the 40 hexadecimal characters of the SHA-1, not of its 20 bytes."""
    text = hashlib.sha1((nonce + created + secret).encode(), usedforsecurity=False).hexdigest()
    return base64.b64encode(text.encode()).decode()


def refused_credentials(status: int) -> TransportError:
    """The alarm: nothing will work until somebody changes something."""
    return TransportError(
        f"Emarsys refuses the credentials ({status})",
        permanent=True,
        hint="Check client id, secret and token URL, and that the API user is enabled.",
        retry_after_s=ALARM_PAUSE_S,
    )


def _token(answer: Answer) -> tuple[str, float]:
    document: dict[str, Any] = answer.document()
    token, life_s = document.get("access_token"), document.get("expires_in")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
        raise TransportError("the token's answer holds no token", hint="Check the token URL.")
    if not isinstance(life_s, int | float) or isinstance(life_s, bool):
        return token, UNSTATED_LIFE_S
    return token, max(1.0, float(life_s))
