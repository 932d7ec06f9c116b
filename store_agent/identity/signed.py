"""Signed pass messages: a customer is recognised although this shop has never heard of the pass.

The byte layout is described in docs/passes.md. What is signed are the token's raw bytes as they
stand before the signature; nothing is serialised again to check it.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from store_agent.domain.catalog import SigningKey
from store_agent.domain.errors import InvalidInput
from store_agent.domain.scan import ScanReason
from store_agent.identity import base32
from store_agent.identity.instants import EPOCH, as_utc

# Eight characters are five whole bytes, so every message starts with exactly this text. The last
# two are the version; the name keeps signatures of other protocols apart from ours.
MAGIC_TEXT = "SAPASS01"
MAGIC = b"\xd2\xae\xad\x68\x01"

# Bytes of UTF-8. They bound a message to 378 characters.
MAX_KEY_ID_BYTES = 32
MAX_ID_BYTES = 64
SIGNATURE_BYTES = 64

# A shop's clock may be ahead of the platform's by this much without refusing a fresh message.
CLOCK_SKEW = timedelta(seconds=120)

_EXPIRY = struct.Struct(">I")  # seconds since 1970, until 2106


@dataclass(frozen=True, slots=True)
class PassClaims:
    """What the platform signs. `expires_at` counts in whole seconds."""

    key_id: str
    pass_id: str
    customer_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A message taken apart, not yet checked."""

    claims: PassClaims
    signed: bytes
    signature: bytes


def looks_signed(text: str) -> bool:
    """True when `text` starts like a signed message of this version."""
    return text.startswith(MAGIC_TEXT)


def issue(claims: PassClaims, private_key: Ed25519PrivateKey) -> str:
    """The message for a pass's bar code; InvalidInput when a field is empty or too long."""
    seconds = (as_utc(claims.expires_at) - EPOCH) // timedelta(seconds=1)
    if not 0 <= seconds < 2**32:
        raise InvalidInput("the expiry must lie between 1970 and 2106", field="expires_at")
    body = b"".join(
        (
            MAGIC,
            _sized("key_id", claims.key_id, MAX_KEY_ID_BYTES),
            _EXPIRY.pack(seconds),
            _sized("pass_id", claims.pass_id, MAX_ID_BYTES),
            _sized("customer_id", claims.customer_id, MAX_ID_BYTES),
        )
    )
    return base32.encode(body + private_key.sign(body))


def verify(
    text: str, find_key: Callable[[str], SigningKey | None], now: datetime
) -> PassClaims | ScanReason:
    """The claims of an authentic message that is valid at the trusted time `now`, or the reason."""
    checked = authenticate(text, find_key)
    if isinstance(checked, ScanReason):
        return checked
    claims, key = checked
    return time_refusal(claims, key, now) or claims


def authenticate(
    text: str, find_key: Callable[[str], SigningKey | None]
) -> tuple[PassClaims, SigningKey] | ScanReason:
    """Who signed what, whenever; MALFORMED, UNKNOWN_KEY or BAD_SIGNATURE otherwise."""
    token = take_apart(text)
    if token is None:
        return ScanReason.MALFORMED
    key = find_key(token.claims.key_id)
    public_key = _public_key(key) if key is not None else None
    if key is None or public_key is None:
        return ScanReason.UNKNOWN_KEY
    try:
        public_key.verify(token.signature, token.signed)
    except InvalidSignature:
        return ScanReason.BAD_SIGNATURE
    return token.claims, key


def time_refusal(claims: PassClaims, key: SigningKey, now: datetime) -> ScanReason | None:
    """NOT_YET_VALID or EXPIRED by the message's expiry or its key's window, else None."""
    if key.valid_from is not None and now < as_utc(key.valid_from) - CLOCK_SKEW:
        return ScanReason.NOT_YET_VALID
    ends = [claims.expires_at, *([as_utc(key.valid_until)] if key.valid_until else [])]
    return ScanReason.EXPIRED if now >= min(ends) + CLOCK_SKEW else None


def take_apart(text: str) -> SignedToken | None:
    """Cut a message into its fields without checking the signature; None when it is malformed."""
    raw = base32.decode(text) if looks_signed(text) else None
    if raw is None or len(raw) <= SIGNATURE_BYTES:
        return None
    signed, signature = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
    try:
        claims = _claims(signed)
    except (ValueError, IndexError, struct.error):
        return None
    return SignedToken(claims, signed, signature)


def _claims(signed: bytes) -> PassClaims:
    """Read the signed bytes to their very end; ValueError, IndexError or struct.error if not so."""
    key_id, offset = _take(signed, len(MAGIC), MAX_KEY_ID_BYTES)
    (seconds,) = _EXPIRY.unpack_from(signed, offset)
    pass_id, offset = _take(signed, offset + _EXPIRY.size, MAX_ID_BYTES)
    customer_id, offset = _take(signed, offset, MAX_ID_BYTES)
    if offset != len(signed):
        raise ValueError("trailing bytes")
    return PassClaims(key_id, pass_id, customer_id, datetime.fromtimestamp(seconds, UTC))


def _take(signed: bytes, offset: int, max_bytes: int) -> tuple[str, int]:
    """One length-prefixed text and the offset behind it."""
    size = signed[offset]
    end = offset + 1 + size
    if not 1 <= size <= max_bytes or end > len(signed):
        raise ValueError("bad length")
    return signed[offset + 1 : end].decode(), end


def _sized(field: str, text: str, max_bytes: int) -> bytes:
    try:
        raw = text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(f"{field} is no valid text", field=field) from error
    if not 1 <= len(raw) <= max_bytes:
        raise InvalidInput(f"{field} must have 1 to {max_bytes} bytes", field=field)
    return bytes([len(raw)]) + raw


def _public_key(key: SigningKey) -> Ed25519PublicKey | None:
    """The key's point; None when the platform sent something that is no Ed25519 key."""
    try:
        raw = base64.b64decode(key.public_key + "=" * (-len(key.public_key) % 4), b"-_", True)
        return Ed25519PublicKey.from_public_bytes(raw)
    except ValueError:
        return None
