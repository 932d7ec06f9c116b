"""Advertisements as raw AD structures (Bluetooth Core Vol 3 Part C 11) -> frames. Never raises.

iBeacon: Apple, Proximity Beacon Specification. AltBeacon: altbeacon.org, version 1.0. Eddystone:
protocol specification of 2016; its power is at 0 m, 41 dB more than at 1 m.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from uuid import UUID

from geofences.beacons.eddystone import read_eddystone
from geofences.beacons.frames import AltBeacon, Frame, IBeacon, Malformed, NoBeacon

SERVICE_DATA_16, SERVICE_DATA_128, MANUFACTURER = 0x16, 0x21, 0xFF
EDDYSTONE = 0xFEAA
APPLE = 0x004C
IBEACON_TYPE, IBEACON_LENGTH = 0x02, 0x15
IBEACON_BYTES = 2 + 16 + 2 + 2 + 1  # type, length, uuid, major, minor, power
ALTBEACON_CODE = b"\xbe\xac"
ALTBEACON_BYTES = 2 + 20 + 1  # the last, reserved byte may be missing
MAX_STRUCTURE = 255  # length byte: type and data
BASE_UUID = "-0000-1000-8000-00805f9b34fb"
REMEMBERED = 4096  # beacons repeat themselves: most bytes were parsed a moment ago

NOTHING = NoBeacon()


def structures(advert: bytes) -> Iterator[tuple[int, bytes]]:
    """AD type and data of each structure; a zero length or one past the end stops the walk."""
    position, size = 0, len(advert)
    while position + 1 < size:
        length = advert[position]
        end = position + 1 + length
        if length == 0 or end > size:
            return
        yield advert[position + 1], advert[position + 2 : end]
        position = end


@lru_cache(REMEMBERED)
def parse(advert: bytes) -> Frame:
    """The frame of an advertisement: the first beacon in it, else what claims to be one."""
    worse: Frame = NOTHING
    for kind, data in structures(advert):
        frame = _frame(kind, data)
        if isinstance(frame, Malformed):
            worse = frame
        elif frame is not NOTHING:
            return frame
    return worse


def to_ad_structures(
    manufacturer_data: Mapping[int, bytes], service_data: Mapping[str, bytes]
) -> bytes:
    """Raw AD structures of what an operating system has taken apart; what is too long is left out.

    `service_data` is keyed by UUIDs in full length, as BlueZ gives them.
    """
    parts = []
    for company, data in manufacturer_data.items():
        parts.append(_structure(MANUFACTURER, company.to_bytes(2, "little") + data))
    for uuid, data in service_data.items():
        parts.append(_service(uuid, data))
    return b"".join(parts)


def _service(uuid: str, data: bytes) -> bytes:
    text = uuid.lower()
    if text.startswith("0000") and text.endswith(BASE_UUID):
        return _structure(SERVICE_DATA_16, bytes.fromhex(text[4:8])[::-1] + data)
    try:
        return _structure(SERVICE_DATA_128, UUID(text).bytes[::-1] + data)
    except ValueError:
        return b""


def _structure(kind: int, data: bytes) -> bytes:
    if len(data) >= MAX_STRUCTURE:
        return b""
    return bytes((len(data) + 1, kind)) + data


def _frame(kind: int, data: bytes) -> Frame:
    if len(data) < 2:
        return NOTHING
    if kind == MANUFACTURER:
        company = int.from_bytes(data[:2], "little")
        return _manufacturer(company, data[2:])
    if kind == SERVICE_DATA_16 and int.from_bytes(data[:2], "little") == EDDYSTONE:
        return read_eddystone(data[2:])
    if kind == SERVICE_DATA_128 and len(data) >= 16:
        uuid = str(UUID(bytes=data[:16][::-1]))
        if uuid == f"0000{EDDYSTONE:04x}{BASE_UUID}":
            return read_eddystone(data[16:])
    return NOTHING


def _manufacturer(company: int, data: bytes) -> Frame:
    # AltBeacon is told by its code: any company may send it.
    if data[:2] == ALTBEACON_CODE:
        return _altbeacon(company, data)
    if company == APPLE and data[:1] == bytes((IBEACON_TYPE,)):
        return _ibeacon(data)
    return NOTHING


def _ibeacon(data: bytes) -> Frame:
    if len(data) < 2 or data[1] != IBEACON_LENGTH:
        return Malformed("iBeacon of another length than 21")
    if len(data) < IBEACON_BYTES:
        return Malformed("iBeacon cut short")
    return IBeacon(
        uuid=str(UUID(bytes=bytes(data[2:18]))).upper(),
        major=int.from_bytes(data[18:20], "big"),
        minor=int.from_bytes(data[20:22], "big"),
        power_1m_dbm=signed(data[22]),
    )


def _altbeacon(company: int, data: bytes) -> Frame:
    if len(data) < ALTBEACON_BYTES:
        return Malformed("AltBeacon cut short")
    return AltBeacon(
        company=company,
        code=data[2:22].hex(),
        power_1m_dbm=signed(data[22]),
        reserved=data[23] if len(data) > ALTBEACON_BYTES else 0,
    )


def signed(byte: int) -> int:
    """One byte as a signed number."""
    return byte - 256 if byte > 127 else byte
