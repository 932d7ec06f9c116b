"""`store-agent replay fixes`: recorded positions through the shop's own fences and rules."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, TextIO

import orjson

from geofences import file_rules, files, rules
from geofences.engine import Engine, Step
from geofences.fence_set import FenceSet
from geofences.fingerprint import version_of
from geofences.locations import LocationRefused, read_location, read_time
from geofences.model import Fence, FencesRefused, Fix, FixRefused, Refusal, ZoneEvent
from geofences.state import SubjectState
from store_agent.clock import EARLIEST_PLAUSIBLE
from store_agent.domain.errors import InvalidInput

REORDER = "reorder_s"
# In a longer silence nothing new happens tick by tick; whatever expires does so by then.
LONGEST_SILENCE_S = 2 * 3600.0
BEFORE_ALL = EARLIEST_PLAUSIBLE.replace(year=1)


def replay_fixes(lines: TextIO, out: TextIO, fences_path: Path, overrides: tuple[str, ...]) -> None:
    """Print the zone events of a recording. Raises InvalidInput for unusable fences or settings.

    A line that is no fix is told on stderr and the replay goes on.
    """
    chosen = _chosen(overrides)
    reorder_s = float(chosen.pop(REORDER, rules.REORDER_S))
    fences = [_overridden(fence, chosen) for fence in _read(fences_path)]
    player = Player(Engine(FenceSet(fences), reorder_s=reorder_s))
    for (number, line), (_, following) in pairwise(chain(_numbered(lines), [(0, "")])):
        try:
            fix = _fix(line, player.now)
            _check_not_far_ahead(fix, line, player.now, following)
            events = player.play(fix)
        except (LocationRefused, FixRefused) as refused:
            sys.stderr.write(f"line {number}: {refused}\n")
            continue
        _print(out, events)
    _print(out, player.finish(reorder_s))


def _numbered(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    return ((number, line) for number, line in enumerate(lines, 1) if line.strip())


def _check_not_far_ahead(fix: Fix, line: str, now: datetime, following: str) -> None:
    """A wrong year on a phone: believed, all that follow would be too old. Raises FixRefused.

    A recording without `received_at` does not tell what the box's clock was. But when a fix lies a
    day and more after everything before it, and the next one does not, one of them must be wrong.
    """
    day = timedelta(seconds=rules.TOO_OLD_S)
    if now == BEFORE_ALL or fix.received_at - now <= day or "received_at" in orjson.loads(line):
        return
    try:
        goes_on = _fix(following, now).received_at - now <= day
    except LocationRefused:
        return
    if goes_on:
        raise FixRefused(Refusal.FUTURE)


class Player:
    """Time goes on with the recording, and every subject's state with it."""

    def __init__(self, engine: Engine) -> None:
        """Nothing has been played."""
        self._engine = engine
        self._states: dict[str, SubjectState] = {}
        self.now = BEFORE_ALL

    def play(self, fix: Fix) -> list[ZoneEvent]:
        """Everything that became known up to this fix and by it. Raises FixRefused."""
        events = list(self._until(fix.received_at))
        state = self._states.get(fix.subject) or SubjectState.new(fix.subject)
        events += self._take(self._engine.on_fix(state, fix, self.now))
        return events

    def finish(self, reorder_s: float) -> list[ZoneEvent]:
        """What waited for older fixes; the recording ends, time does not go on."""
        events: list[ZoneEvent] = []
        for state in list(self._states.values()):
            if state.held:
                latest = max(fix.received_at for fix in state.held)
                end = max(self.now, latest + timedelta(seconds=reorder_s))
                events += self._take(self._engine.tick(state, end))
        return events

    def _until(self, end: datetime) -> Iterator[ZoneEvent]:
        if not self._states:
            self.now = max(self.now, end)
        step = timedelta(seconds=rules.TICK_S)
        stop = min(end, self.now + timedelta(seconds=LONGEST_SILENCE_S))
        while self.now + step <= stop:
            self.now += step
            for state in list(self._states.values()):
                yield from self._take(self._engine.tick(state, self.now))
        self.now = max(self.now, end)

    def _take(self, step: Step) -> Iterable[ZoneEvent]:
        self._states[step.state.subject] = step.state
        return step.events


def _read(path: Path) -> tuple[Fence, ...]:
    try:
        return files.read_text(path.read_bytes())
    except OSError as error:
        raise InvalidInput(
            f"cannot read {path}: {error.strerror}", hint="Check --fences."
        ) from error
    except FencesRefused as refused:
        raise InvalidInput(str(refused), hint="Mend these features.", field="fences") from refused


def _chosen(overrides: Iterable[str]) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    for override in overrides:
        name, _, text = override.partition("=")
        if name != REORDER and name not in file_rules.NAMES:
            known = ", ".join((*file_rules.NAMES, REORDER))
            raise InvalidInput(f"{name!r} is no rule", hint=f"There are: {known}.", field="set")
        chosen[name] = _value(name, text)
    return chosen


def _value(name: str, text: str) -> Any:
    is_bare_list = name in file_rules.LISTS and "," in text and not text.startswith("[")
    try:
        value = orjson.loads(f"[{text}]" if is_bare_list else text)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(
            f"{name}: {text!r} is no number, true, false or list", field="set"
        ) from error
    if name == REORDER and (not isinstance(value, int | float) or not 0 <= value < math.inf):
        raise InvalidInput(f"{name}: must be a number of seconds", field="set")
    return value


def _overridden(fence: Fence, chosen: Mapping[str, Any]) -> Fence:
    faults: list[str] = []
    changed = file_rules.override(fence.rules, chosen, faults.append)
    if faults:
        raise InvalidInput(faults[0], hint="See docs/geofences.md.", field="set")
    version = version_of(fence.shape, changed, fence.kind, fence.parent)
    return replace(fence, rules=changed, version=version)


def _fix(line: str, now: datetime) -> Fix:
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise LocationRefused("", "is not JSON") from error
    fix = read_location(document, now)
    received = document.get("received_at")
    arrived = fix.fixed_at if received is None else read_time(received, "received_at")
    return replace(fix, received_at=max(now, arrived))


def _print(out: TextIO, events: Iterable[ZoneEvent]) -> None:
    out.writelines(
        orjson.dumps(_shown(event), option=orjson.OPT_UTC_Z).decode() + "\n" for event in events
    )


def _shown(event: ZoneEvent) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "event": event.kind,
        "subject": event.subject,
        "fence": event.fence_id,
        "at": event.at.astimezone(UTC),
        "confidence": event.confidence,
        "reason": event.reason,
        "known_at": event.emitted_at.astimezone(UTC),
        "stay": event.stay_id,
    }
    more = {
        "initial": event.initial or None,
        "notify": None if event.notify else False,
        "dwell_s": event.dwell_s,
        "stage": event.approach,
        "eta_s": event.eta_s,
    }
    return shown | {name: value for name, value in more.items() if value is not None}
