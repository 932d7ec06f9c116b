"""Ids that change: Eddystone-EID and resolvable private addresses. Pure arithmetic.

EID: Eddystone-EID specification. Addresses: Bluetooth Core Vol 3 Part H 2.2.2 (function `ah`).
"""

from __future__ import annotations

from collections.abc import Iterable

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

KEY_BYTES = 16
SALT = 0xFF
# Beacons drift by up to 150 ppm (13 s a day) and choose their own moment to change.
WINDOWS_ASIDE = 2
RANDOM_TOP_BITS = 0b01  # of a resolvable private address


def encryptor(key: bytes) -> CipherContext:
    """One to be kept: making it costs 20 times a block. ECB of single blocks is what is asked."""
    return Cipher(AES(key), ECB()).encryptor()  # noqa: S305  prescribed


def eid_at(key: bytes, exponent: int, beacon_time_s: int) -> bytes:
    """The 8 bytes a beacon shows at `beacon_time_s`, its own clock; it changes every 2^K s."""
    time_s = beacon_time_s & 0xFFFFFFFF
    salted = bytes(11) + bytes((SALT, 0, 0)) + (time_s >> 16).to_bytes(2, "big")
    temporary = encryptor(key).update(salted)
    quantised = (time_s >> exponent << exponent).to_bytes(4, "big")
    return encryptor(temporary).update(bytes(11) + bytes((exponent,)) + quantised)[:8]


def eids_around(key: bytes, exponent: int, beacon_time_s: float) -> Iterable[bytes]:
    """What the beacon may show now, for every clock that is a little wrong."""
    step = 1 << exponent
    middle = int(beacon_time_s)
    for aside in range(-WINDOWS_ASIDE, WINDOWS_ASIDE + 1):
        moment = middle + aside * step
        if moment >= 0:
            yield eid_at(key, exponent, moment)


def address_bytes(address: str) -> bytes:
    """`70:81:94:0D:FB:AA` as 6 bytes, most significant first; b"" when it is none."""
    try:
        raw = bytes.fromhex(address.replace(":", ""))
    except ValueError:
        return b""
    return raw if len(raw) == 6 else b""


def is_resolvable(raw: bytes) -> bool:
    """Whether an address may be resolved by somebody's key."""
    return len(raw) == 6 and raw[0] >> 6 == RANDOM_TOP_BITS


def hash_of(key: CipherContext, raw: bytes) -> bytes:
    """The last 3 bytes an address of this key would have."""
    return key.update(bytes(13) + raw[:3])[13:]
