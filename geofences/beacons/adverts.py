"""Advertisements as raw AD structures (Bluetooth Core Vol 3 Part C 11) -> frames. Never raises.

iBeacon: Apple, Proximity Beacon Specification. AltBeacon: altbeacon.org, version 1.0. Eddystone:
protocol specification of 2016; its power is at 0 m, 41 dB more than at 1 m.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from uuid import UUID

from geofences.beacons.eddystone import read_eddystone, signed
from geofences.beacons.frames import AltBeacon, Frame, IBeacon, Malformed, NoBeacon

SERVICE_DATA_16, SERVICE_DATA_32, SERVICE_DATA_128, MANUFACTURER = 0x16, 0x20, 0x21, 0xFF
BASE_UUID_TAIL = bytes.fromhex("00001000800000805f9b34fb")  # behind the 4 bytes of a short UUID
# UUID FEAA in each of its three lengths, least significant byte first as on the air.
EDDYSTONE: Mapping[int, bytes] = MappingProxyType(
    {
        SERVICE_DATA_16: b"\xaa\xfe",
        SERVICE_DATA_32: b"\xaa\xfe\x00\x00",
        SERVICE_DATA_128: BASE_UUID_TAIL[::-1] + b"\xaa\xfe\x00\x00",
    }
)
APPLE, COMPANY_BYTES = b"\x4c\x00", 2
IBEACON_TYPE, IBEACON_LENGTH = 0x02, 0x15
IBEACON_BYTES = COMPANY_BYTES + 2 + IBEACON_LENGTH  # company, type, length, and what it counts
ALTBEACON_CODE = b"\xbe\xac"
ALTBEACON_BYTES = COMPANY_BYTES + 2 + 20 + 1  # the reserved byte behind it may be missing
MAX_STRUCTURE = 255  # what its length byte counts: type and data
MAX_COMPANY = 0xFFFF
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


def parse(advert: bytes) -> Frame:
    """The frame of an advertisement: the first beacon in it, else what claims to be one."""
    return parse_all(advert)[0]


@lru_cache(REMEMBERED)
def parse_all(advert: bytes) -> tuple[Frame, ...]:
    """Every beacon in an advertisement, never empty: else what claims to be one, else none.

    Tags that send two formats in turn have both in what BlueZ has put together of them.
    """
    beacons: list[Frame] = []
    worst: Frame = NOTHING
    position, size = 0, len(advert)
    while position + 1 < size:
        length = advert[position]
        end = position + 1 + length
        if length == 0:
            break
        frame = _frame(advert[position + 1], advert[position + 2 : end])
        position = end
        if isinstance(frame, NoBeacon):
            continue
        if end > size:  # the structure says more than there is
            worst = Malformed("advertisement cut short")
        elif isinstance(frame, Malformed):
            worst = frame
        else:
            beacons.append(frame)
    return tuple(beacons) or (worst,)


def to_ad_structures(
    manufacturer_data: Mapping[int, bytes], service_data: Mapping[str, bytes]
) -> bytes:
    """Raw AD structures of what an operating system has taken apart; what does not fit is left out.

    `service_data` is keyed by UUIDs in full length, as BlueZ gives them.
    """
    parts = [
        _structure(MANUFACTURER, company.to_bytes(COMPANY_BYTES, "little") + data)
        for company, data in manufacturer_data.items()
        if 0 <= company <= MAX_COMPANY
    ]
    parts += [_service(uuid, data) for uuid, data in service_data.items()]
    return b"".join(parts)


def _service(uuid: str, data: bytes) -> bytes:
    try:
        raw = UUID(uuid).bytes
    except ValueError:
        return b""
    if raw[4:] == BASE_UUID_TAIL and raw[:2] == b"\x00\x00":
        return _structure(SERVICE_DATA_16, raw[3:1:-1] + data)
    return _structure(SERVICE_DATA_128, raw[::-1] + data)


def _structure(kind: int, data: bytes) -> bytes:
    if len(data) >= MAX_STRUCTURE:
        return b""
    return bytes((len(data) + 1, kind)) + data


def _frame(kind: int, data: bytes) -> Frame:
    if kind == MANUFACTURER:
        return _manufacturer(data)
    service = EDDYSTONE.get(kind)
    if service is not None and data.startswith(service):
        return read_eddystone(data[len(service) :])
    return NOTHING


def _manufacturer(data: bytes) -> Frame:
    # AltBeacon is told by its code: any company may send it.
    if data[2:4] == ALTBEACON_CODE:
        return _altbeacon(data)
    if len(data) > COMPANY_BYTES and data.startswith(APPLE) and data[2] == IBEACON_TYPE:
        return _ibeacon(data)
    return NOTHING


def _ibeacon(data: bytes) -> Frame:
    if len(data) < 4 or data[3] != IBEACON_LENGTH:
        return Malformed("iBeacon of another length than 21")
    if len(data) < IBEACON_BYTES:
        return Malformed("iBeacon cut short")
    uuid = data[4:20].hex().upper()
    return IBeacon(
        f"{uuid[:8]}-{uuid[8:12]}-{uuid[12:16]}-{uuid[16:20]}-{uuid[20:]}",
        data[20] << 8 | data[21],
        data[22] << 8 | data[23],
        signed(data[24]),
    )


def _altbeacon(data: bytes) -> Frame:
    if len(data) < ALTBEACON_BYTES:
        return Malformed("AltBeacon cut short")
    return AltBeacon(
        company=int.from_bytes(data[:COMPANY_BYTES], "little"),
        code=data[4:24].hex(),
        power_1m_dbm=signed(data[24]),
        reserved=data[25] if len(data) > ALTBEACON_BYTES else 0,
    )
