"""One reported position as JSON -> a fix. The HTTP door and the replay read the same form. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from geofences.model import AccuracyKind, Fix

MAX_SUBJECT, MAX_SOURCE = 128, 64  # characters
MAX_LAT, MAX_LON = 90.0, 180.0
MAX_SPEED_MPS = 1000.0
# By the platform's usual names, in whatever case; a source that is one of them needs no kind.
KINDS = {kind.value: kind for kind in AccuracyKind} | {
    "web": AccuracyKind.W3C,
    "browser": AccuracyKind.W3C,
    "owntracks": AccuracyKind.UNKNOWN,
}


class LocationRefused(ValueError):
    """Not a position; `field` is at fault, `reason` says how."""

    def __init__(self, field: str, reason: str) -> None:
        """`field` is the name in the document."""
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def read_location(document: object, received_at: datetime) -> Fix:
    """`{subject, lat, lon, accuracy_m?, accuracy_kind?, speed_mps?, fixed_at, source?}` as a fix.

    Raises LocationRefused. A negative accuracy is left to the engine: iOS marks invalid fixes so.
    A negative speed is an unknown one, iOS again.
    """
    if not isinstance(document, Mapping):
        raise LocationRefused("", "must be an object")
    speed_mps = _maybe(document, "speed_mps", -MAX_SPEED_MPS, MAX_SPEED_MPS)
    source = _text(document, "source", MAX_SOURCE) if document.get("source") is not None else ""
    return Fix(
        subject=_text(document, "subject", MAX_SUBJECT),
        lat=_number(document, "lat", -MAX_LAT, MAX_LAT),
        lon=_number(document, "lon", -MAX_LON, MAX_LON),
        fixed_at=_time(document, "fixed_at"),
        received_at=received_at,
        accuracy_m=_maybe(document, "accuracy_m", -math.inf, math.inf),
        accuracy_kind=_kind(document, source),
        source=source,
        speed_mps=None if speed_mps is None or speed_mps < 0 else speed_mps,
    )


def read_time(text: object, field: str) -> datetime:
    """An RFC 3339 time as aware UTC. Raises LocationRefused."""
    if not isinstance(text, str):
        raise LocationRefused(field, "must be an RFC 3339 time")
    try:
        when = datetime.fromisoformat(text.upper())  # RFC 3339 allows "z"
    except ValueError as error:
        raise LocationRefused(field, "must be an RFC 3339 time") from error
    if when.tzinfo is None:
        raise LocationRefused(field, "needs an offset from UTC, such as Z")
    try:
        return when.astimezone(UTC)
    except OverflowError as error:
        raise LocationRefused(field, "is out of range") from error


def _text(document: Mapping[str, Any], field: str, limit: int) -> str:
    value = document.get(field)
    if not isinstance(value, str) or not 0 < len(value) <= limit:
        raise LocationRefused(field, f"must be a text of 1 to {limit} characters")
    return value


def _maybe(document: Mapping[str, Any], field: str, low: float, high: float) -> float | None:
    return None if document.get(field) is None else _number(document, field, low, high)


def _number(document: Mapping[str, Any], field: str, low: float, high: float) -> float:
    value = document.get(field)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise LocationRefused(field, "must be a number")
    try:
        number = float(value)
    except OverflowError as error:
        raise LocationRefused(field, "is out of range") from error
    if not math.isfinite(number) or not low <= number <= high:
        raise LocationRefused(field, f"must be from {low:g} to {high:g}")
    return number


def _time(document: Mapping[str, Any], field: str) -> datetime:
    return read_time(document.get(field), field)


def _kind(document: Mapping[str, Any], source: str) -> AccuracyKind:
    value = document.get("accuracy_kind")
    if value is None:
        return KINDS.get(source.lower(), AccuracyKind.UNKNOWN)
    if not isinstance(value, str) or value.lower() not in KINDS:
        raise LocationRefused("accuracy_kind", f"must be one of {', '.join(KINDS)}")
    return KINDS[value.lower()]
