"""Whether somebody stays: evidence over a stretch of event time, once per threshold. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from geofences import accuracy
from geofences.model import Fence, Reason, ZoneEventKind
from geofences.state import FenceState, Proof
from geofences.work import Work

MAX_ACCURACY_M = 150.0  # a coarser fix says nothing about staying
MAX_PROOFS = 120  # one per 2.5 s of the default; what is closer together becomes one


def note(work: Work, fence: Fence, proof: Proof) -> None:
    """Keep a piece of evidence of a stay, and tell a dwell that it completes."""
    known = work.places.get(fence.id)
    if known is None or not known.is_within:
        return
    proofs = with_proof(known, fence, proof)
    if proofs is not known.proofs:
        work.places[fence.id] = replace(known, proofs=proofs)
    check(work, fence, proof.at)


def with_proof(
    known: FenceState, fence: Fence, proof: Proof, accuracy_m: float = 0.0
) -> tuple[Proof, ...]:
    """The proofs of a stay with this one; the same ones when it adds nothing."""
    proofs = known.proofs
    if accuracy_m > MAX_ACCURACY_M or is_told(known, fence):
        return proofs
    window_s = max(_pending(known, fence))
    since, first = proof.at - timedelta(seconds=window_s), 0
    while first < len(proofs) and proofs[first].at < since:
        first += 1
    kept = proofs[first:]
    if kept and (proof.at - kept[-1].at).total_seconds() < window_s / MAX_PROOFS:
        return (*kept[:-1], _joined(kept[-1], proof))
    return (*kept, proof)


def _joined(one: Proof, other: Proof) -> Proof:
    """Both as one that weighs as much: a phone that reports every second must not fill the state,
    nor may its last fixes alone stand for the whole stay."""
    count = one.count + other.count
    total = one.probability * one.count + other.probability * other.count
    return Proof(one.at, round(total / count, 4), one.known and other.known, count)


def check(work: Work, fence: Fence, at: datetime) -> None:
    """Tell each dwell that is true at `at` and was not told in this stay."""
    known = work.places[fence.id]
    if is_told(known, fence):
        return
    for threshold_s in _pending(known, fence):
        proofs = _proofs_of(known, fence, threshold_s, at)
        if not proofs:
            continue  # a longer one may be true where a short one has too few fixes
        mean = _mean(proofs)
        known = replace(known, dwelled=(*known.dwelled, threshold_s))
        if not _pending(known, fence):
            known = replace(known, proofs=())
        work.places[fence.id] = known
        work.tell(
            ZoneEventKind.DWELL,
            fence.id,
            at,
            Reason.DWELLED,
            accuracy.confidence(mean, known=all(one.known for one in proofs)),
            probability=mean,
            dwell_s=threshold_s,
        )


def is_told(known: FenceState, fence: Fence) -> bool:
    """Whether every dwell of this stay was told: nothing more is to prove."""
    return len(known.dwelled) == len(fence.rules.dwell_s)


def _pending(known: FenceState, fence: Fence) -> list[float]:
    return [one for one in sorted(fence.rules.dwell_s) if one not in known.dwelled]


def _proofs_of(
    known: FenceState, fence: Fence, threshold_s: float, at: datetime
) -> Sequence[Proof]:
    """The evidence by which a dwell is true; none while it is not."""
    rules = fence.rules
    if known.enter_at is None or known.evidence_at is None:
        return ()
    if (at - known.enter_at).total_seconds() < threshold_s:
        return ()
    if (at - known.evidence_at).total_seconds() > rules.dwell_fresh_s:
        return ()
    since = at - timedelta(seconds=threshold_s)
    proofs = [one for one in known.proofs if one.at >= since]
    if sum(one.count for one in proofs) < rules.dwell_fixes:
        return ()
    return proofs if _mean(proofs) >= rules.dwell_probability else ()


def _mean(proofs: Sequence[Proof]) -> float:
    weighed = sum(one.probability * one.count for one in proofs)
    return weighed / sum(one.count for one in proofs)
