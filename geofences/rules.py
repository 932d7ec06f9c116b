"""The defaults of the state machine, each with its unit and reason, per kind of fence.

Reasons and measurements: docs/geofences.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from geofences.model import FenceKind, Rules

STORE = Rules(
    enter_probability=0.80,  # prompt arrivals; 0.93 for street fences that people walk along
    enter_max_accuracy_m=100.0,  # a fix of 458 m counted as "home" elsewhere
    confirm_within_s=120.0,  # drive-by false enters 23 % -> 3-6 %; 60 s never completed
    exit_buffer_m=20.0,  # tested before any accuracy ceiling
    exit_accuracy_cap_m=150.0,  # beyond it a coarse phone would never leave
    exit_fixes=2,  # with the span: spurious events per visit 3.3 -> 0.03
    exit_span_s=30.0,
    dwell_s=(300.0,),
    dwell_probability=0.60,  # of the plain normal distribution: 0.17 accuracies inside
    dwell_fresh_s=120.0,
    dwell_fixes=3,
    pass_by=True,
    pass_by_speed_mps=8.0,  # faster than anybody walks
    pass_by_distance_m=70.0,  # a stop is less than this in the window
    pass_by_window_s=140.0,
    turn_in_probability=0.93,  # one accuracy inside, twice: the strict rule of street fences
    turn_in_speed_mps=3.0,  # slower than a bicycle; from door to counter people walk 1-1.5
    approach_m=0.0,
    approach_eta_s=300.0,
    nearby_m=400.0,
    eager_accuracy_m=0.0,
    retrigger_s=1800.0,
    stale_s=900.0,
    expire_s=3600.0,
    switch_s=10.0,
)

RULES: Mapping[FenceKind, Rules] = MappingProxyType(
    {
        FenceKind.STORE: STORE,
        FenceKind.AREA: STORE,
        FenceKind.ZONE: replace(STORE, dwell_s=(60.0,), pass_by=False, expire_s=180.0),
        FenceKind.CURBSIDE: replace(
            STORE,
            dwell_s=(60.0,),
            pass_by=False,  # they come by car
            approach_m=1000.0,
            eager_accuracy_m=65.0,
            expire_s=1200.0,
        ),
    }
)

# A fence wider than this leaves later: 2 % of its size, at most 200 m.
WIDE_FENCE_M = 2000.0
WIDE_EXIT_SHARE = 0.02
WIDE_EXIT_CAP_M = 200.0

# Rules that do not belong to one fence.
FUTURE_S = 120.0  # ahead of this box's clock: refused, or one wrong year stays "latest" for ever
TOO_OLD_S = 24 * 3600.0
REORDER_S = 5.0  # event time a fix waits for older ones that are still on their way
JUMP_MPS = 70.0  # faster between two fixes: no evidence for an enter
UNKNOWN_ACCURACY_M = 50.0  # where none is given; confidence is then low at most
MIN_ACCURACY_M = 5.0  # over-confident glitches of 2-11 m are 90-300 m off
# An exit at 100 m accuracy takes 100 s: false exits of visits at 30-100 m 0.05 -> 0.02
EXIT_SPAN_S_PER_M = 1.0
COARSE_M = 60.0  # finer fixes, and those beyond the cap, keep the plain rule
TICK_S = 10.0  # dwell, stale and expiry are looked at this often
CLOSING_GRACE_S = 1800.0  # after closing time everybody has left
HIGH_PROBABILITY = 0.90
MEDIUM_PROBABILITY = 0.75
