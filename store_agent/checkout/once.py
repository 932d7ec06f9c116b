"""One key, one effect: the answer to a till's Idempotency-Key is kept with what it did."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from store_agent.domain.errors import Conflict
from store_agent.storage import Connection, answers


class IdempotencyMismatch(Conflict):
    """The same key came with another body."""

    code = "idempotency_mismatch"


@dataclass(frozen=True, slots=True)
class Key:
    """Whose key, at which door, for which body."""

    door: str
    key: str
    body_hash: bytes
    at: datetime

    @classmethod
    def of(cls, door: str, key: str, body: bytes, at: datetime) -> Key:
        """The key of one request."""
        return cls(door, key, hashlib.sha256(body).digest(), at)


def told_before(connection: Connection, key: Key) -> bytes | None:
    """The answer this key had, or None. Raises IdempotencyMismatch when it was for another body."""
    stored = answers.find(connection, key.door, key.key)
    if stored is None:
        return None
    if stored.body_hash != key.body_hash:
        raise IdempotencyMismatch(
            "this key was used for another request", hint="Use a new key for a new request."
        )
    return stored.answer


def remember(tx: Connection, key: Key, answer: bytes) -> None:
    """Keep the answer of a key."""
    answers.remember(tx, key.door, key.key, key.body_hash, answer, key.at)


def once(tx: Connection, key: Key, work: Callable[[], bytes]) -> tuple[bytes, bool]:
    """`work` and its answer, or the answer it had before; whether it was done now.

    Raises IdempotencyMismatch when the key was used for another body.
    """
    told = told_before(tx, key)
    if told is not None:
        return told, False
    answer = work()
    remember(tx, key, answer)
    return answer, True
