"""Consent: what a customer agreed to, decided once and here.

Absent means no. The later decision wins, and ties go to withdrawal. A withdrawal made in this
shop that the platform has not confirmed yet beats whatever the feed says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

CLIENTELING = "clienteling"  # be recognised and addressed by name
LOCATION = "location"  # be noticed by fence or beacon, without anything being shown
MARKETING_PREFIX = "marketing."  # marketing.email, marketing.sms, ...


class ConsentState(StrEnum):
    """The two answers a customer can give."""

    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class ConsentDecision:
    """One answer: to what, when, and how it was given (the proof)."""

    purpose: str
    state: ConsentState
    decided_at: datetime
    how: str = "unknown"
    text_version: str = ""
    language: str = ""
    event_id: str | None = None  # set for a decision made in this shop


def is_granted(
    purpose: str,
    from_platform: Iterable[ConsentDecision],
    undelivered: Iterable[ConsentDecision] = (),
) -> bool:
    """Whether `purpose` is allowed now; `undelivered` are local decisions not yet confirmed."""
    local = [d for d in undelivered if d.purpose == purpose]
    if local and _latest(local).state is ConsentState.WITHDRAWN:
        return False
    known = [d for d in from_platform if d.purpose == purpose] + local
    return bool(known) and _latest(known).state is ConsentState.GRANTED


def _latest(decisions: list[ConsentDecision]) -> ConsentDecision:
    return max(decisions, key=lambda d: (d.decided_at, d.state is ConsentState.WITHDRAWN))
