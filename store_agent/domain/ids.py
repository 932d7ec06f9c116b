"""Local identifiers: UUIDv7, so that a unique index stays append-only and fast."""

from __future__ import annotations

from collections.abc import Callable

from uuid_utils import uuid7

NewId = Callable[[], str]


def new_id() -> str:
    """A fresh UUIDv7 as text. Never an ordering authority: a clock may jump."""
    return str(uuid7())
