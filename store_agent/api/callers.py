"""Who is calling: a machine with a token, a paired tablet, a member of staff, or nobody."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from fastapi import Request

from store_agent.config import Audience, TokenSettings


@dataclass(frozen=True, slots=True)
class Caller:
    """`name` is the till, the token's name, or the device; `staff_id` only for staff."""

    audience: Audience
    name: str = ""
    staff_id: str | None = None


NOBODY = Caller(Audience.PUBLIC)


class Tokens:
    """Machine tokens by their SHA-256: the agent never keeps a token in clear."""

    def __init__(self, tokens: Iterable[TokenSettings]) -> None:
        """Index the configured tokens."""
        self._by_hash = {bytes.fromhex(t.sha256): Caller(t.audience, t.name) for t in tokens}

    def caller(self, authorization: bytes) -> Caller | None:
        """The caller behind an `Authorization` header, or None.

        `Bearer <token>`, or `Basic <user:token>` for apps that know nothing else (OwnTracks).
        """
        scheme, _, said = authorization.partition(b" ")
        if scheme.lower() == b"basic":
            token = password(said)
        elif scheme.lower() == b"bearer":
            token = said.strip()
        else:
            return None
        return self._by_hash.get(hashlib.sha256(token).digest())


def password(credentials: bytes) -> bytes:
    """The password of Basic credentials (RFC 7617); b"" when there is none."""
    return _basic(credentials)[1]


def basic_user(authorization: str) -> str:
    """The user name of an `Authorization: Basic` header; "" for any other."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    return _basic(credentials.encode("latin-1"))[0].decode("utf-8", "replace")


def _basic(credentials: bytes) -> tuple[bytes, bytes]:
    try:
        user, _, secret = base64.b64decode(credentials.strip(), validate=True).partition(b":")
    except ValueError:
        return b"", b""
    return user, secret


def caller_of(request: Request) -> Caller:
    """Whom the guard let in."""
    caller = request.scope["caller"]
    if not isinstance(caller, Caller):
        raise TypeError("the guard did not see this request")
    return caller
