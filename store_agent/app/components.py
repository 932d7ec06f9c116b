"""The state of every part in one list: for /readyz, for the tablet's status page, for metrics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from kiosk_ui import model
from store_agent.app.feed import SyncCache
from store_agent.app.presence import Presence
from store_agent.app.readers import Scanner
from store_agent.clock import Clock, is_plausible
from store_agent.domain.health import ComponentHealth, HealthState
from store_agent.storage import Storage
from sync.outbox import PLATFORM, DropReason
from sync.status import LineState, SyncStatus, TransportStatus
from sync.upkeep import OutboxUpkeep
from sync.worker import SyncWorker

# Older than a trading day without contact: say so on every card.
STALE_AFTER_S = 12 * 3600
NOT_TAKEN_IN = {
    DropReason.ROOM: "the disk is nearly full",
    DropReason.BYTES: "too much waits for its receivers",
}


class Components:
    """Asks every part how it is doing."""

    def __init__(  # noqa: PLR0913, PLR0917  everybody who is asked
        self,
        storage: Storage,
        sync: SyncWorker | None,
        outbox: OutboxUpkeep,
        cache: SyncCache,
        scanners: Sequence[Scanner],
        presence: Presence,
        clock: Clock,
    ) -> None:
        """Nothing is asked until somebody wants to know."""
        self._storage = storage
        self._sync = sync
        self._outbox = outbox
        self._cache = cache
        self._scanners = scanners
        self._presence = presence
        self._clock = clock
        self._started = clock.now()
        self._taken_in = ComponentHealth("outbox", HealthState.OK, self._started)
        self._profiles = ComponentHealth("profiles", HealthState.OK, self._started)

    def rows(self) -> tuple[ComponentHealth, ...]:
        """Every component now."""
        scanners = (
            ComponentHealth(one.reader.name, HealthState(state.state), state.since, state.reason)
            for one, state in ((one, one.reader.state) for one in self._scanners)
        )
        return (
            *self._storage.health(),
            *self._lines(),
            self._outbox_row(),
            self._profiles_row(),
            self._clock_row(),
            *scanners,
            *self._presence.rows(),
        )

    def _lines(self) -> Iterator[ComponentHealth]:
        """The platform, and every other receiver."""
        if self._sync is None:
            reason = "no platform is configured"
            yield ComponentHealth("platform", HealthState.OFFLINE, self._started, reason)
            return
        for line in self._sync.status().transports:
            name = line.name if line.name == PLATFORM else f"line {line.name}"
            state, reason = _state_of(line)
            yield ComponentHealth(name, state, line.since, reason)

    def _outbox_row(self) -> ComponentHealth:
        """Whether every class of events is taken in."""
        closed = self._outbox.closed
        names = " and ".join(sorted(closed))
        why = "; ".join(sorted({NOT_TAKEN_IN[reason] for reason in closed.values()}))
        reason = f"events of the class {names} are not kept: {why}" if closed else ""
        state = HealthState.DEGRADED if closed else HealthState.OK
        since = self._taken_in.since if state is self._taken_in.state else self._clock.now()
        self._taken_in = ComponentHealth("outbox", state, since, reason)
        return self._taken_in

    def _profiles_row(self) -> ComponentHealth:
        """The copy of the platform's documents: is a new one on its way, is all of it readable?"""
        reason = self._why_not_all()
        state = HealthState.DEGRADED if reason else HealthState.OK
        since = self._profiles.since if state is self._profiles.state else self._clock.now()
        self._profiles = ComponentHealth("profiles", state, since, reason)
        return self._profiles

    def _why_not_all(self) -> str:
        progress = self._sync.status().bootstrap if self._sync is not None else None
        if progress is not None:
            share = f": {100 * progress.done // progress.total} %" if progress.total else ""
            return f"a copy is being taken{share}"
        census = self._cache.census
        if not census.unreadable:
            return ""
        named = ", ".join(census.collections)
        return f"some documents of the platform cannot be read: {census.unreadable} ({named})"

    def _clock_row(self) -> ComponentHealth:
        good = is_plausible(self._clock.now())
        reason = "" if good else "the clock is wrong: rotating and signed passes are refused"
        return ComponentHealth(
            "clock", HealthState.OK if good else HealthState.DEGRADED, self._started, reason
        )

    def status(self) -> model.Status:
        """The same for the tablet's top line."""
        rows = tuple(
            model.Component(r.name, model.ComponentState(r.state), r.since, r.reason)
            for r in self.rows()
        )
        if self._sync is None:
            return model.Status(online=False, line_since=self._started, components=rows)
        status = self._sync.status()
        return model.Status(
            online=status.line is LineState.ONLINE,
            line_since=status.since,
            waiting_events=status.backlog,
            quarantined=status.quarantined,
            profiles_as_of=status.profiles_as_of,
            profiles_stale=self._is_stale(status.profiles_as_of),
            bootstrap=_progress(status),
            components=rows,
        )

    def _is_stale(self, as_of: datetime | None) -> bool:
        if as_of is None:
            return True
        return (self._clock.now() - as_of).total_seconds() > STALE_AFTER_S


def _state_of(line: TransportStatus) -> tuple[HealthState, str]:
    if line.line is not LineState.ONLINE:
        return HealthState.OFFLINE, line.reason or "no contact yet"
    if line.quarantined:
        return HealthState.DEGRADED, f"{line.quarantined} refused events wait for a decision"
    return HealthState.OK, ""


def _progress(status: SyncStatus) -> model.Progress | None:
    if status.bootstrap is None:
        return None
    return model.Progress(status.bootstrap.done, status.bootstrap.total)
