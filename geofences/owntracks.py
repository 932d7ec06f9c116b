"""Messages of the OwnTracks app in HTTP mode -> fixes and beacon evidence. Pure, never raises.

Format: owntracks.org, booklet, "JSON". Numbers may come as texts; whatever cannot be used becomes
`Unusable` with a reason, because the app would send a refused message again for ever.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import orjson

from geofences.model import AccuracyKind, Fix

KMH_PER_MPS = 3.6
MAX_MESSAGES = 500  # in one body
MAX_TEXT = 128
PING = "p"  # its `tst` is the time of sending: no proof that somebody was there then
BEACON = "b"
# What the app also sends and what is not about a place.
SKIPPED = frozenset(
    {"lwt", "cmd", "card", "steps", "status", "dump", "configuration", "request", "waypoints"}
)


@dataclass(frozen=True, slots=True)
class BeaconSeen:
    """A phone hears a beacon that is fixed in the shop, or has entered or left its region.

    Named by `uuid`, `major`, `minor` (ranging), or by `region` (transitions).
    """

    subject: str
    at: datetime
    present: bool
    uuid: str = ""
    major: int | None = None
    minor: int | None = None
    region: str = ""


@dataclass(frozen=True, slots=True)
class Waypoint:
    """A region somebody keeps in the app; nothing here follows from it."""

    subject: str
    name: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message that is fine and says nothing about a place."""

    kind: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """A message that cannot be used, and why."""

    reason: str


Message = Fix | BeaconSeen | Waypoint | Ignored | Unusable
Open = Callable[[str], bytes]


class _Bad(ValueError):
    """One field that cannot be used."""


def read(
    body: bytes, subject: str, received_at: datetime, open_envelope: Open | None = None
) -> tuple[Message, ...]:
    """All messages of a body, which may be empty, one message, or a list.

    `subject` as `subject_of` found it, "" = the message's own `topic` or `tid` must say. Envelopes
    are opened by `open_envelope`, which raises ValueError.
    """
    if not body.strip():
        return ()
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return (Unusable("not JSON"),)
    several = document if isinstance(document, list) else [document]
    reader = _Reader(subject, received_at, open_envelope)
    return tuple(reader.message(one) for one in several[:MAX_MESSAGES])


def subject_of(limit_user: str, query_user: str, basic_user: str) -> str:
    """Whose phone it is, by what the app sends beside the message."""
    return next((name.strip() for name in (limit_user, query_user, basic_user) if name.strip()), "")


@dataclass(frozen=True, slots=True)
class _Reader:
    subject: str
    received_at: datetime
    open_envelope: Open | None

    def message(self, document: object, *, opened: bool = False) -> Message:
        if not isinstance(document, Mapping):
            return Unusable("not an object")
        kind = document.get("_type")
        if kind == "encrypted" and not opened:
            return self._opened(document)
        reader = READERS.get(kind) if isinstance(kind, str) else None
        if reader is None:
            return Ignored(str(kind)[:MAX_TEXT] if kind in SKIPPED else "unknown")
        try:
            return reader(self, document)
        except _Bad as bad:
            return Unusable(f"{kind}: {bad}")

    def _opened(self, document: Mapping[str, Any]) -> Message:
        if self.open_envelope is None:
            return Unusable("encrypted, and no key is configured")
        data = document.get("data")
        if not isinstance(data, str):
            return Unusable("encrypted: data is missing")
        try:
            inner = orjson.loads(self.open_envelope(data))
        except ValueError:
            return Unusable("encrypted with another key")
        return self.message(inner, opened=True)

    def whose(self, document: Mapping[str, Any]) -> str:
        """The subject; a topic is `owntracks/user/device`."""
        if self.subject:
            return self.subject[:MAX_TEXT]
        topic = document.get("topic")
        parts = topic.split("/") if isinstance(topic, str) else []
        if len(parts) > 1 and parts[1]:
            return parts[1][:MAX_TEXT]
        tid = document.get("tid")
        if isinstance(tid, str) and tid:
            return tid[:MAX_TEXT]
        raise _Bad("nobody is named")

    def fix(self, document: Mapping[str, Any]) -> Fix:
        """A position; accuracy is left out by the app when it is 0."""
        return Fix(
            subject=self.whose(document),
            lat=_number(document, "lat", -90.0, 90.0),
            lon=_number(document, "lon", -180.0, 180.0),
            fixed_at=_time(document, "tst"),
            received_at=self.received_at,
            accuracy_m=_maybe(document, "acc"),
            accuracy_kind=AccuracyKind.UNKNOWN,
            source="owntracks",
            speed_mps=_speed(document),
        )


def _location(reader: _Reader, document: Mapping[str, Any]) -> Message:
    if document.get("t") == PING:
        return Ignored("ping")
    if document.get("t") == BEACON and _is_nowhere(document):
        return Ignored("beacon without a position")
    return reader.fix(document)


def _transition(reader: _Reader, document: Mapping[str, Any]) -> Message:
    """A region's enter or leave; for circles the position with it is what counts."""
    event = document.get("event")
    if event not in {"enter", "leave"}:
        raise _Bad("event must be enter or leave")
    if document.get("t") != BEACON and not _is_nowhere(document):
        return reader.fix(document)
    return BeaconSeen(
        reader.whose(document),
        _time(document, "tst"),
        present=event == "enter",
        region=_text(document, "desc") or _text(document, "rid"),
    )


def _ranging(reader: _Reader, document: Mapping[str, Any]) -> Message:
    """What an iPhone hears around it."""
    return BeaconSeen(
        reader.whose(document),
        _time(document, "tst"),
        present=True,
        uuid=_text(document, "uuid").upper(),
        major=int(_number(document, "major", 0, 0xFFFF)),
        minor=int(_number(document, "minor", 0, 0xFFFF)),
    )


def _waypoint(reader: _Reader, document: Mapping[str, Any]) -> Message:
    return Waypoint(reader.whose(document), _text(document, "desc"))


READERS: Mapping[str, Callable[[_Reader, Mapping[str, Any]], Message]] = MappingProxyType(
    {
        "location": _location,
        "transition": _transition,
        "beacon": _ranging,
        "waypoint": _waypoint,
    }
)


def _is_nowhere(document: Mapping[str, Any]) -> bool:
    """Beacon messages carry 0/0 and no accuracy where the phone did not know."""
    return not any(_maybe(document, field) for field in ("lat", "lon", "acc"))


def _speed(document: Mapping[str, Any]) -> float | None:
    kmh = _maybe(document, "vel")
    return None if kmh is None or kmh < 0 else kmh / KMH_PER_MPS


def _maybe(document: Mapping[str, Any], field: str) -> float | None:
    if document.get(field) is None:
        return None
    return _number(document, field, -math.inf, math.inf)


def _number(document: Mapping[str, Any], field: str, low: float, high: float) -> float:
    value = document.get(field)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _Bad(f"{field} is no number")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise _Bad(f"{field} is no number") from None
    if not math.isfinite(number) or not low <= number <= high:
        raise _Bad(f"{field} is out of range")
    return number


def _time(document: Mapping[str, Any], field: str) -> datetime:
    try:
        return datetime.fromtimestamp(_number(document, field, 0.0, 1e11), UTC)
    except (ValueError, OverflowError, OSError):
        raise _Bad(f"{field} is out of range") from None


def _text(document: Mapping[str, Any], field: str) -> str:
    value = document.get(field)
    return value[:MAX_TEXT] if isinstance(value, str) else ""
