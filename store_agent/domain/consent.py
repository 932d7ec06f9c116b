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
    """Whether `purpose` is allowed now; `undelivered` as for `deciding`."""
    decision = deciding(purpose, from_platform, undelivered)
    return decision is not None and decision.state is ConsentState.GRANTED


def deciding(
    purpose: str,
    from_platform: Iterable[ConsentDecision],
    undelivered: Iterable[ConsentDecision] = (),
) -> ConsentDecision | None:
    """The one answer that counts for `purpose`, or None if the customer was never asked.

    `undelivered` are the decisions made in this shop that the platform has not confirmed yet, in
    the order they were made.
    """
    local = [d for d in undelivered if d.purpose == purpose]
    if (withdrawal := _standing_withdrawal(local)) is not None:
        return withdrawal
    known = [d for d in from_platform if d.purpose == purpose] + local
    return _latest(known) if known else None


def _standing_withdrawal(local: list[ConsentDecision]) -> ConsentDecision | None:
    # The clock of a box may have jumped between two answers, so a withdrawal stands if it is the
    # last one by order or by time: only a "yes" that is last by both lifts it.
    if not local:
        return None
    last_two = (local[-1], _latest(local))
    return next((d for d in last_two if d.state is ConsentState.WITHDRAWN), None)


def _latest(decisions: list[ConsentDecision]) -> ConsentDecision:
    if len(decisions) == 1:
        return decisions[0]
    return max(decisions, key=lambda d: (d.decided_at, d.state is ConsentState.WITHDRAWN))
