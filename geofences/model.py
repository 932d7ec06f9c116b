"""The words of this part: fix, observation, fence, rules, zone event. Frozen values, no I/O.

Times are aware UTC datetimes; `fixed_at`, `seen_at` and `at` are event time, `received_at` and
`now` are this box's clock. A `distance_m` to a fence is signed, positive inside.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import islice


class AccuracyKind(StrEnum):
    """What a platform means by "accuracy": which share of fixes lies within that radius."""

    ANDROID = "android"  # 68 %
    IOS = "ios"  # two-dimensional RMS, about 63 %
    W3C = "w3c"  # 95 %
    UNKNOWN = "unknown"  # taken as Android


@dataclass(frozen=True, slots=True)
class Fix:
    """One position of one subject. `accuracy_m` None or 0 means unknown."""

    subject: str
    lat: float
    lon: float
    fixed_at: datetime
    received_at: datetime
    accuracy_m: float | None = None
    accuracy_kind: AccuracyKind = AccuracyKind.UNKNOWN
    source: str = ""  # who sent it: "app", "owntracks", "platform"; for the reader only
    speed_mps: float | None = None


class Sense(StrEnum):
    """What an observation in the shop says."""

    PRESENT = "present"
    GONE = "gone"  # whoever watched the zone is sure: no more evidence, and the watcher was awake


@dataclass(frozen=True, slots=True)
class Observation:
    """In-store evidence: somebody was seen in a fence by radio, scan, till or check-in."""

    subject: str
    fence_id: str
    seen_at: datetime
    received_at: datetime
    evidence: str  # "beacon", "scan", "till", "check_in"; becomes the reason of the event
    sense: Sense = Sense.PRESENT


class FenceKind(StrEnum):
    """What a fence is for; it decides the defaults of its rules."""

    STORE = "store"
    ZONE = "zone"  # inside a store
    CURBSIDE = "curbside"  # where orders are handed out to cars
    AREA = "area"  # anything else


@dataclass(frozen=True, slots=True)
class Circle:
    """A centre and a radius; distances to it are exact, never those of a polygon."""

    lat: float
    lon: float
    radius_m: float


# One ring is (lon, lat) positions, closed; a polygon is its outer ring and then its holes.
Ring = tuple[tuple[float, float], ...]
Polygon = tuple[Ring, ...]


@dataclass(frozen=True, slots=True, init=False)
class Polygons:
    """One or several polygons with holes, as they came, longitudes unwrapped where needed.

    Kept as packed numbers, a seventh of what tuples take; `polygons` makes the tuples.
    """

    _lengths: tuple[tuple[int, ...], ...]  # positions of each ring of each polygon
    _numbers: bytes  # lon, lat, lon, lat, ... as doubles

    def __init__(self, polygons: tuple[Polygon, ...]) -> None:
        """Rings are closed; the outer one of each polygon comes first."""
        rings = (ring for polygon in polygons for ring in polygon)
        numbers = array("d", (number for ring in rings for position in ring for number in position))
        lengths = tuple(tuple(len(ring) for ring in polygon) for polygon in polygons)
        object.__setattr__(self, "_lengths", lengths)
        object.__setattr__(self, "_numbers", numbers.tobytes())

    @property
    def polygons(self) -> tuple[Polygon, ...]:
        """Made anew on every call."""
        numbers = array("d", self._numbers)
        positions = zip(numbers[::2], numbers[1::2], strict=True)
        return tuple(
            tuple(tuple(islice(positions, length)) for length in lengths)
            for lengths in self._lengths
        )

    def __repr__(self) -> str:
        """As it would be written."""
        return f"Polygons({self.polygons!r})"


Shape = Circle | Polygons


@dataclass(frozen=True, slots=True)
class Rules:
    """Every threshold of the state machine; `rules.RULES` has the defaults per kind of fence.

    Each can be overridden by a property of the same name on the fence's GeoJSON feature.
    """

    enter_probability: float  # 0..1, commits on one fix
    enter_max_accuracy_m: float  # a coarser fix never starts an enter
    confirm_within_s: float  # a marginal enter needs its second fix within this
    exit_buffer_m: float
    exit_accuracy_cap_m: float  # of the fix's accuracy that is added to the buffer
    exit_fixes: int
    exit_span_s: float  # from the first to the last confirming fix
    dwell_s: tuple[float, ...]  # thresholds, each once per stay
    dwell_probability: float  # mean over the stay's window
    dwell_fresh_s: float  # the last evidence may not be older
    dwell_fixes: int
    pass_by: bool  # hold the enter of somebody who moves past
    pass_by_speed_mps: float
    pass_by_distance_m: float
    pass_by_window_s: float
    turn_in_probability: float  # a walker so surely inside twice does not pass by
    turn_in_speed_mps: float
    approach_m: float  # 0 = approach is not watched
    approach_eta_s: float
    nearby_m: float
    eager_accuracy_m: float  # 0 = off; else one inside fix at most this coarse enters at once
    retrigger_s: float  # events of a return within this are not worth a notification
    stale_s: float
    expire_s: float
    switch_s: float  # exclusive zones: new evidence must hold this long


@dataclass(frozen=True, slots=True)
class Fence:
    """One area. `version` changes with shape or rules; states of another version are stale."""

    id: str
    name: str
    kind: FenceKind
    shape: Shape
    rules: Rules
    version: str
    parent: str | None = None
    properties: Mapping[str, object] = field(default_factory=dict)  # whatever else the file said


@dataclass(frozen=True, slots=True)
class Placing:
    """Where a position lies with respect to one fence."""

    fence: Fence
    distance_m: float  # to the boundary, positive inside; the boundary itself is inside

    @property
    def inside(self) -> bool:
        """On the fence's side of the boundary."""
        return self.distance_m >= 0.0


