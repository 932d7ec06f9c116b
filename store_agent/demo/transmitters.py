"""What the customers' tags and phones send: the other side of `geofences.beacons`. Pure.

Layouts: Apple iBeacon, Eddystone UID and EID, Bluetooth Core Vol 3 Part H 2.2.2 for addresses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from pydantic import TypeAdapter

from geofences.beacons import resolving
from store_agent.demo import beacons
from store_agent.demo.beacons import POWER_1M_DBM
from store_agent.domain.catalog import Transmitter

read_beacon = TypeAdapter(Transmitter).validate_python

FLAGS = bytes.fromhex("020106")
EDDYSTONE = bytes.fromhex("0303aafe")  # the complete list of service UUIDs
FROM_1M_TO_0M_DB = 41  # Eddystone tells its power at 0 m
# Phones change their address every 15 minutes as a rule; these do so more often, so that a short
# demo comes to the second address, which it takes to believe that it is them.
ADDRESS_S = 300


@dataclass(frozen=True, slots=True)
class ShownCarrier:
    """One entry of demo.json `carriers`: whose it is, and what it takes to imitate it.

    Which fields count depends on `kind`: uuid, major, minor · namespace, instance · key (hex; of an
    IRK the most significant byte first), with exponent and clock_offset_s for an EID.
    """

    customer_id: str
    beacon_id: str
    kind: str
    uuid: str = ""
    major: int = 0
    minor: int = 0
    namespace: str = ""
    instance: str = ""
    key: str = ""
    exponent: int = 0
    clock_offset_s: float = 0.0
    power_1m_dbm: int = POWER_1M_DBM


def shown(beacon: Transmitter) -> ShownCarrier:
    """A beacon of the shop as demo.json tells it."""
    return ShownCarrier(
        beacon.customer_id or "",
        beacon.id,
        beacon.kind.value,
        uuid=beacon.uuid,
        major=beacon.major or 0,
        minor=beacon.minor or 0,
        namespace=beacon.namespace,
        instance=beacon.instance,
        key=beacon.key,
        exponent=beacon.exponent,
        clock_offset_s=beacon.clock_offset_s,
        power_1m_dbm=POWER_1M_DBM if beacon.power_1m_dbm is None else beacon.power_1m_dbm,
    )


def fixed_carriers() -> dict[str, ShownCarrier]:
    """The beacons that hang in the shop, by zone."""
    return {doc["zone"]: shown(read_beacon(doc)) for doc in beacons.fixed()}


@dataclass(frozen=True, slots=True)
class Packet:
    """One advertisement: "AA:BB:CC:DD:EE:FF" and the AD structures."""

    address: str
    advert: bytes


def on_air(carrier: ShownCarrier, unix_s: float) -> Packet:
    """What `carrier` sends at that moment."""
    return _SENDERS[carrier.kind](carrier, unix_s)


def _ibeacon(carrier: ShownCarrier, unix_s: float) -> Packet:
    numbers = carrier.major.to_bytes(2, "big") + carrier.minor.to_bytes(2, "big")
    content = bytes.fromhex("4c000215") + UUID(carrier.uuid).bytes + numbers
    power = carrier.power_1m_dbm.to_bytes(1, "big", signed=True)
    return Packet(_own_address(carrier), FLAGS + _structure(0xFF, content + power))


def _eddystone_uid(carrier: ShownCarrier, unix_s: float) -> Packet:
    ids = bytes.fromhex(carrier.namespace + carrier.instance)
    return Packet(_own_address(carrier), _eddystone(0x00, carrier, ids + bytes(2)))


def _eddystone_eid(carrier: ShownCarrier, unix_s: float) -> Packet:
    beacon_time_s = int(unix_s - carrier.clock_offset_s)
    eid = resolving.eid_at(bytes.fromhex(carrier.key), carrier.exponent, beacon_time_s)
    return Packet(_own_address(carrier), _eddystone(0x30, carrier, eid))


def _phone(carrier: ShownCarrier, unix_s: float) -> Packet:
    """A phone says nothing of itself; only the holder of its key can tell by the address."""
    turn = int(unix_s / ADDRESS_S + _digest(carrier)[0] / 256)  # each changes at its own moment
    chance = hashlib.sha256(f"{carrier.beacon_id}/{turn}".encode()).digest()[:3]
    prand = bytes((chance[0] & 0x3F | resolving.RANDOM_TOP_BITS << 6,)) + chance[1:]
    irk = resolving.encryptor(bytes.fromhex(carrier.key))
    nearby = _structure(0xFF, bytes.fromhex("4c0010050118000000"))
    return Packet(_address(prand + resolving.hash_of(irk, prand)), FLAGS + nearby)


_SENDERS: Mapping[str, Callable[[ShownCarrier, float], Packet]] = MappingProxyType(
    {
        "ibeacon": _ibeacon,
        "eddystone_uid": _eddystone_uid,
        "eddystone_eid": _eddystone_eid,
        "irk": _phone,
    }
)


def _eddystone(frame: int, carrier: ShownCarrier, content: bytes) -> bytes:
    power = (carrier.power_1m_dbm + FROM_1M_TO_0M_DB).to_bytes(1, "big", signed=True)
    service_data = bytes.fromhex("aafe") + bytes((frame,)) + power + content
    return FLAGS + EDDYSTONE + _structure(0x16, service_data)


def _structure(kind: int, content: bytes) -> bytes:
    return bytes((len(content) + 1, kind)) + content


def _own_address(carrier: ShownCarrier) -> str:
    """A static random address (top bits 11): tags keep theirs."""
    digest = _digest(carrier)
    return _address(bytes((digest[0] | 0xC0,)) + digest[1:6])


def _digest(carrier: ShownCarrier) -> bytes:
    return hashlib.sha256(carrier.beacon_id.encode()).digest()


def _address(raw: bytes) -> str:
    return raw.hex(":").upper()
