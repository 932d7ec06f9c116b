"""Middle values and percentiles of whole numbers, without a fraction anywhere. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence

BANDS = 5


def percentile(values: Collection[int], percent: int) -> int:
    """The nearest-rank percentile: the smallest value not below `percent` % (1..100) of all.

    ValueError when there is nothing to take it of.
    """
    if not values:
        raise ValueError("no values")
    in_order = sorted(values)
    return in_order[max(0, -(-percent * len(in_order) // 100) - 1)]


def cuts(values: Collection[int]) -> tuple[int, ...]:
    """The four values that part `values` into five bands of about equal size; () of nothing."""
    if not values:
        return ()
    return tuple(percentile(values, 100 * band // BANDS) for band in range(1, BANDS))


def band(value: int, limits: Sequence[int]) -> int:
    """1 (lowest) to 5 among `cuts`."""
    return 1 + bisect_left(limits, value)
