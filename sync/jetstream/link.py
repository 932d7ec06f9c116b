"""One connection of nats-py, from its opening to its end, and the answers awaited on it."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sync.errors import TransportError, UnreachableError
from sync.jetstream import credentials, names
from sync.jetstream.settings import LineSettings
from sync.transports.http import DEAD_PEER_OPTIONS

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 5
CLOSE_TIMEOUT_S = 1.0
PING_EVERY_S = 20  # for what lies between the machines; TCP keep-alive finds a dead one sooner
NO_RESPONDERS = "503"  # status of a message that nobody was there to take
TRUST_HINT = "The server's certificate is not trusted: set ca_file, or check the address."
RIGHTS_HINT = "Check this shop's credentials and rights on the NATS server; see docs/nats.md."
CLEAR_HINT = "The server offers no TLS: write nats:// for a line in clear, or set TLS up there."


@dataclass(frozen=True, slots=True)
class Reply:
    """A message that came back. `status` is "" unless the server itself speaks."""

    subject: str
    reply_to: str
    body: bytes
    headers: Mapping[str, str]

    @property
    def status(self) -> str:
        """The server's status code, as text."""
        return self.headers.get("Status", "") if not self.body else ""

    @property
    def description(self) -> str:
        """The server's words beside its status."""
        return self.headers.get("Description", "")