class Confidence(StrEnum):
    """How sure an answer is; never shown as a number."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class ZoneEventKind(StrEnum):
    """What can happen to a subject and a fence."""

    ENTER = "enter"
    EXIT = "exit"
    DWELL = "dwell"
    APPROACH = "approach"


class Approach(StrEnum):
    """How far somebody is on the way to a curbside fence; the arrival itself is its enter."""

    APPROACHING = "approaching"
    NEARBY = "nearby"


@dataclass(frozen=True, slots=True)
class ZoneEvent:
    """One confirmed transition.

    `id` is the same whenever the same thing is found out again, so that at-least-once delivery
    counts once. `at` is when it happened, `emitted_at` when it was known. `reason` is one of
    `Reason`, or the evidence of an observation.
    """

    id: str
    kind: ZoneEventKind
    subject: str
    fence_id: str
    fence_version: str
    stay_id: str  # from enter to exit
    at: datetime
    emitted_at: datetime
    confidence: Confidence
    reason: str
    probability: float | None = None
    initial: bool = False  # the first fix ever was inside already
    notify: bool = True  # False within `retrigger_s` of the last exit
    dwell_s: float | None = None  # which threshold
    approach: Approach | None = None
    eta_s: float | None = None
    distance_m: float | None = None


class Reason(StrEnum):
    """Why the engine said so, where no observation did."""

    STRONG_FIX = "strong_fix"
    CONFIRMED_FIX = "confirmed_fix"
    EAGER_FIX = "eager_fix"
    LEFT = "left"
    DWELLED = "dwelled"
    APPROACHING = "approaching"
    CHILD_ENTERED = "child_entered"
    PARENT_LEFT = "parent_left"
    SWITCHED = "switched"
    TIMEOUT = "timeout"
    CLOSED = "closed"
    FENCE_CHANGED = "fence_changed"
    FENCE_REMOVED = "fence_removed"
    CONSENT = "consent"


class Refusal(StrEnum):
    """Why a fix was not taken; nothing changed."""

    NOT_FINITE = "not_finite"
    OUT_OF_RANGE = "out_of_range"
    INVALID_ACCURACY = "invalid_accuracy"  # iOS: negative means the fix is invalid
    FUTURE = "future"
    TOO_OLD = "too_old"
    DUPLICATE = "duplicate"


class FixRefused(ValueError):
    """A fix that must not be used; `reason` is the code."""

    def __init__(self, reason: Refusal) -> None:
        """`reason` says what is wrong with it."""
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one feature of a fences file."""

    feature: str  # its id, else its name, else "#3"
    reason: str


class FencesRefused(ValueError):
    """A fences file with at least one fault; nothing of it is used."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        """`faults` is never empty."""
        super().__init__("; ".join(f"{fault.feature}: {fault.reason}" for fault in faults))
        self.faults = faults
