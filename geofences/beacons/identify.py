"""Whose transmitter was heard: fixed ids, changing ids and private addresses. Pure.

An identity is believed after two sightings. An address fits a stranger's key by chance once in
2^24: with 5,000 keys and 2,000 new addresses a day that is about 0.6 a day, so an address needs two
different ones of the same key, or other evidence of the person.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from cryptography.hazmat.primitives.ciphers import CipherContext

from geofences.beacons import resolving
from geofences.beacons.frames import (
    AltBeacon,
    EddystoneEid,
    EddystoneUid,
    Frame,
    IBeacon,
)
from geofences.beacons.model import Beacon, BeaconKind, Recognised
from geofences.model import Fault

SIGHTINGS_BELIEVED = 2
MAX_ADDRESSES = 20_000  # remembered hits and misses; a busy street for a day
ADDRESS_KEPT_S = 1800.0  # phones change theirs every 15 minutes
CORROBORATED_S = 3600.0
MAX_EXPONENT = 15
HEX_BYTES = {
    BeaconKind.ALTBEACON: (("code", 20),),
    BeaconKind.EDDYSTONE_UID: (("namespace", 10), ("instance", 6)),
    BeaconKind.EDDYSTONE_EID: (("key", 16),),
    BeaconKind.IRK: (("key", 16),),
}


class Identifier:
    """Knows a set of beacons. Belongs to one thread."""

    def __init__(self, beacons: Iterable[Beacon]) -> None:
        """Usable beacons, as `build` lets through."""
        self._fixed: dict[tuple[object, ...], Beacon | None] = {}
        self._eids: list[Beacon] = []
        self._irks: list[tuple[CipherContext, Beacon]] = []
        self._eid_table: dict[str, Beacon | None] = {}
        self._eid_until = -1.0
        self._addresses: OrderedDict[str, tuple[Beacon | None, float]] = OrderedDict()
        self._seen: dict[str, tuple[int, float]] = {}
        self._resolved: dict[str, OrderedDict[str, float]] = {}
        self._corroborated: dict[str, float] = {}
        self._at = 0.0
        for beacon in beacons:
            self._add(beacon)

    @classmethod
    def build(cls, beacons: Iterable[Beacon]) -> tuple[Identifier, tuple[Fault, ...]]:
        """Everything usable; what is not is named, and the rest goes on."""
        good, faults = [], []
        for beacon in beacons:
            reason = why_unusable(beacon)
            if reason:
                faults.append(Fault(beacon.id, reason))
            else:
                good.append(beacon)
        return cls(good), tuple(faults)

    def identify(self, address: str, frame: Frame, at: float) -> Recognised | None:
        """Whose transmitter this is; None for a stranger's, and for one that fits two."""
        self._at = max(self._at, at)
        beacon, power = self._by_frame(frame, at)
        if beacon is not None:
            return Recognised(beacon, self._is_believed(beacon, at), power)
        beacon = self._by_address(address, at) if self._irks else None
        if beacon is None:
            return None
        return Recognised(beacon, self._is_confirmed(beacon, address, at), None)

    def corroborate(self, subject: str) -> None:
        """Other evidence says that this person is here."""
        self._corroborated[subject] = self._at

    # -- what a beacon says of itself ---------------------------------------------------------

    def _by_frame(self, frame: Frame, at: float) -> tuple[Beacon | None, int | None]:
        if isinstance(frame, EddystoneEid):
            return self._by_eid(frame.eid, at), frame.power_1m_dbm
        if isinstance(frame, IBeacon | AltBeacon | EddystoneUid):
            beacon = self._fixed.get(_key_of_frame(frame))
            given = beacon.power_1m_dbm if beacon else None
            return beacon, frame.power_1m_dbm if given is None else given
        return None, None

    def _by_eid(self, eid: str, at: float) -> Beacon | None:
        if at >= self._eid_until or at < self._eid_until - 2 * self._eid_step():
            self._fill_eids(at)
        return self._eid_table.get(eid)

    def _eid_step(self) -> float:
        return float(min((1 << one.exponent for one in self._eids), default=1))

    def _fill_eids(self, at: float) -> None:
        self._eid_table = {}
        for beacon in self._eids:
            key, when = bytes.fromhex(beacon.key), at - beacon.clock_offset_s
            for eid in resolving.eids_around(key, beacon.exponent, when):
                text = eid.hex()
                other = self._eid_table.get(text, beacon)
                self._eid_table[text] = beacon if other is beacon else None
        self._eid_until = at + self._eid_step()

    def _is_believed(self, beacon: Beacon, at: float) -> bool:
        count, last = self._seen.get(beacon.id, (0, at - 1.0))
        if at != last:
            count += 1
            self._seen[beacon.id] = (count, at)
        return count >= SIGHTINGS_BELIEVED

    # -- an address that only its owner's key explains ----------------------------------------

    def _by_address(self, address: str, at: float) -> Beacon | None:
        known = self._addresses.get(address)
        if known is not None and at - known[1] < ADDRESS_KEPT_S:
            self._addresses.move_to_end(address)
            return known[0]
        beacon = self._resolve(resolving.address_bytes(address))
        self._addresses[address] = (beacon, at)
        if len(self._addresses) > MAX_ADDRESSES:
            self._addresses.popitem(last=False)
        return beacon

    def _resolve(self, raw: bytes) -> Beacon | None:
        """One block per key; two keys that fit say nothing."""
        if not resolving.is_resolvable(raw):
            return None
        block, wanted = bytes(13) + raw[:3], raw[3:]
        found = [beacon for key, beacon in self._irks if key.update(block)[13:] == wanted]
        return found[0] if len(found) == 1 else None

    def _is_confirmed(self, beacon: Beacon, address: str, at: float) -> bool:
        addresses = self._resolved.setdefault(beacon.id, OrderedDict())
        addresses[address] = at
        while len(addresses) > SIGHTINGS_BELIEVED:
            addresses.popitem(last=False)
        if len(addresses) >= SIGHTINGS_BELIEVED:
            return True
        known = self._corroborated.get(beacon.subject or "")
        return known is not None and abs(at - known) <= CORROBORATED_S

    def _add(self, beacon: Beacon) -> None:
        if beacon.kind is BeaconKind.EDDYSTONE_EID:
            self._eids.append(beacon)
        elif beacon.kind is BeaconKind.IRK:
            self._irks.append((resolving.encryptor(bytes.fromhex(beacon.key)), beacon))
        else:
            key = _key_of_beacon(beacon)
            other = self._fixed.get(key, beacon)
            self._fixed[key] = beacon if other is beacon else None  # two owners: nobody's


