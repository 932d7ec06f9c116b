"""Messages of the OwnTracks app in HTTP mode -> fixes and beacon evidence. Pure, never raises.

Format: owntracks.org, booklet, "JSON". Numbers may come as texts; whatever cannot be used becomes
`Unusable` with a reason, because the app would send a refused message again for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

import orjson

from geofences.model import AccuracyKind, Fix
from geofences.owntracks_fields import (
    MAX_TEXT,
    Document,
    FieldUnusable,
    maybe,
    moment,
    number,
    text,
    whole,
)

KMH_PER_MPS = 3.6
MAX_MESSAGES = 500  # in one body
MAX_LAT, MAX_LON, MAX_NUMBER = 90.0, 180.0, 0xFFFF
RSSI_DBM, PROXIMITY = (-128, 127), (0, 3)  # ranges
PING = "p"  # its `tst` is the time of sending: no proof that somebody was there then
BEACON = "b"
# What the app also sends and what is not about a place.
SKIPPED = frozenset(
    {"lwt", "cmd", "card", "steps", "status", "dump", "configuration", "request", "waypoints"}
)


@dataclass(frozen=True, slots=True)
class BeaconSeen:
    """A phone hears a beacon that is fixed in the shop, or has entered or left its region.

    Named by `uuid`, `major`, `minor` (ranging), or by `region` (transitions): the name the region
    has in the app, else its `rid`. `proximity` is Apple's: 1 immediate, 2 near, 3 far.
    """

    subject: str
    at: datetime
    present: bool
    uuid: str = ""
    major: int | None = None
    minor: int | None = None
    region: str = ""
    rssi_dbm: int | None = None
    proximity: int | None = None


@dataclass(frozen=True, slots=True)
class Waypoint:
    """A region somebody keeps in the app, round a place or a beacon; nothing here follows from it.

    It stays the same one as long as `rid` does, else as long as `created_at` does.
    """

    subject: str
    name: str
    rid: str = ""
    created_at: datetime | None = None
    lat: float | None = None
    lon: float | None = None
    radius_m: float | None = None
    uuid: str = ""
    major: int | None = None
    minor: int | None = None


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
    reader = _Reader(subject.strip()[:MAX_TEXT], received_at, open_envelope)
    found = [message for one in several[:MAX_MESSAGES] for message in reader.messages(one)]
    if len(several) > MAX_MESSAGES:
        found.append(Unusable(f"more than {MAX_MESSAGES} messages"))
    return tuple(found)


def subject_of(limit_user: str, query_user: str, basic_user: str) -> str:
    """Whose phone it is, by what the app sends beside the message."""
    return next((name.strip() for name in (limit_user, query_user, basic_user) if name.strip()), "")


@dataclass(frozen=True, slots=True)
class _Reader:
    subject: str
    received_at: datetime
    open_envelope: Open | None

    def messages(self, document: object, *, opened: bool = False) -> tuple[Message, ...]:
        """What one document says: one message, but for a list of waypoints."""
        if not isinstance(document, Mapping):
            return (Unusable("not an object"),)
        kind = document.get("_type")
        if kind == "encrypted" and not opened:
            return self._opened(document)
        waypoints = document.get("waypoints") if kind == "waypoints" else None
        if isinstance(waypoints, list):
            several = waypoints[:MAX_MESSAGES]
            return tuple(self._one("waypoint", waypoint, document) for waypoint in several)
        return (self._one(kind, document, document),)

    def _one(self, kind: object, document: object, owner: Document) -> Message:
        """`owner` is what says whose it is."""
        if not isinstance(kind, str) or kind not in READERS:
            return Ignored(kind if isinstance(kind, str) and kind in SKIPPED else "unknown")
        if not isinstance(document, Mapping):
            return Unusable(f"{kind}: not an object")
        try:
            return READERS[kind](document, self.subject or _sender(owner), self.received_at)
        except FieldUnusable as fault:
            return Unusable(f"{kind}: {fault}")

    def _opened(self, document: Document) -> tuple[Message, ...]:
        if self.open_envelope is None:
            return (Unusable("encrypted, and no key is configured"),)
        data = document.get("data")
        if not isinstance(data, str):
            return (Unusable("encrypted: data is missing"),)
        try:
            inner = orjson.loads(self.open_envelope(data))
        except ValueError:
            return (Unusable("encrypted with another key"),)
        return self.messages(inner, opened=True)


def _sender(document: Document) -> str:
    """Who a message names: its topic is `owntracks/user/device`, `tid` two characters."""
    parts = text(document, "topic").strip("/").split("/")
    name = parts[1] if len(parts) > 1 and parts[1] else text(document, "tid")
    if not name:
        raise FieldUnusable("nobody is named")
    return name


def _location(document: Document, subject: str, received_at: datetime) -> Message:
    if document.get("t") == PING:
        return Ignored("ping")
    if _is_nowhere(document):
        return Ignored("no position")
    return _fix(document, subject, received_at)


def _fix(document: Document, subject: str, received_at: datetime) -> Fix:
    """A position; accuracy is left out by the app when it is 0."""
    kmh = maybe(document, "vel")
    return Fix(
        subject=subject,
        lat=number(document, "lat", -MAX_LAT, MAX_LAT),
        lon=number(document, "lon", -MAX_LON, MAX_LON),
        fixed_at=moment(document, "tst"),
        received_at=received_at,
        accuracy_m=maybe(document, "acc") or None,
        accuracy_kind=AccuracyKind.UNKNOWN,
        source="owntracks",
        speed_mps=None if kmh is None or kmh < 0 else kmh / KMH_PER_MPS,
    )


def _transition(document: Document, subject: str, received_at: datetime) -> Message:
    """A region's enter or leave; for circles the position with it is what counts."""
    event, trigger = document.get("event"), document.get("t")
    if event not in ("enter", "leave"):
        raise FieldUnusable("event must be enter or leave")
    if trigger != BEACON and not _is_nowhere(document):
        return _fix(document, subject, received_at)
    if trigger not in (BEACON, None):
        return Ignored("no position")
    return BeaconSeen(
        subject,
        moment(document, "tst"),
        present=event == "enter",
        region=text(document, "desc") or text(document, "rid"),
    )


