"""One room per transmitter: the best evidence wins, once it is sure. Pure.

Silence of a living radio means "left"; silence of a dead one means "unknown". Times are event time
in seconds; everything of one shop goes through one object, in roughly the order it happened.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from geofences.beacons.leads import Leads
from geofences.beacons.model import RoomChange, RoomChangeKind
from geofences.beacons.tracker import (
    DEFAULTS,
    Ear,
    Rhythm,
    TrackerSettings,
    confidence_of,
    distance_of_level,
    level_of_distance,
)
from geofences.model import Confidence

MAX_SUBJECTS = 5_000  # tracked at once; whoever was silent longest makes room
NOWHERE = -math.inf
USUAL_GAP_WEIGHT = 0.1  # of a radio's newest gap in its usual one


@dataclass(slots=True)
class _Radio:
    """How one radio is doing."""

    zone: str
    alive: bool = True
    last_at: float | None = None  # anything at all was heard
    gap_s: float = 1.0
    back_at: float = NOWHERE  # when it came back to life

    def hear(self, at: float, settings: TrackerSettings) -> None:
        if self.last_at is not None and at > self.last_at:
            if at - self.last_at > self._suspicious_s(settings):
                self.back_at = at  # it was deaf, whoever says so
            self.gap_s += USUAL_GAP_WEIGHT * (min(at - self.last_at, 60.0) - self.gap_s)
        self.last_at = at if self.last_at is None else max(self.last_at, at)

    def is_deaf(self, at: float, settings: TrackerSettings) -> bool:
        """Known to be dead, or so silent that it may be."""
        if not self.alive:
            return True
        if self.last_at is None:
            return False
        return self._suspicious_s(settings) < at - self.last_at <= settings.silence_max_s

    def _suspicious_s(self, settings: TrackerSettings) -> float:
        return max(settings.silence_s, settings.silence_factor * self.gap_s)


@dataclass(slots=True)
class _Subject:
    """One transmitter's person."""

    ears: dict[str, Ear] = field(default_factory=dict)
    rhythm: Rhythm = field(default_factory=Rhythm)
    leads: Leads = field(default_factory=Leads)  # of their zone over the others
    step_at: float | None = None  # when the reading began that is not weighed yet
    weighed_at: float = NOWHERE  # when the one before it began
    last_at: float = NOWHERE
    zone: str | None = None
    told_at: float = NOWHERE
    loud_since: float | None = None  # loud enough to come in, from then on
    quiet_since: float | None = None  # too weak to be here
    restored: bool = False  # believed from before a restart, not heard since

    def leave(self) -> None:
        """They left: whoever comes back is judged by what is heard then."""
        self.zone, self.quiet_since, self.restored = None, None, False
        self.leads, self.step_at, self.weighed_at = Leads(), None, NOWHERE


