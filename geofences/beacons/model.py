"""The words of radio: sighting, frame, beacon, room change. Frozen values, no I/O.

`at` is event time in seconds since 1970 (a float: this runs thousands of times a second).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from geofences.model import Confidence


@dataclass(frozen=True, slots=True)
class Sighting:
    """One radio heard one transmitter once. `advert` is the raw AD structures."""

    radio: str
    address: str  # "AA:BB:CC:DD:EE:FF"
    rssi_dbm: int
    advert: bytes
    at: float


class BeaconKind(StrEnum):
    """How a beacon is recognised."""

    IBEACON = "ibeacon"
    ALTBEACON = "altbeacon"
    EDDYSTONE_UID = "eddystone_uid"
    EDDYSTONE_EID = "eddystone_eid"
    IRK = "irk"  # a phone or watch whose owner gave its identity resolving key


@dataclass(frozen=True, slots=True)
class Beacon:
    """A transmitter we know: carried by somebody (`subject`) or fixed in the shop (`zone`).

    Which fields count depends on `kind`: uuid, major, minor · code (AltBeacon, 20 bytes hex) ·
    namespace, instance (hex) · key (hex, 16 bytes: EID identity key, or IRK most significant
    byte first) with exponent and clock_offset_s for EID.
    """

    id: str
    kind: BeaconKind
    subject: str | None = None
    zone: str | None = None
    uuid: str = ""
    major: int | None = None
    minor: int | None = None
    code: str = ""
    namespace: str = ""
    instance: str = ""
    key: str = ""
    exponent: int = 0  # K: the EID changes every 2^K seconds
    clock_offset_s: float = 0.0  # unix time of the beacon's zero
    power_1m_dbm: int | None = None


@dataclass(frozen=True, slots=True)
class Recognised:
    """Whose transmitter was heard. Not `confirmed`: it may be a chance match, name nobody yet."""

    beacon: Beacon
    confirmed: bool
    power_1m_dbm: int | None = None


class RoomChangeKind(StrEnum):
    """What the radios know about a subject and a zone."""

    ENTERED = "entered"
    STILL = "still"  # renewed evidence, told at intervals
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class RoomChange:
    """A subject entered, stays in, or left the zone of a radio. `at` is the deciding evidence."""

    subject: str
    zone: str
    kind: RoomChangeKind
    at: float
    confidence: Confidence
    reason: str  # "sighted", "moved", "silent", "ghost", "forgotten"
    distance_m: float | None = None
