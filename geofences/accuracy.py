"""What a fix is worth: accuracy to standard deviation, distance to probability. Pure.

Platforms mean different shares by "accuracy": Android the 68 % radius, iOS the two-dimensional RMS,
W3C Geolocation the 95 % radius. For a circular normal error the radius of share q is
sigma * sqrt(-2 ln(1 - q)).
"""

from __future__ import annotations

import math

from geofences.model import AccuracyKind, Confidence, Fix
from geofences.rules import (
    HIGH_PROBABILITY,
    MEDIUM_PROBABILITY,
    MIN_ACCURACY_M,
    UNKNOWN_ACCURACY_M,
)

RADII_PER_SIGMA = {
    AccuracyKind.ANDROID: math.sqrt(-2 * math.log(1 - 0.6827)),  # 1.515
    AccuracyKind.IOS: math.sqrt(2),
    AccuracyKind.W3C: math.sqrt(-2 * math.log(1 - 0.95)),  # 2.448
    AccuracyKind.UNKNOWN: math.sqrt(-2 * math.log(1 - 0.6827)),
}


def is_known(fix: Fix) -> bool:
    """Whether the fix says how accurate it is; some apps leave a 0 out, some send it."""
    return bool(fix.accuracy_m)


def radius_m(fix: Fix) -> float:
    """The reported radius, never below what glitches claim; a default where none is known."""
    return max(fix.accuracy_m or UNKNOWN_ACCURACY_M, MIN_ACCURACY_M)


def probability_inside(fix: Fix, distance_m: float) -> float:
    """That the true position is inside, for a signed distance; exact for a straight border."""
    sigma = radius_m(fix) / RADII_PER_SIGMA[fix.accuracy_kind]
    return 0.5 * math.erfc(-distance_m / (sigma * math.sqrt(2)))


def confidence(probability: float, *, known: bool = True) -> Confidence:
    """In words; low at most where the accuracy is not known."""
    if not known or probability < MEDIUM_PROBABILITY:
        return Confidence.LOW
    return Confidence.HIGH if probability >= HIGH_PROBABILITY else Confidence.MEDIUM
