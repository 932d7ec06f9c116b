"""RFC 6238 one-time values (SHA-1), as Google Wallet's rotating barcodes use them."""

from __future__ import annotations

import hmac

# Digits. RFC 4226 truncates to 31 bits, so an eleventh digit would always be 0.
MAX_VALUE_LENGTH = 10


def one_time_value(key: bytes, counter: int, digits: int) -> str:
    """The zero-padded value of one window; `counter` = floor(milliseconds / period), >= 0."""
    digest = hmac.digest(key, counter.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    truncated = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return str(truncated % 10**digits).zfill(digits)