def _ranging(document: Document, subject: str, received_at: datetime) -> Message:
    """What an iPhone hears around it; strength 0 is one that it no longer hears."""
    rssi = maybe(document, "rssi", *RSSI_DBM)
    if rssi == 0:
        return Ignored("beacon not heard")
    proximity = maybe(document, "prox", *PROXIMITY)
    return BeaconSeen(
        subject,
        moment(document, "tst"),
        present=True,
        uuid=text(document, "uuid").upper(),
        major=whole(document, "major", 0, MAX_NUMBER),
        minor=whole(document, "minor", 0, MAX_NUMBER),
        rssi_dbm=None if rssi is None else round(rssi),
        proximity=None if proximity is None else round(proximity),
    )


def _waypoint(document: Document, subject: str, received_at: datetime) -> Message:
    numbered = [document.get(field) is not None for field in ("major", "minor")]
    return Waypoint(
        subject,
        text(document, "desc"),
        rid=text(document, "rid"),
        created_at=None if document.get("tst") is None else moment(document, "tst"),
        lat=maybe(document, "lat", -MAX_LAT, MAX_LAT),
        lon=maybe(document, "lon", -MAX_LON, MAX_LON),
        radius_m=maybe(document, "rad"),
        uuid=text(document, "uuid").upper(),
        major=whole(document, "major", 0, MAX_NUMBER) if numbered[0] else None,
        minor=whole(document, "minor", 0, MAX_NUMBER) if numbered[1] else None,
    )


READERS: Mapping[str, Callable[[Document, str, datetime], Message]] = MappingProxyType(
    {
        "location": _location,
        "transition": _transition,
        "beacon": _ranging,
        "waypoint": _waypoint,
    }
)


def _is_nowhere(document: Document) -> bool:
    """0/0 without an accuracy, where the phone did not know; positions that are missing are not."""
    if "lat" not in document and "lon" not in document:
        return document.get("_type") == "transition"
    return not any(maybe(document, field) for field in ("lat", "lon", "acc"))