class Link:
    """A connected client. Whoever waits for an answer hears at once when the connection ends."""

    def __init__(self, name: str) -> None:
        """Use `connect`."""
        # Its own: an answer that an earlier or another connection of this shop waits for must never
        # be taken for one of ours. It would acknowledge what nobody has stored.
        self._inbox = f"_INBOX.{names.token(name)}.{uuid4().hex}"
        self._name = name
        self._waiting: dict[str, asyncio.Future[Reply]] = {}
        self._listeners: list[Callable[[TransportError], None]] = []
        self._tokens = 0
        self._last_error: Exception | None = None
        self._client: Client
        self.broken = False

    @classmethod
    async def connect(cls, settings: LineSettings, name: str) -> Link:
        """Open a connection. Raises TransportError."""
        link = cls(name)
        await link._open(settings)
        return link

    @property
    def max_payload(self) -> int:
        """The largest message that the server takes, in bytes."""
        return int(self._client.max_payload)

    async def publish(self, subject: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Send without an answer. Raises UnreachableError."""
        await self._send(subject, body, "", headers)

    async def pull(self, subject: str, body: bytes, inbox: str) -> None:
        """Ask for messages that come to `inbox`. Raises UnreachableError."""
        await self._send(subject, body, inbox, {})

    async def ask(
        self, subject: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send and wait for the answer, however long. Raises TransportError when none can come."""
        self._tokens += 1
        token = str(self._tokens)
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[token] = answer
        try:
            await self._send(subject, body, f"{self._inbox}.a.{token}", headers or {})
            return await answer
        finally:
            del self._waiting[token]
            if answer.done() and not answer.cancelled():
                answer.exception()  # seen, though the sending may have failed on its own

    async def subscribe(
        self, hear: Callable[[Reply], None], ended: Callable[[TransportError], None]
    ) -> str:
        """Call `hear` with all that is sent to `<what is returned>.*`, `ended` at the end."""
        self._tokens += 1
        subject = f"{self._inbox}.r.{self._tokens}"
        await self._listen(f"{subject}.*", hear)
        self._listeners.append(ended)
        return subject

    async def close(self) -> None:
        """End the connection now; may be called again."""
        self._end(UnreachableError("the line was closed"))
        await _close(self._client)

    async def _open(self, settings: LineSettings) -> None:
        client_class, errors = _nats()
        self._client = client_class(must_encrypt=all(_is_tls(url) for url in settings.servers))
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._client.connect(
                    servers=list(settings.servers),
                    name=f"store agent {self._name}",
                    allow_reconnect=False,
                    max_reconnect_attempts=1,  # 0 would mean: try this server for ever
                    reconnect_time_wait=0,
                    connect_timeout=CONNECT_TIMEOUT_S,
                    ping_interval=PING_EVERY_S,
                    error_cb=self._on_error,
                    closed_cb=self._on_closed,
                    inbox_prefix=self._inbox,
                    **_identity(settings, self._client),
                )
                _watch_peer(self._client)
                await self._listen(f"{self._inbox}.a.*", self._on_answer)
        except BaseException as error:
            await _close(self._client)
            if isinstance(error, TimeoutError | OSError | errors):
                raise self._failure(error) from error
            raise

    async def _listen(self, subject: str, hear: Callable[[Reply], None]) -> None:
        async def heard(message: Msg) -> None:
            headers = message.headers or {}
            hear(Reply(message.subject, message.reply, message.data, headers))

        await self._client.subscribe(subject, cb=heard, pending_bytes_limit=0)

    async def _send(
        self, subject: str, body: bytes, reply_to: str, headers: Mapping[str, str]
    ) -> None:
        _, errors = _nats()
        if self.broken:
            raise UnreachableError("the connection has ended")
        try:
            await self._client.publish(subject, body, reply_to, dict(headers) or None)
        except (errors, OSError) as error:
            raise self._failure(error) from error

    def _on_answer(self, reply: Reply) -> None:
        waiting = self._waiting.get(reply.subject.rpartition(".")[2])
        if waiting is not None and not waiting.done():
            waiting.set_result(reply)

    async def _on_error(self, error: Exception) -> None:
        """nats-py's way to tell what went wrong beside an exchange."""
        self._last_error = error
        if "permissions violation" in str(error).lower():
            self._end(_no_right(str(error)))

    async def _on_closed(self) -> None:
        self._end(self._failure(self._last_error))

    def _end(self, error: TransportError) -> None:
        self.broken = True
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(error)
        for ended in self._listeners:
            ended(error)
        self._listeners.clear()

    def _failure(self, error: Exception | None) -> TransportError:
        """An error of nats-py or the network in this part's words."""
        cause = error
        if type(error).__name__ in {"NoServersError", "TimeoutError", "ConnectionClosedError"}:
            cause = self._last_error or error  # that one says why
        if isinstance(cause, ssl.SSLCertVerificationError):
            return TransportError("no trust in the server", permanent=True, hint=TRUST_HINT)
        if type(cause).__name__ == "SecureConnRequiredError":
            return TransportError("the line is in clear", permanent=True, hint=CLEAR_HINT)
        if "authoriz" in str(cause).lower() or "authentic" in str(cause).lower():
            return _no_right("the server refuses the credentials")
        return UnreachableError(f"no connection to NATS: {type(cause).__name__}")


def _no_right(what: str) -> TransportError:
    return TransportError(what, permanent=True, hint=RIGHTS_HINT)


def _is_tls(url: str) -> bool:
    return url.startswith(("tls://", "wss://"))


def _nats() -> tuple[Any, type[Exception]]:
    """nats-py, imported when a shop uses it. Raises TransportError that says what to install."""
    try:
        from nats.errors import Error  # noqa: PLC0415  an extra

        from sync.jetstream.client import SafeClient  # noqa: PLC0415  imports nats-py
    except ImportError as error:
        raise TransportError(
            "NATS needs the extra `nats`", permanent=True, hint="Install store-agent[nats]."
        ) from error
    return SafeClient, Error


def _identity(settings: LineSettings, client: Any) -> dict[str, Any]:
    """The arguments of `connect` that say who comes, and whom it trusts."""
    found: dict[str, Any] = {}
    if settings.ca_file is not None:
        found["tls"] = _trusting(settings.ca_file)
    if settings.user:
        found |= {"user": settings.user, "password": settings.password}
    if settings.token:
        found["token"] = settings.token
    identity = _key_of(settings)
    if identity is not None:
        client.introduce(identity.public_key)
        found["signature_cb"] = identity.sign
        if (jwt := identity.jwt) is not None:
            found["user_jwt_cb"] = lambda: bytearray(jwt)
    return found


def _trusting(ca_file: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as error:
        what = f"{ca_file} is no certificate that can be read"
        raise TransportError(what, permanent=True, hint="Check ca_file.") from error


def _key_of(settings: LineSettings) -> credentials.Identity | None:
    if settings.credentials_file is not None:
        return credentials.from_creds(settings.credentials_file)
    return credentials.from_seed(settings.nkey_seed) if settings.nkey_seed else None


def _watch_peer(client: Client) -> None:
    """A pulled cable sends no reset: let the kernel find it, as on the HTTP line."""
    writer = getattr(client._transport, "_bare_io_writer", None)
    peer: socket.socket | None = writer.get_extra_info("socket") if writer else None
    if peer is not None:
        for level, option, value in DEAD_PEER_OPTIONS:
            peer.setsockopt(level, option, value)


async def _close(client: Client) -> None:
    """Cut the connection and wait for nats-py's tasks: what is not sent yet must stay unsent."""
    writer = getattr(client._transport, "_io_writer", None)
    if writer is not None:
        writer.transport.abort()
    with suppress(Exception):  # it fails in many ways on a line that is gone, which is the aim
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await client.close()
