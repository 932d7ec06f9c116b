"""Errors of the tablet.

KioskError
├── PairingRefused    the pairing code is wrong, used up or expired
├── LoginRefused      wrong PIN, or too many failures
└── ShopUnavailable   the agent cannot make the change durable right now
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum


class KioskError(Exception):
    """Base of what this part raises on purpose; `permanent` = the same again cannot help."""

    permanent = True

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        """`hint` is one sentence for the person who can mend it."""
        super().__init__(message)
        self.hint = hint


class PairingRefused(KioskError):
    """The pairing code is wrong, used up or expired."""


class LoginReason(StrEnum):
    """Why a login was refused."""

    WRONG_PIN = "wrong_pin"
    LOCKED = "locked"  # too many failures; `until` says how long
    NO_PIN = "no_pin"  # this person has no PIN yet; a manager sets it


class LoginRefused(KioskError):
    """Wrong PIN, or too many failures."""

    def __init__(self, reason: LoginReason, *, until: datetime | None = None) -> None:
        """`until` (UTC) only with LOCKED."""
        super().__init__(reason.value)
        self.reason = reason
        self.until = until


class ShopUnavailable(KioskError):
    """The agent cannot answer or make the change durable right now; try again."""

    permanent = False

    def __init__(self, message: str = "", *, retry_after_s: int = 1, hint: str = "") -> None:
        """`retry_after_s` = when a retry makes sense."""
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s
