"""nats-py's client with the two things it lacks."""

from __future__ import annotations

from typing import Any

from nats.aio.client import Client
from nats.errors import SecureConnRequiredError


class SafeClient(Client):
    """Never sends a secret in clear where TLS was asked for, and knows an nkey by itself.

    nats-py encrypts when the server says so, whatever the address's scheme: anybody on the way
    could take that sentence out and read the credentials that follow.
    """

    def __init__(self, *, must_encrypt: bool) -> None:
        """`must_encrypt`: refuse a server that does not offer TLS."""
        super().__init__()
        self._must_encrypt = must_encrypt

    def introduce(self, public_key: str) -> None:
        """Connect as this nkey; `signature_cb` signs for it."""
        self._public_nkey = public_key

    async def _process_info(self, info: dict[str, Any], initial_connection: bool = False) -> None:
        """The server's first word; the credentials follow it."""
        is_websocket = self._current_server is not None and self._current_server.uri.scheme == "wss"
        if self._must_encrypt and not info.get("tls_required") and not is_websocket:
            raise SecureConnRequiredError
        await super()._process_info(info, initial_connection)
