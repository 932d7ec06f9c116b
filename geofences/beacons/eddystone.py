"""Eddystone frames: UID, URL, TLM and EID, as service data of UUID FEAA. Never raises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from geofences.beacons.frames import (
    EddystoneEid,
    EddystoneTlm,
    EddystoneUid,
    EddystoneUrl,
    Frame,
    Malformed,
    NoBeacon,
)

LOSS_FIRST_METRE_DB = 41
UID, URL, TLM, EID = 0x00, 0x10, 0x20, 0x30
# Of the whole frame; what a maker adds behind it does not matter.
UID_BYTES, EID_BYTES, TLM_BYTES, ETLM_BYTES = 18, 10, 14, 18
URL_HEAD_BYTES = 3  # type, power, scheme; the address takes the rest
PLAIN, ENCRYPTED = 0, 1  # versions of TLM
NO_TEMPERATURE = -0x8000
TENTHS = 10.0
FIXED_POINT = 256.0  # temperature is 8.8

SCHEMES = ("http://www.", "https://www.", "http://", "https://")
DOMAINS = (".com", ".org", ".edu", ".net", ".info", ".biz", ".gov")
EXPANSIONS = tuple(f"{domain}/" for domain in DOMAINS) + DOMAINS
FIRST_GRAPHIC, LAST_GRAPHIC = 0x21, 0x7E


def read_eddystone(data: bytes) -> Frame:
    """The frame in the service data; other frame types of this UUID are no beacons."""
    if not data:
        return Malformed("Eddystone without a frame type")
    reader = READERS.get(data[0])
    return reader(data) if reader else NoBeacon()


def signed(byte: int) -> int:
    """One byte as a signed number."""
    return byte - 256 if byte > 127 else byte


def _power(byte: int) -> int:
    return signed(byte) - LOSS_FIRST_METRE_DB


def _uid(data: bytes) -> Frame:
    if len(data) < UID_BYTES:
        return Malformed("Eddystone-UID cut short")
    return EddystoneUid(data[2:12].hex(), data[12:18].hex(), _power(data[1]))


def _url(data: bytes) -> Frame:
    """Reserved codes have no meaning, so an address that holds one is no address."""
    if len(data) <= URL_HEAD_BYTES:
        return Malformed("Eddystone-URL cut short")
    if data[2] >= len(SCHEMES):
        return Malformed("Eddystone-URL of an unknown scheme")
    text = SCHEMES[data[2]]
    for byte in data[3:]:
        if byte < len(EXPANSIONS):
            text += EXPANSIONS[byte]
        elif FIRST_GRAPHIC <= byte <= LAST_GRAPHIC:
            text += chr(byte)
        else:
            return Malformed("Eddystone-URL with a reserved character")
    return EddystoneUrl(text, _power(data[1]))


def _tlm(data: bytes) -> Frame:
    if len(data) < 2:
        return Malformed("Eddystone-TLM cut short")
    if data[1] == ENCRYPTED:
        if len(data) < ETLM_BYTES:
            return Malformed("encrypted Eddystone-TLM cut short")
        return EddystoneTlm(encrypted=True)
    if data[1] != PLAIN:
        return Malformed("Eddystone-TLM of an unknown version")
    if len(data) < TLM_BYTES:
        return Malformed("Eddystone-TLM cut short")
    temperature = int.from_bytes(data[4:6], "big", signed=True)
    return EddystoneTlm(
        voltage_mv=int.from_bytes(data[2:4], "big") or None,
        temperature_c=None if temperature == NO_TEMPERATURE else temperature / FIXED_POINT,
        advertisements=int.from_bytes(data[6:10], "big"),
        uptime_s=int.from_bytes(data[10:14], "big") / TENTHS,
    )


def _eid(data: bytes) -> Frame:
    if len(data) < EID_BYTES:
        return Malformed("Eddystone-EID cut short")
    return EddystoneEid(data[2:10].hex(), _power(data[1]))


READERS: Mapping[int, Callable[[bytes], Frame]] = MappingProxyType(
    {UID: _uid, URL: _url, TLM: _tlm, EID: _eid}
)
