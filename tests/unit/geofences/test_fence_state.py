"""A fence's state renewed by hand must be what `dataclasses.replace` would have made of it."""

from dataclasses import fields, replace
from datetime import UTC, datetime

from geofences.model import Approach
from geofences.state import FenceState, Phase, Proof

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
FULL = FenceState(
    "v1",
    Phase.PENDING_OUT,
    pending_at=AT,
    pending_count=2,
    stay_id="stay",
    enter_at=AT,
    evidence_at=AT,
    observed_at=AT,
    proofs=(Proof(AT, 0.5),),
    dwelled=(300.0,),
    exited_at=AT,
    approach=Approach.NEARBY,
    approach_at=AT,
    distance_m=12.0,
    distance_at=AT,
)


def test_a_renewed_state_keeps_every_field_but_what_is_pending():
    blank = FenceState("v0")
    kept = [one.name for one in fields(FULL)]
    assert all(getattr(FULL, name) != getattr(blank, name) for name in kept)
    proofs = (*FULL.proofs, Proof(AT, 0.9))
    expected = replace(
        FULL,
        phase=Phase.INSIDE,
        pending_at=None,
        pending_count=0,
        evidence_at=AT,
        proofs=proofs,
    )
    assert FULL.renewed(Phase.INSIDE, AT, proofs) == expected
