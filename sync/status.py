"""What the agent and its screens may know about the line."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sync.errors import SyncError

log = logging.getLogger(__name__)


class LineState(StrEnum):
    """Whether the platform can be reached."""

    STARTING = "starting"
    ONLINE = "online"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Progress:
    """Documents of the first copy: done and in total."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """One moment of the line.

    `reason` and `hint` explain an offline line; `fault` names something on this box that keeps
    sync from working (a full disk, say). `clock_offset_s` is platform minus box.
    """

    line: LineState
    since: datetime
    reason: str | None = None
    hint: str = ""
    fault: str | None = None
    backlog: int = 0
    oldest_at: datetime | None = None
    quarantined: int = 0
    profiles_as_of: datetime | None = None
    last_success_at: datetime | None = None
    bootstrap: Progress | None = None
    clock_offset_s: float | None = None


Listener = Callable[[SyncStatus], None]


class StatusBoard:
    """Holds the current status and tells listeners of every visible change.

    The line is offline while any loop's last exchange failed, online once all that spoke succeeded.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        """Begin with a line of which nothing is known."""
        self._now = now
        self._listeners: list[Listener] = []
        self._line_errors: dict[str, SyncError] = {}
        self.status = SyncStatus(LineState.STARTING, now())

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after each change; returns the way to stop that."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def succeeded(self, loop: str) -> None:
        """An exchange of `loop` went well."""
        self._line_errors.pop(loop, None)
        self.status = replace(self.status, last_success_at=self._now())
        self._show_line()

    def failed(self, loop: str, error: SyncError) -> None:
        """An exchange of `loop` failed."""
        self._line_errors[loop] = error
        self._show_line()

    def rests(self, loop: str) -> None:
        """`loop` has nothing to send, so its last failure says nothing about now."""
        if self._line_errors.pop(loop, None):
            self._show_line()

    def change(self, **fields: Any) -> None:
        """Set fields of the status; listeners hear of it if one differs."""
        before, self.status = self.status, replace(self.status, **fields)
        if self.status != before:
            self._tell()

    def _show_line(self) -> None:
        error = next(iter(self._line_errors.values()), None)
        if error is not None:
            line = LineState.OFFLINE
        elif self.status.last_success_at is not None:
            line = LineState.ONLINE
        else:
            line = LineState.STARTING
        since = self.status.since if line is self.status.line else self._now()
        self.change(
            line=line,
            since=since,
            reason=str(error) if error else None,
            hint=error.hint if error else "",
        )

    def _tell(self) -> None:
        for listener in list(self._listeners):
            try:
                listener(self.status)
            except Exception:
                log.exception("a listener of the sync status failed")