class Rooms:
    """The radios of one shop and where they place whom."""

    def __init__(self, radios: Mapping[str, str], settings: TrackerSettings = DEFAULTS) -> None:
        """`radios` maps each radio to the zone it watches."""
        self._radios = {name: _Radio(zone) for name, zone in radios.items()}
        self._settings = settings
        self._subjects: dict[str, _Subject] = {}

    # -- evidence -----------------------------------------------------------------------------

    def pulse(self, radio: str, at: float) -> None:
        """A radio heard something, of whomever: it is awake."""
        known = self._radios.get(radio)
        if known is not None:
            known.hear(at, self._settings)

    def on_sighting(
        self,
        subject: str,
        radio: str,
        rssi_dbm: float,
        at: float,
        power_1m_dbm: float | None = None,
    ) -> list[RoomChange]:
        """A radio heard a transmitter; `power_1m_dbm` as it says of itself."""
        power = self._settings.default_power_1m_dbm if power_1m_dbm is None else power_1m_dbm
        return self._hear(subject, radio, rssi_dbm - power, at)

    def on_distance(
        self, subject: str, radio: str, distance_m: float, at: float
    ) -> list[RoomChange]:
        """A node in the shop says how far away a transmitter is."""
        return self._hear(subject, radio, level_of_distance(distance_m, self._settings), at)

    def _hear(self, subject: str, radio: str, level_db: float, at: float) -> list[RoomChange]:
        if radio not in self._radios or not math.isfinite(level_db):
            return []
        self.pulse(radio, at)
        known = self._subjects.get(subject) or self._new(subject)
        if at < known.last_at - self._settings.late_s:
            return []
        # What came before is complete now: one advert reaches several radios, at about one time.
        changes = self._weigh_if_due(subject, known, at)
        ear = known.ears.setdefault(radio, Ear())
        ear.hear(at, level_db)
        if ear.is_frozen(self._settings):
            return changes
        known.last_at = max(known.last_at, at)
        known.rhythm.hear(at)
        if known.zone is None:
            return changes + self._come(subject, known, known.last_at)
        known.restored = False
        if known.step_at is None:
            known.step_at = known.last_at
        return changes

    # -- the radios ---------------------------------------------------------------------------

    def radio_alive(self, radio: str, alive: bool, at: float) -> None:
        """A radio works again, or is known to hear nothing."""
        known = self._radios.get(radio)
        if known is None or known.alive == alive:
            return
        known.alive = alive
        if alive:
            known.back_at, known.last_at = at, at
            for subject in self._subjects.values():
                if subject.zone == known.zone:
                    subject.rhythm.interrupt()

    def blind_zones(self) -> frozenset[str]:
        """Zones none of whose radios work."""
        seeing = {radio.zone for radio in self._radios.values() if radio.alive}
        return frozenset(radio.zone for radio in self._radios.values()) - seeing

    # -- people -------------------------------------------------------------------------------

    def restore(self, subject: str, zone: str, at: float) -> None:
        """Believed in this zone before a restart: heard again there, nothing new is told."""
        known = self._new(subject)
        known.zone, known.restored, known.last_at = zone, True, NOWHERE
        known.told_at = at

    def forget(self, subject: str) -> None:
        """Nothing is known of this person any more."""
        self._subjects.pop(subject, None)

    def where(self, subject: str) -> str | None:
        """The zone somebody is in."""
        known = self._subjects.get(subject)
        return known.zone if known else None

    def tick(self, at: float) -> list[RoomChange]:
        """What follows from time: readings that are complete, and silence."""
        changes: list[RoomChange] = []
        for subject, known in list(self._subjects.items()):
            changes += self._weigh_if_due(subject, known, at)
            changes += self._age(subject, known, at)
        return changes

    def _age(self, subject: str, known: _Subject, at: float) -> list[RoomChange]:
        exit_s = known.rhythm.exit_s(self._settings)
        if known.zone is None:
            # A ghost is still heard: forgetting it would let it come in again.
            last_at = max((ear.last_at for ear in known.ears.values()), default=NOWHERE)
            if at - last_at > max(exit_s, self._settings.exit_max_s):
                del self._subjects[subject]
            return []
        since = self._silent_since(known, known.zone, at)
        if since is None or at - since <= exit_s:
            return []
        when = known.last_at if known.last_at > NOWHERE else since
        reason = "forgotten" if known.restored else "silent"
        left = _left(subject, known.zone, when, reason)
        known.leave()
        return [left]

    def _silent_since(self, known: _Subject, zone: str, at: float) -> float | None:
        """Since when a living radio of this zone has heard nothing; None while it is unknown."""
        watching = [radio for radio in self._radios.values() if radio.zone == zone]
        hearing = [radio for radio in watching if not radio.is_deaf(at, self._settings)]
        if not hearing:
            return at if not watching else None
        awake_since = min(radio.back_at for radio in hearing)
        since = max(known.last_at, awake_since)
        if since > NOWHERE:
            return since
        # Restored, and nothing was heard yet: from the first moment a radio proved to be awake.
        proven = [radio.last_at for radio in hearing if radio.last_at is not None]
        if not proven:
            return None
        known.last_at = min(proven)
        return known.last_at

    # -- deciding -----------------------------------------------------------------------------

    def _weigh_if_due(self, subject: str, known: _Subject, at: float) -> list[RoomChange]:
        if known.zone is None or known.step_at is None:
            return []
        if at - known.step_at < self._settings.step_s:
            return []
        changes = self._weigh(subject, known, known.zone, known.step_at)
        known.step_at = None
        return changes

    def _weigh(self, subject: str, known: _Subject, zone: str, step_at: float) -> list[RoomChange]:
        """What the reading that began at `step_at` says about the zone they are in."""
        at, gap_s = known.last_at, known.rhythm.gap_s()
        levels = self._levels(known, at)
        readings = self._readings(known, zone, levels)
        # A silence longer than the tag's own is nobody's evidence.
        longest_s = max(2.0 * gap_s, self._settings.step_s)
        passed_s = min(step_at - known.weighed_at, longest_s)
        known.weighed_at = step_at
        own_db = readings.pop(zone, None)
        known.leads.hear(own_db, readings, passed_s, self._settings)
        if not levels:
            return []
        if max(levels.values()) < self._settings.exit_level_db:
            return self._weak(subject, known, at)
        known.quiet_since = None
        is_seldom = gap_s > self._settings.seldom_s
        winner = known.leads.winner(passed_s, self._settings, is_seldom=is_seldom)
        if winner is None or winner not in levels:
            return self._still(subject, known, levels, at)
        known.leads.move(zone, winner)
        known.zone, known.told_at = winner, at
        entered = self._change(subject, RoomChangeKind.ENTERED, levels, winner, at, "moved")
        return [_left(subject, zone, at, "moved"), entered]

    def _readings(
        self, known: _Subject, own: str, levels: Mapping[str, float]
    ) -> dict[str, float | None]:
        """How loud each zone is; None: heard lately, not now; far away where not even that."""
        new: dict[str, float] = {}
        for radio, ear in known.ears.items():
            level_db = ear.take_new_db()
            if level_db is not None and not ear.is_frozen(self._settings):
                zone = self._radios[radio].zone
                new[zone] = max(level_db, new.get(zone, NOWHERE))
        far_db = self._settings.exit_level_db
        silent = {own, *(self._radios[radio].zone for radio in known.ears)} - new.keys()
        return new | {zone: None if zone in levels else far_db for zone in silent}

    def _levels(self, known: _Subject, at: float) -> dict[str, float]:
        """The loudest radio of each zone, over the last seconds."""
        gaps_s = self._settings.window_gaps * known.rhythm.gap_s()
        window_s = min(max(self._settings.window_s, gaps_s), self._settings.max_window_s)
        levels: dict[str, float] = {}
        for radio, ear in known.ears.items():
            if at - ear.last_at > window_s or ear.is_frozen(self._settings):
                continue
            level = ear.level_db(at, window_s, self._settings.quantile)
            zone = self._radios[radio].zone
            if level is not None and level > levels.get(zone, NOWHERE):
                levels[zone] = level
        return levels

    def _come(self, subject: str, known: _Subject, at: float) -> list[RoomChange]:
        levels = self._levels(known, at)
        if not levels:
            return []
        best = max(levels, key=lambda zone: (levels[zone], zone))
        loud = levels[best] >= self._settings.enter_level_db
        others = [level for zone, level in levels.items() if zone != best]
        # Between two zones one more sighting: the first place told should be the right one.
        unclear = bool(others) and levels[best] - max(others) < self._settings.margin_db
        if not loud:
            known.loud_since = None
            return []
        known.loud_since = at if known.loud_since is None else known.loud_since
        is_faint = levels[best] < self._settings.enter_level_db + self._settings.faint_db
        if is_faint and at - known.loud_since < self._settings.faint_s:
            return []
        if self._heard_lately(known, at) < self._needed(known) + unclear:
            return []
        known.zone, known.told_at, known.loud_since = best, at, None
        for ear in known.ears.values():
            ear.take_new_db()  # has brought them in
        return [self._change(subject, RoomChangeKind.ENTERED, levels, best, at, "sighted")]

    def _needed(self, known: _Subject) -> int:
        """Two sightings of a tag that speaks seldom, more of one that speaks often."""
        gap_s, settings = known.rhythm.least_gap_s(), self._settings
        often = int(settings.window_s / gap_s) if gap_s > 0 else settings.enter_sightings
        return min(max(often // 2, settings.enter_sightings), settings.enter_sightings_often)

    def _heard_lately(self, known: _Subject, at: float) -> int:
        """The most sightings that one radio has within the window."""
        window_s = max(self._settings.window_s, self._settings.window_gaps * known.rhythm.gap_s())
        return max(ear.count(at, window_s) for ear in known.ears.values())

    def _still(
        self, subject: str, known: _Subject, levels: Mapping[str, float], at: float
    ) -> list[RoomChange]:
        if known.zone is None or at - known.told_at < self._settings.still_s:
            return []
        known.told_at = at
        return [self._change(subject, RoomChangeKind.STILL, levels, known.zone, at, "sighted")]

    def _weak(self, subject: str, known: _Subject, at: float) -> list[RoomChange]:
        """Heard, but from too far away to be here."""
        if known.quiet_since is None:
            known.quiet_since = at
        if known.zone is None or at - known.quiet_since < self._settings.exit_min_s:
            return []
        left = _left(subject, known.zone, known.quiet_since, "far")
        known.leave()
        return [left]

    def _change(  # noqa: PLR0913, PLR0917  what a change tells
        self,
        subject: str,
        kind: RoomChangeKind,
        levels: Mapping[str, float],
        zone: str,
        at: float,
        reason: str,
    ) -> RoomChange:
        level = levels.get(zone, self._settings.exit_level_db)
        others = [other for name, other in levels.items() if name != zone]
        margin_db = level - max(others) if others else math.inf
        confidence = confidence_of(level, margin_db, self._settings)
        distance_m = round(distance_of_level(level, self._settings), 1)
        return RoomChange(subject, zone, kind, at, confidence, reason, distance_m)

    def _new(self, subject: str) -> _Subject:
        if len(self._subjects) >= MAX_SUBJECTS:
            nowhere = (one for one in self._subjects if self._subjects[one].zone is None)
            oldest = min(
                nowhere,
                key=lambda one: self._subjects[one].last_at,
                default=next(iter(self._subjects)),
            )
            del self._subjects[oldest]
        known = self._subjects[subject] = _Subject()
        return known


def _left(subject: str, zone: str, at: float, reason: str) -> RoomChange:
    return RoomChange(subject, zone, RoomChangeKind.LEFT, at, Confidence.HIGH, reason)
