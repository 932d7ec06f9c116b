"""What the agent and its screens may know about the line."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sync.errors import SyncError
from sync.outbox import PLATFORM, Backlog

log = logging.getLogger(__name__)


class LineState(StrEnum):
    """Whether the other end can be reached."""

    STARTING = "starting"
    ONLINE = "online"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Progress:
    """Documents of the first copy: done and in total."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class TransportStatus:
    """One moment of one transport.

    `reason` and `hint` explain an offline line. `quarantined` waits for a decision; `stale` was
    too old to be worth sending and `dropped` had to go for want of room, since the ledger's start.
    """

    name: str
    line: LineState
    since: datetime
    reason: str | None = None
    hint: str = ""
    last_success_at: datetime | None = None
    backlog: int = 0
    oldest_at: datetime | None = None
    quarantined: int = 0
    stale: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """One moment of sync.

    `line`, `reason`, `hint`, `backlog` and `oldest_at` are those of the platform, or of the first
    transport where there is no platform; `quarantined` is the sum over all. `fault` names something
    on this box that keeps sync from working (a full disk, say). `clock_offset_s` is platform minus
    box.
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
    transports: tuple[TransportStatus, ...] = ()


Listener = Callable[[SyncStatus], None]


@dataclass(slots=True)
class _Line:
    """One other end, reached by one loop or by two."""

    errors: dict[str, SyncError] = field(default_factory=dict)
    last_success_at: datetime | None = None

    @property
    def error(self) -> SyncError | None:
        return next(iter(self.errors.values()), None)

    @property
    def state(self) -> LineState:
        if self.errors:
            return LineState.OFFLINE
        return LineState.STARTING if self.last_success_at is None else LineState.ONLINE


class StatusBoard:
    """Holds the current status and tells listeners of every visible change.

    A line is offline while any of its loops' last exchange failed, online once all that spoke
    succeeded. The feed and the platform's transport are the two loops of one line.
    """

    def __init__(
        self, now: Callable[[], datetime], transports: Sequence[str] = (PLATFORM,)
    ) -> None:
        """Begin with lines of which nothing is known."""
        self._now = now
        self._listeners: list[Listener] = []
        self._main = PLATFORM if PLATFORM in transports or not transports else transports[0]
        self._lines = {name: _Line() for name in (*transports, self._main)}
        at = now()
        states = tuple(TransportStatus(name, LineState.STARTING, at) for name in transports)
        self.status = SyncStatus(LineState.STARTING, at, transports=states)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after each change; returns the way to stop that."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def line_of(self, loop: str) -> str:
        """The line that a loop speaks on: the feed shares the platform's."""
        return loop if loop in self._lines else self._main

    def is_offline(self, line: str) -> bool:
        """Whether the last exchange on it failed."""
        return self._lines[line].state is LineState.OFFLINE

    def succeeded(self, loop: str) -> None:
        """An exchange of `loop` went well."""
        line = self._lines[self.line_of(loop)]
        line.errors.pop(loop, None)
        line.last_success_at = self._now()
        self._show_line(self.line_of(loop))

    def failed(self, loop: str, error: SyncError) -> None:
        """An exchange of `loop` failed."""
        self._lines[self.line_of(loop)].errors[loop] = error
        self._show_line(self.line_of(loop))

    def rests(self, loop: str) -> None:
        """`loop` has nothing to send, so its last failure says nothing about now."""
        if self._lines[self.line_of(loop)].errors.pop(loop, None):
            self._show_line(self.line_of(loop))

    def show(self, transport: str, waiting: Backlog) -> None:
        """What waits for one transport now."""
        transports = self._with(
            transport,
            backlog=waiting.count,
            oldest_at=waiting.oldest_at,
            quarantined=waiting.quarantined,
            stale=waiting.stale,
            dropped=waiting.dropped,
        )
        own: dict[str, Any] = {"quarantined": sum(one.quarantined for one in transports)}
        if transport == self._main:
            own |= {"backlog": waiting.count, "oldest_at": waiting.oldest_at}
        self.change(transports=transports, **own)

    def change(self, **fields: Any) -> None:
        """Set fields of the status; listeners hear of it if one differs."""
        before, self.status = self.status, replace(self.status, **fields)
        if self.status != before:
            self._tell()

    def _show_line(self, name: str) -> None:
        line = self._lines[name]
        state, error = line.state, line.error
        shown = {
            "line": state,
            "reason": str(error) if error else None,
            "hint": error.hint if error else "",
            "last_success_at": line.last_success_at,
        }
        own: dict[str, Any] = {}
        if name == self._main:
            since = self.status.since if state is self.status.line else self._now()
            own = shown | {"since": since}
        self.change(transports=self._with(name, **shown), **own)

    def _with(self, name: str, **fields: Any) -> tuple[TransportStatus, ...]:
        """All transports' states, with fields of one of them set."""
        return tuple(
            one if one.name != name else self._changed(one, fields)
            for one in self.status.transports
        )

    def _changed(self, one: TransportStatus, fields: dict[str, Any]) -> TransportStatus:
        since = one.since if fields.get("line", one.line) is one.line else self._now()
        return replace(one, since=since, **fields)

    def _tell(self) -> None:
        for listener in list(self._listeners):
            try:
                listener(self.status)
            except Exception:
                log.exception("a listener of the sync status failed")
