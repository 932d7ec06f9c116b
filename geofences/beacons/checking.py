"""What is wrong with a beacon's document, and which transmitter it means. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from geofences.beacons.model import Beacon, BeaconKind
from geofences.beacons.resolving import KEY_BYTES
from geofences.model import Fault

MAX_EXPONENT = 15  # Eddystone-EID: once in 9 hours
MAX_NUMBER = 0xFFFF  # major, minor
MIN_POWER_DBM, MAX_POWER_DBM = -128, 127  # one signed byte
UUID_BYTES = 16
HEX_BYTES: Mapping[BeaconKind, tuple[tuple[str, int], ...]] = MappingProxyType(
    {
        BeaconKind.IBEACON: (("uuid", UUID_BYTES),),
        BeaconKind.ALTBEACON: (("code", 20),),
        BeaconKind.EDDYSTONE_UID: (("namespace", 10), ("instance", 6)),
        BeaconKind.EDDYSTONE_EID: (("key", KEY_BYTES),),
        BeaconKind.IRK: (("key", KEY_BYTES),),
    }
)

Identity = tuple[object, ...]


def sort_out(beacons: Iterable[Beacon]) -> tuple[list[Beacon], tuple[Fault, ...]]:
    """The usable ones, and by name what is wrong with others.

    Two documents of one transmitter are both kept, so that it is recognised as neither.
    """
    good: list[Beacon] = []
    faults: list[Fault] = []
    first: dict[Identity, str] = {}
    for beacon in beacons:
        reason = why_unusable(beacon)
        if reason:
            faults.append(Fault(beacon.id, reason))
            continue
        good.append(beacon)
        identity = identity_of(beacon)
        if identity in first:
            faults.append(Fault(beacon.id, f"the same as {first[identity]}: neither is recognised"))
        first.setdefault(identity, beacon.id)
    return good, tuple(faults)


def identity_of(beacon: Beacon) -> Identity:
    """What tells one usable beacon from another, however its document was written."""
    written = [bytes.fromhex(_digits(beacon, field)) for field, _ in HEX_BYTES[beacon.kind]]
    if beacon.kind is BeaconKind.IBEACON:
        return (beacon.kind, *written, beacon.major, beacon.minor)
    return (beacon.kind, *written)


def why_unusable(beacon: Beacon) -> str:
    """What is wrong with a beacon's document; "" = nothing."""
    for field, size in HEX_BYTES[beacon.kind]:
        if not _is_hex(_digits(beacon, field), size):
            return f"{field} must be {size} bytes in hex"
    power = beacon.power_1m_dbm
    if power is not None and not MIN_POWER_DBM <= power <= MAX_POWER_DBM:
        return f"power_1m_dbm must be from {MIN_POWER_DBM} to {MAX_POWER_DBM}"
    if beacon.kind is BeaconKind.IBEACON:
        return _why_not_numbers(beacon)
    if beacon.kind in {BeaconKind.EDDYSTONE_EID, BeaconKind.IRK}:
        return _why_not_key(beacon)
    return ""


def _why_not_numbers(beacon: Beacon) -> str:
    for field, value in (("major", beacon.major), ("minor", beacon.minor)):
        if value is None or not 0 <= value <= MAX_NUMBER:
            return f"{field} must be from 0 to {MAX_NUMBER}"
    return ""


def _why_not_key(beacon: Beacon) -> str:
    if not any(bytes.fromhex(beacon.key)):
        return "key must not be all zeros: devices without a key of their own have that one"
    if not 0 <= beacon.exponent <= MAX_EXPONENT:
        return f"exponent must be from 0 to {MAX_EXPONENT}"
    if not math.isfinite(beacon.clock_offset_s):
        return "clock_offset_s must be a number"
    return ""


def _digits(beacon: Beacon, field: str) -> str:
    """A UUID may be written with dashes."""
    text = str(getattr(beacon, field))
    return text.replace("-", "") if field == "uuid" else text


def _is_hex(text: str, size: int) -> bool:
    try:
        return len(bytes.fromhex(text)) == size
    except ValueError:
        return False
