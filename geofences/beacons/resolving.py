"""Ids that change: Eddystone-EID and resolvable private addresses. Pure arithmetic.

EID: Eddystone-EID specification. Addresses: Bluetooth Core Vol 3 Part H 2.2.2 (function `ah`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

KEY_BYTES = 16
EID_BYTES = 8
SALT = 0xFF
MAX_BEACON_TIME_S = 0xFFFFFFFF  # 4 bytes
ADDRESS_BYTES, PRAND_BYTES = 6, 3
RANDOM_TOP_BITS = 0b01  # of a resolvable private address


def encryptor(key: bytes) -> CipherContext:
    """One to be kept: making it costs 20 times a block. ECB of single blocks is what is asked."""
    return Cipher(AES(key), ECB()).encryptor()  # noqa: S305  prescribed


def eid_at(key: bytes, exponent: int, beacon_time_s: int) -> bytes:
    """The 8 bytes a beacon shows at `beacon_time_s`, its own clock; it changes every 2^K s."""
    window = (beacon_time_s & MAX_BEACON_TIME_S) >> exponent
    return next(iter(eids(key, exponent, (window,))))


def eids(key: bytes, exponent: int, windows: Iterable[int]) -> Iterator[bytes]:
    """What a beacon shows in each of these windows of 2^K s, counted from its clock's zero."""
    identity = encryptor(key)
    upper, temporary = -1, identity
    for window in windows:
        time_s = window << exponent
        if time_s >> 16 != upper:  # the temporary key holds for 18 hours
            upper = time_s >> 16
            salted = bytes(11) + bytes((SALT, 0, 0)) + upper.to_bytes(2, "big")
            temporary = encryptor(identity.update(salted))
        block = bytes(11) + bytes((exponent,)) + time_s.to_bytes(4, "big")
        yield temporary.update(block)[:EID_BYTES]


def address_bytes(address: str) -> bytes:
    """`70:81:94:0D:FB:AA` as 6 bytes, most significant first; b"" when it is none."""
    try:
        raw = bytes.fromhex(address.replace(":", ""))
    except ValueError:
        return b""
    return raw if len(raw) == ADDRESS_BYTES else b""


def is_resolvable(raw: bytes) -> bool:
    """Whether an address may be resolved by somebody's key."""
    return len(raw) == ADDRESS_BYTES and raw[0] >> 6 == RANDOM_TOP_BITS


def hash_block(raw: bytes) -> bytes:
    """What a key must encrypt to say whether an address is its own."""
    return bytes(13) + raw[:PRAND_BYTES]


def hash_of(key: CipherContext, raw: bytes) -> bytes:
    """The last 3 bytes an address of this key would have."""
    return key.update(hash_block(raw))[13:]
