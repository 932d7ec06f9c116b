"""How somebody is here, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PersonMark(StrEnum):
    """A state of a person that changes how staff behave; shown quietly, never as a reproach."""

    NONE = "none"
    DO_NOT_APPROACH = "do_not_approach"
    GIFT = "gift"
    UNDER_16 = "under_16"
    COLLEAGUE = "colleague"


class Evidence(StrEnum):
    """What told that somebody is here."""

    SCAN = "scan"
    BEACON = "beacon"
    FENCE = "fence"
    TILL = "till"


class Confidence(StrEnum):
    """How sure the agent is of a place; shown in words, never as a number."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Claim:
    """ "I'm with her": who has taken a customer on, until they let go or `until` has come."""

    staff_id: str
    staff_name: str
    since: datetime
    until: datetime
