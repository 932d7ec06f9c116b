"""One reported sighting as JSON. The HTTP door and the replay read the same form. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from geofences.beacons.model import Sighting
from geofences.locations import LocationRefused, read_time

MAX_RADIO = 64  # characters
MAX_ADVERT_BYTES = 1650  # of an extended advertisement, the longest there is
MIN_RSSI_DBM, MAX_RSSI_DBM = -127, 20  # what a Bluetooth controller may report
ADDRESS = re.compile(r"([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}")


class SightingRefused(ValueError):
    """Not a sighting; `field` is at fault, `reason` says how."""

    def __init__(self, field: str, reason: str) -> None:
        """`field` is the name in the document."""
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def read_sighting(document: object) -> Sighting:
    """`{radio, address, rssi_dbm, advert (hex), seen_at}` as a sighting. Raises SightingRefused."""
    if not isinstance(document, Mapping):
        raise SightingRefused("", "must be an object")
    radio, address = document.get("radio"), document.get("address")
    if not isinstance(radio, str) or not 0 < len(radio) <= MAX_RADIO:
        raise SightingRefused("radio", f"must be a text of 1 to {MAX_RADIO} characters")
    if not isinstance(address, str) or ADDRESS.fullmatch(address) is None:
        raise SightingRefused("address", "must be like C2:00:00:00:00:01")
    try:
        seen_at = read_time(document.get("seen_at"), "seen_at")
    except LocationRefused as refused:
        raise SightingRefused(refused.field, refused.reason) from None
    return Sighting(
        radio,
        address.upper(),
        _rssi(document.get("rssi_dbm")),
        _advert(document.get("advert")),
        seen_at.timestamp(),
    )


def _rssi(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise SightingRefused("rssi_dbm", "must be a whole number")
    if not MIN_RSSI_DBM <= value <= MAX_RSSI_DBM:
        raise SightingRefused("rssi_dbm", f"must be from {MIN_RSSI_DBM} to {MAX_RSSI_DBM}")
    return value


def _advert(value: object) -> bytes:
    if not isinstance(value, str) or len(value) > 2 * MAX_ADVERT_BYTES:
        raise SightingRefused("advert", f"must be hex of at most {MAX_ADVERT_BYTES} bytes")
    try:
        return bytes.fromhex(value)
    except ValueError as error:
        raise SightingRefused("advert", "is not hex") from error
