"""The customer as a till sees them: an opaque reference that only fits one transaction.

AES-SIV (RFC 5297) of the customer id, bound to the transaction by its associated data. Nothing is
stored for it, it survives a restart, and two transactions of one customer cannot be linked by it.
"""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 64  # AES-256-SIV
MAX_REF_CHARS = 512


class CustomerRefs:
    """Seals and opens references with a key of this box."""

    def __init__(self, secret: bytes) -> None:
        """`secret` is random and never changes; the key is derived from it (HKDF-SHA256)."""
        derived = HKDF(SHA256(), KEY_BYTES, salt=None, info=b"customer_ref").derive(secret)
        self._cipher = AESSIV(derived)

    def seal(self, customer_id: str, txn_id: str) -> str:
        """The reference of a customer in one transaction."""
        sealed = self._cipher.encrypt(customer_id.encode(), [txn_id.encode()])
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, ref: str, txn_id: str) -> str | None:
        """The customer id, or None when the reference is not of this box or transaction."""
        if len(ref) > MAX_REF_CHARS:
            return None
        try:
            sealed = base64.b64decode(ref + "=" * (-len(ref) % 4), altchars=b"-_", validate=True)
            return self._cipher.decrypt(sealed, [txn_id.encode()]).decode()
        except (InvalidTag, binascii.Error, ValueError):
            return None