def why_unusable(beacon: Beacon) -> str:
    """What is wrong with a beacon's document; "" = nothing."""
    if beacon.kind is BeaconKind.IBEACON:
        return _why_not_ibeacon(beacon)
    for field, size in HEX_BYTES[beacon.kind]:
        try:
            good = len(bytes.fromhex(getattr(beacon, field))) == size
        except ValueError:
            good = False
        if not good:
            return f"{field} must be {size} bytes in hex"
    if beacon.kind is BeaconKind.EDDYSTONE_EID and not 0 <= beacon.exponent <= MAX_EXPONENT:
        return f"exponent must be from 0 to {MAX_EXPONENT}"
    return ""


def _why_not_ibeacon(beacon: Beacon) -> str:
    try:
        good = len(bytes.fromhex(beacon.uuid.replace("-", ""))) == 16
    except ValueError:
        good = False
    if not good:
        return "uuid must be 16 bytes in hex"
    for field in ("major", "minor"):
        value = getattr(beacon, field)
        if value is None or not 0 <= value <= 0xFFFF:
            return f"{field} must be from 0 to 65535"
    return ""


def _key_of_frame(frame: IBeacon | AltBeacon | EddystoneUid) -> tuple[object, ...]:
    if isinstance(frame, IBeacon):
        return BeaconKind.IBEACON, frame.uuid.replace("-", "").lower(), frame.major, frame.minor
    if isinstance(frame, AltBeacon):
        return BeaconKind.ALTBEACON, frame.code
    return BeaconKind.EDDYSTONE_UID, frame.namespace, frame.instance


def _key_of_beacon(beacon: Beacon) -> tuple[object, ...]:
    if beacon.kind is BeaconKind.IBEACON:
        uuid = beacon.uuid.replace("-", "").lower()
        return beacon.kind, uuid, beacon.major, beacon.minor
    if beacon.kind is BeaconKind.ALTBEACON:
        return beacon.kind, beacon.code.lower()
    return beacon.kind, beacon.namespace.lower(), beacon.instance.lower()
