"""The ports of this part: a reader of codes, and the errors all adapters raise.

AdapterError
└── MissingDependency   an optional library is not installed
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class AdapterError(Exception):
    """Base of all errors of this part; `hint` is one sentence for the person who can mend it."""

    permanent = True

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Say what went wrong and what to do about it."""
        super().__init__(message)
        self.hint = hint


class MissingDependency(AdapterError):
    """An optional library is not installed; trying again cannot help."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One code read at one lane. `data` is the text without prefix and suffix of the scanner.

    An AIM prefix stays in `data`; `symbology` is set by readers that learn it another way.
    """

    lane: str
    data: str
    symbology: str | None
    at: datetime


class Connection(StrEnum):
    """Whether a reader's device is there."""

    OK = "ok"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class ReaderState:
    """For the health report: since when it is so, and why ("" while all is well)."""

    state: Connection
    since: datetime
    reason: str = ""


OnReading = Callable[[Reading], Awaitable[None]]


class Reader(Protocol):
    """A device that reads codes at one lane."""

    @property
    def name(self) -> str:
        """As the configuration calls it."""

    @property
    def state(self) -> ReaderState:
        """Whether the device is there right now."""

    @property
    def dropped(self) -> int:
        """Lines thrown away since the start: too long, or without the configured prefix."""

    async def run(self, on_reading: OnReading) -> None:
        """Hand over one reading after the other until cancelled; never returns by itself.

        A vanished device is waited for and opened again. `on_reading` is awaited before the next
        code is read; what it raises ends the run and is the caller's to handle. After the run the
        state is OFFLINE, "stopped"; it may be run again.
        """
