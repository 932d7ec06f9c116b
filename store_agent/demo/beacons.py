"""The beacons of the sample shop: one fixed in each zone, and those that customers carry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pydantic import TypeAdapter

from store_agent.demo.dice import Throws, secret
from store_agent.demo.place import zone_corners
from store_agent.domain.customer import Customer
from store_agent.presence.people import standing

Document = dict[str, Any]

UUID = "DE300000-0000-4000-8000-00000000BEAC"  # nobody's
NAMESPACE = "de30000000000000beac"  # nobody's either
CARRIERS_AMONG = 400  # only the first customers may carry a beacon
FIXED_MAJOR = 0  # the tags of customers begin at 1
TAGS_PER_MAJOR = 100
POWER_1M_DBM = -59
EID_EXPONENT = 10  # a new id every 17 minutes
# When the clocks of the EID tags were set: each at its own moment after 1 January 2026, 0 h UTC.
_CLOCKS_SET, _CLOCKS_APART_S = 1_767_225_600, 977
_KEY_BYTES = 16

# Who carries one: most who agreed to be noticed, and a few who took back or never said so.
_OF_THE_NOTICED, _OF_THE_OTHERS = 0.65, 0.05
_IBEACON, _EDDYSTONE_UID, _IRK = 0.60, 0.76, 0.90  # cumulated shares; the rest is Eddystone-EID

_read_customer = TypeAdapter(Customer).validate_python


def fixed() -> Iterator[Document]:
    """One beacon per zone, for phones that report which one they hear."""
    for number, zone in enumerate(zone_corners()):
        yield {
            "id": f"z-{zone}",
            "kind": "ibeacon",
            "zone": zone,
            "uuid": UUID,
            "major": FIXED_MAJOR,
            "minor": number,
            "power_1m_dbm": POWER_1M_DBM,
        }


def carried(seed: int, index: int, customer: Document) -> Document | None:
    """What customer `index` carries, if anything; `customer` is the document of that customer."""
    if index >= CARRIERS_AMONG:
        return None
    roll = Throws(seed, "beacons").of(index)
    noticed = standing(_read_customer(customer)).noticed
    if roll() >= (_OF_THE_NOTICED if noticed else _OF_THE_OTHERS):
        return None
    return {"id": f"k-{index:07d}", "customer_id": customer["id"], **_content(seed, index, roll)}


def _content(seed: int, index: int, roll: Callable[[], float]) -> Document:
    share = roll()
    if share < _IBEACON:
        return {
            "kind": "ibeacon",
            "uuid": UUID,
            "major": 1 + index // TAGS_PER_MAJOR,
            "minor": index % TAGS_PER_MAJOR,
            "power_1m_dbm": POWER_1M_DBM,
        }
    if share < _EDDYSTONE_UID:
        return {
            "kind": "eddystone_uid",
            "namespace": NAMESPACE,
            "instance": f"{index:012x}",
            "power_1m_dbm": POWER_1M_DBM,
        }
    key = secret(seed, "beacon key", index)[:_KEY_BYTES].hex()
    if share < _IRK:
        return {"kind": "irk", "key": key}
    return {
        "kind": "eddystone_eid",
        "key": key,
        "exponent": EID_EXPONENT,
        "clock_offset_s": float(_CLOCKS_SET + index * _CLOCKS_APART_S),
        "power_1m_dbm": POWER_1M_DBM,
    }
