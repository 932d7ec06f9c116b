"""Instants as integers, so that windows and counters never meet a floating point."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def as_utc(when: datetime) -> datetime:
    """`when` as an aware UTC time; one without a zone is taken as UTC, as all our times are."""
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when


def to_millis(when: datetime) -> int:
    """Whole milliseconds since 1970-01-01T00:00Z; negative before."""
    return (as_utc(when) - EPOCH) // MILLISECOND
