"""What is known of one subject: frozen, and the same after being written down and read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache

import orjson
from pydantic import TypeAdapter, ValidationError

from geofences.model import Approach, Fix


class Phase(StrEnum):
    """Where a subject stands with one fence. No state at all: unknown, or far outside."""

    OUTSIDE = "outside"
    PENDING_IN = "pending_in"
    INSIDE = "inside"
    PENDING_OUT = "pending_out"
    STALE = "stale"  # entered, and nothing heard for a while


@dataclass(frozen=True, slots=True)
class Proof:
    """Evidence of a stay: when, and how probable inside was; the mean of `count` pieces."""

    at: datetime
    probability: float
    known: bool = True  # how accurate the position was
    count: int = 1


@dataclass(frozen=True, slots=True)
class FenceState:
    """One subject and one fence. Times are event time."""

    version: str
    phase: Phase = Phase.OUTSIDE
    pending_at: datetime | None = None  # the first fix of a pending enter or exit
    pending_count: int = 0
    stay_id: str = ""
    enter_at: datetime | None = None
    evidence_at: datetime | None = None  # the last inside evidence
    observed_at: datetime | None = None  # the last of it from inside the shop
    proofs: tuple[Proof, ...] = ()  # of the longest dwell that is still to come
    dwelled: tuple[float, ...] = ()  # thresholds this stay has passed
    exited_at: datetime | None = None
    approach: Approach | None = None
    approach_at: datetime | None = None  # when it began
    distance_m: float | None = None  # of the last fix, while somebody is on the way
    distance_at: datetime | None = None

    @property
    def is_blank(self) -> bool:
        """As little is known as about a stranger who is outside."""
        return (
            self.phase is Phase.OUTSIDE
            and self.exited_at is None
            and self.distance_at is None
            and self.pending_at is None
        )

    @property
    def is_within(self) -> bool:
        """Entered and not left."""
        phase = (
            self.phase
        )  # compared by identity: an enum's hash is a call, and this is asked often
        return phase is Phase.INSIDE or phase is Phase.PENDING_OUT or phase is Phase.STALE

    def renewed(
        self, phase: Phase, evidence_at: datetime | None, proofs: tuple[Proof, ...]
    ) -> FenceState:
        """The same stay, and no exit is pending.

        Written out: every fix of everybody inside comes here, and `dataclasses.replace` takes
        three times as long.
        """
        return FenceState(
            self.version,
            phase,
            stay_id=self.stay_id,
            enter_at=self.enter_at,
            evidence_at=evidence_at,
            observed_at=self.observed_at,
            proofs=proofs,
            dwelled=self.dwelled,
            exited_at=self.exited_at,
            approach=self.approach,
            approach_at=self.approach_at,
            distance_m=self.distance_m,
            distance_at=self.distance_at,
        )


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a subject was."""

    at: datetime
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class SubjectState:
    """Everything the fences know of one subject."""

    subject: str
    last: Fix | None = None  # the newest one applied
    held: tuple[Fix, ...] = ()  # waiting for older ones that may still be on their way
    track: tuple[Spot, ...] = ()  # the last minutes: who moves past is told by them
    first_at: datetime | None = None  # the first fix ever applied
    fences: Mapping[str, FenceState] = field(default_factory=dict)
    within: tuple[str, ...] = ()  # the smallest first

    @classmethod
    def new(cls, subject: str) -> SubjectState:
        """Nothing is known."""
        return cls(subject)

    def inside(self) -> tuple[str, ...]:
        """The fences they have entered and not left, the smallest first."""
        return self.within

    @property
    def is_idle(self) -> bool:
        """Nothing here is worth keeping."""
        return self.last is None and not self.held and not self.fences


def dump(state: SubjectState) -> bytes:
    """The state as JSON."""
    return orjson.dumps(state)


def load(document: bytes) -> SubjectState:
    """The state of such a document. Raises ValueError when it is none."""
    try:
        return _adapter().validate_json(document)
    except ValidationError as error:
        raise ValueError("not the state of a subject") from error


@cache
def _adapter() -> TypeAdapter[SubjectState]:
    return TypeAdapter(SubjectState)
