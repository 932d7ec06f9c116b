"""What a form says is done once, however often it comes."""

from __future__ import annotations

from datetime import datetime

from store_agent.storage import Connection, answers

DOOR = "turned"


def is_repeat(tx: Connection, key: str, now: datetime) -> bool:
    """Whether `key` was used before; from now on it was."""
    if answers.find(tx, DOOR, key) is not None:
        return True
    answers.remember(tx, DOOR, key, b"", b"", now)
    return False
