"""`store-agent replay fixes`: recorded positions through the shop's own fences and rules."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
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
    events: list[ZoneEvent] = []
    for one in _recorded(lines):
        try:
            _check_not_far_ahead(one, player.clock(one.fix.subject))
            events += player.play(one.fix)
        except FixRefused as refused:
            _tell(one.number, refused)
    events += player.finish(reorder_s)
    _print(out, sorted(events, key=_known_at))


@dataclass(slots=True)
class _Recorded:
    """One line: a fix, and when the same subject's next one arrived, if the recording tells."""

    number: int
    fix: Fix
    next_at: datetime | None = None


def _recorded(lines: Iterable[str]) -> list[_Recorded]:
    found: list[_Recorded] = []
    last: dict[str, _Recorded] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            one = _Recorded(number, _fix(line))
        except LocationRefused as refused:
            _tell(number, refused)
            continue
        before = last.get(one.fix.subject)
        if before is not None:
            before.next_at = one.fix.received_at
        last[one.fix.subject] = one
        found.append(one)
    return found


def _tell(number: int, refused: ValueError) -> None:
    sys.stderr.write(f"line {number}: {refused}\n")


def _known_at(event: ZoneEvent) -> datetime:
    return event.emitted_at


def _check_not_far_ahead(one: _Recorded, now: datetime) -> None:
    """A wrong year on a phone: believed, all that follow would be too old. Raises FixRefused.

    A recording without `received_at` does not tell what the box's clock was. But when a fix lies a
    day and more after everything before it, and the next one does not, one of them must be wrong.
    """
    day = timedelta(seconds=rules.TOO_OLD_S)
    if now == BEFORE_ALL or one.next_at is None or one.fix.received_at != one.fix.fixed_at:
        return
    if one.fix.received_at - now > day >= one.next_at - now:
        raise FixRefused(Refusal.FUTURE)


class Player:
    """Time goes on with the recording, and every subject's state with it.

    Each subject has a clock, so that recordings may stand one after the other in a file.
    """

    def __init__(self, engine: Engine) -> None:
        """Nothing has been played."""
        self._engine = engine
        self._states: dict[str, SubjectState] = {}
        self._clocks: dict[str, datetime] = {}

    def clock(self, subject: str) -> datetime:
        """How far this subject's recording has been played."""
        return self._clocks.get(subject, BEFORE_ALL)

    def play(self, fix: Fix) -> list[ZoneEvent]:
        """Everything that became known up to this fix and by it. Raises FixRefused."""
        events = list(self._until(fix.subject, fix.received_at))
        now = self.clock(fix.subject)  # time does not go back for a line that came late
        state = self._states.get(fix.subject) or SubjectState.new(fix.subject)
        events += self._take(self._engine.on_fix(state, replace(fix, received_at=now), now))
        return events

    def finish(self, reorder_s: float) -> list[ZoneEvent]:
        """Go on to where the recording of everybody ends, and apply what waited for older fixes."""
        events: list[ZoneEvent] = []
        end = max(self._clocks.values(), default=BEFORE_ALL)
        for subject in self._states:
            events += self._until(subject, end)
            held = self._states[subject].held
            if held:
                latest = max(fix.received_at for fix in held)
                until = max(end, latest + timedelta(seconds=reorder_s))
                events += self._take(self._engine.tick(self._states[subject], until))
        return events

    def _until(self, subject: str, end: datetime) -> Iterator[ZoneEvent]:
        now = self.clock(subject)
        self._clocks[subject] = max(now, end)
        if subject not in self._states:
            return
        stop = min(end, now + timedelta(seconds=LONGEST_SILENCE_S))
        step = timedelta(seconds=rules.TICK_S)
        while now + step <= stop:
            now += step
            yield from self._take(self._engine.tick(self._states[subject], now))
        if stop < end:  # whatever is due by then is due
            yield from self._take(self._engine.tick(self._states[subject], end))

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


def _fix(line: str) -> Fix:
    """With the time it was received at, which is the fix's own where the recording does not say."""
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise LocationRefused("", "is not JSON") from error
    fix = read_location(document, BEFORE_ALL)
    received = document.get("received_at")
    arrived = fix.fixed_at if received is None else read_time(received, "received_at")
    return replace(fix, received_at=arrived)


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
