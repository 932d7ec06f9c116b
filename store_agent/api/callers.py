"""Who is calling: a machine with a token, a paired tablet, a member of staff, or nobody."""

from __future__ import annotations

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
        """The caller behind an `Authorization: Bearer ...` header, or None."""
        scheme, _, token = authorization.partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        return self._by_hash.get(hashlib.sha256(token.strip()).digest())


def caller_of(request: Request) -> Caller:
    """Whom the guard let in."""
    caller = request.scope["caller"]
    if not isinstance(caller, Caller):
        raise TypeError("the guard did not see this request")
    return caller
