"""Standard Webhooks 1.0: who sent this body, when, and is it the one that was sent? Pure.

Signed are the bytes `id.timestamp.body` as they travel, never a body written anew. While a key is
changed a message carries a signature by each key, and a receiver is content with one of them.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
SECRET, PRIVATE, PUBLIC = "whsec_", "whsk_", "whpk_"
SECRET_BYTES = range(24, 65)
SEED_BYTES = 32
TOLERANCE_S = 300  # a body older or newer than this is a replay, or one of both clocks is wrong


class SigningKey(Protocol):
    """Makes one signature with its version in front, as it stands in the header."""

    def sign(self, content: bytes) -> str:
        """The signature of the signed content."""


class CheckingKey(Protocol):
    """Tells whether one signature of the header is its own."""

    def fits(self, signature: str, content: bytes) -> bool:
        """Whether it is valid; False as well for other versions and for nonsense."""


@dataclass(frozen=True, slots=True)
class SharedKey:
    """`v1`: HMAC-SHA256 with a secret both sides know."""

    secret: bytes

    def sign(self, content: bytes) -> str:
        """See `SigningKey`."""
        return "v1," + b64encode(hmac.digest(self.secret, content, hashlib.sha256)).decode()

    def fits(self, signature: str, content: bytes) -> bool:
        """See `CheckingKey`."""
        return hmac.compare_digest(self.sign(content).encode(), signature.encode())


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """`v1a`: ed25519; the receiver knows the public key only."""

    key: Ed25519PrivateKey

    def sign(self, content: bytes) -> str:
        """See `SigningKey`."""
        return "v1a," + b64encode(self.key.sign(content)).decode()

    @property
    def public(self) -> str:
        """What the receiver is told, as `whpk_...`."""
        return PUBLIC + b64encode(self.key.public_key().public_bytes_raw()).decode()


@dataclass(frozen=True, slots=True)
class PublicKey:
    """`v1a` on the receiver's side."""

    key: Ed25519PublicKey

    def fits(self, signature: str, content: bytes) -> bool:
        """See `CheckingKey`."""
        version, _, value = signature.partition(",")
        if version != "v1a":
            return False
        try:
            self.key.verify(b64decode(value, validate=True), content)
        except (InvalidSignature, Base64Error, ValueError):
            return False
        return True


def signing_key(text: str) -> SigningKey:
    """A key from `whsec_...` (24 to 64 bytes) or `whsk_...`. Raises ValueError without the key."""
    if text.startswith(PRIVATE):
        # Some write seed and public key one after the other: the seed comes first.
        seed = _decoded(text.removeprefix(PRIVATE))
        if len(seed) not in {SEED_BYTES, 2 * SEED_BYTES}:
            raise ValueError("a whsk_ key has 32 bytes, or 64 with its public key")
        return PrivateKey(Ed25519PrivateKey.from_private_bytes(seed[:SEED_BYTES]))
    return _shared_key(text)


def checking_key(text: str) -> CheckingKey:
    """A key from `whsec_...` or `whpk_...`. Raises ValueError without the key."""
    if text.startswith(PUBLIC):
        return PublicKey(Ed25519PublicKey.from_public_bytes(_decoded(text.removeprefix(PUBLIC))))
    return _shared_key(text)


def headers(
    message_id: str, timestamp_s: int, body: bytes, keys: Sequence[SigningKey]
) -> dict[str, str]:
    """The three headers of one attempt: the id stays the same on each, the timestamp is its own."""
    content = signed_content(message_id, str(timestamp_s), body)
    return {
        ID: message_id,
        TIMESTAMP: str(timestamp_s),
        SIGNATURE: " ".join(key.sign(content) for key in keys),
    }


def is_genuine(
    sent: Mapping[str, str], body: bytes, keys: Sequence[CheckingKey], now_s: float
) -> bool:
    """Whether one of `keys` signed these bytes lately. `sent` are the headers, in lower case."""
    timestamp = sent.get(TIMESTAMP, "")
    if not (timestamp.isascii() and timestamp.isdigit()):
        return False
    if abs(now_s - int(timestamp)) > TOLERANCE_S:
        return False
    content = signed_content(sent.get(ID, ""), timestamp, body)
    signatures = sent.get(SIGNATURE, "").split(" ")
    return any(key.fits(signature, content) for key in keys for signature in signatures)


def signed_content(message_id: str, timestamp: str, body: bytes) -> bytes:
    """What is signed."""
    return b"%b.%b.%b" % (message_id.encode(), timestamp.encode(), body)


def _shared_key(text: str) -> SharedKey:
    if not text.startswith(SECRET):
        raise ValueError("a secret begins with whsec_ or whsk_")
    secret = _decoded(text.removeprefix(SECRET))
    if len(secret) not in SECRET_BYTES:
        raise ValueError("a whsec_ secret has 24 to 64 bytes")
    return SharedKey(secret)


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (Base64Error, ValueError):
        raise ValueError("the part after the prefix is not base64") from None
