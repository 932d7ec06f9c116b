"""The OwnTracks app's encryption: libsodium's secretbox (XSalsa20-Poly1305) under a shared key."""

from __future__ import annotations

import base64

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

KEY_BYTES = SecretBox.KEY_SIZE  # 32: a shorter key is filled up with zeros, a longer one cut


class Envelope:
    """Opens and makes envelopes of one key."""

    def __init__(self, key: str) -> None:
        """`key` as it was typed into the app."""
        self._box = SecretBox(key.encode()[:KEY_BYTES].ljust(KEY_BYTES, b"\0"))

    def open(self, data: str) -> bytes:
        """The message in base64 `data`: 24 bytes of nonce, then the rest. Raises ValueError.

        Some base64 encoders break lines.
        """
        try:
            sealed = base64.b64decode("".join(data.split()), validate=True)
            return bytes(self._box.decrypt(sealed))
        except (CryptoError, ValueError) as error:
            raise ValueError("not an envelope of this key") from error

    def seal(self, message: bytes) -> str:
        """What the app would send; for tests and the sample shop."""
        return base64.b64encode(bytes(self._box.encrypt(message))).decode()
