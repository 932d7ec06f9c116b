"""Whose transmitter was heard: fixed ids, changing ids and private addresses. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from geofences.beacons.addresses import PrivateAddresses
from geofences.beacons.beliefs import Beliefs
from geofences.beacons.checking import Identity, identity_of, sort_out
from geofences.beacons.ephemeral import EphemeralIds
from geofences.beacons.frames import AltBeacon, EddystoneEid, EddystoneUid, Frame, IBeacon
from geofences.beacons.model import Beacon, BeaconKind, Recognised
from geofences.model import Fault

CHANGING = frozenset({BeaconKind.EDDYSTONE_EID, BeaconKind.IRK})


class Identifier:
    """Knows a set of beacons. Belongs to one thread."""

    def __init__(self, beacons: Iterable[Beacon]) -> None:
        """Usable beacons, as `build` lets through."""
        known = tuple(beacons)
        self._known = {beacon.id: beacon for beacon in known}
        self._fixed = _by_identity(one for one in known if one.kind not in CHANGING)
        self._eids = EphemeralIds(one for one in known if one.kind is BeaconKind.EDDYSTONE_EID)
        phones = [one for one in known if one.kind is BeaconKind.IRK]
        self._addresses = PrivateAddresses(phones)
        self._owners = frozenset(phone.subject for phone in phones)
        self._beliefs = Beliefs()
        self._heard_at: float | None = None

    @classmethod
    def build(
        cls, beacons: Iterable[Beacon], before: Identifier | None = None
    ) -> tuple[Identifier, tuple[Fault, ...]]:
        """Everything usable; what is not is named, and the rest goes on.

        `before` knew the beacons until now: what it believed of unchanged ones is kept.
        """
        good, faults = sort_out(beacons)
        made = cls(good)
        if before is not None:
            same = [one.id for one in good if before._known.get(one.id) == one]
            made._beliefs.keep_from(before._beliefs, frozenset(same))
            made._heard_at = before._heard_at
        return made, faults

    def identify(self, address: str, frame: Frame, at: float) -> Recognised | None:
        """Whose transmitter this is; None for a stranger's, and for one that fits two.

        `address` is "AA:BB:CC:DD:EE:FF". `confirmed`: a beacon that names itself after two
        sightings, a phone after two different addresses or other evidence of its owner.
        """
        self._heard_at = at
        beacon = self._beacon_of(frame, at)
        if beacon is not None:
            confirmed = self._beliefs.of_frame(beacon.id, at)
            return Recognised(beacon, confirmed, _power(beacon, frame))
        beacon = self._addresses.beacon_of(address)
        if beacon is not None:
            confirmed = self._beliefs.of_address(beacon.id, beacon.subject, address, at)
            return Recognised(beacon, confirmed, beacon.power_1m_dbm)
        return None

    def corroborate(self, subject: str, at: float | None = None) -> None:
        """Other evidence says that this person is here: an address that fits is theirs.

        Without `at`: as of the last sighting, or of the first if there was none yet.
        """
        if subject in self._owners:
            self._beliefs.corroborate(subject, self._heard_at if at is None else at)

    def _beacon_of(self, frame: Frame, at: float) -> Beacon | None:
        """Who a frame says it is."""
        if isinstance(frame, IBeacon):
            uuid = bytes.fromhex(frame.uuid.replace("-", ""))
            return self._fixed.get((BeaconKind.IBEACON, uuid, frame.major, frame.minor))
        if isinstance(frame, EddystoneEid):
            return self._eids.beacon_of(frame.eid, at)
        if isinstance(frame, EddystoneUid):
            namespace, instance = bytes.fromhex(frame.namespace), bytes.fromhex(frame.instance)
            return self._fixed.get((BeaconKind.EDDYSTONE_UID, namespace, instance))
        if isinstance(frame, AltBeacon):
            return self._fixed.get((BeaconKind.ALTBEACON, bytes.fromhex(frame.code)))
        return None


def _by_identity(beacons: Iterable[Beacon]) -> dict[Identity, Beacon | None]:
    """None where two claim to be the same: nobody's."""
    found: dict[Identity, Beacon | None] = {}
    for beacon in beacons:
        identity = identity_of(beacon)
        found[identity] = None if identity in found else beacon
    return found


def _power(beacon: Beacon, frame: Frame) -> int | None:
    """As measured for this beacon, else as it says itself."""
    if beacon.power_1m_dbm is not None:
        return beacon.power_1m_dbm
    return getattr(frame, "power_1m_dbm", None)
