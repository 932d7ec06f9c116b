"""Answers already given, so that a retried call gets the same one and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store_agent.storage.connection import Connection
from store_agent.storage.times import to_text


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What was asked (as a hash of the body) and what was answered."""

    body_hash: bytes
    answer: bytes


def find(connection: Connection, door: str, key: str) -> StoredAnswer | None:
    """The answer given at `door` (e.g. "scans") to the caller's idempotency `key`."""
    rows = connection.execute(
        "SELECT body_hash, answer FROM answers WHERE door = ? AND key = ?", (door, key)
    ).fetchall()
    return StoredAnswer(*rows[0]) if rows else None


def remember(  # noqa: PLR0913, PLR0917  one column each
    tx: Connection, door: str, key: str, body_hash: bytes, answer: bytes, at: datetime
) -> None:
    """Keep an answer. The first one stays: a second call with the same key changes nothing."""
    tx.execute(
        "INSERT INTO answers (door, key, body_hash, answer, at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (door, key, body_hash, answer, to_text(at)),
    )


def forget_before(tx: Connection, at: datetime) -> None:
    """Drop answers older than `at`."""
    tx.execute("DELETE FROM answers WHERE at < ?", (to_text(at),))
