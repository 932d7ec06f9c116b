"""Who this shop is to NATS: a `.creds` file (JWT and seed), an nkey, a token or a password.

Seeds and keys: base32 of prefix, key and a CRC-16 (XMODEM, little-endian), as in the `nkeys`
project; the signature is Ed25519 over the server's nonce (nats-io ADR-26).
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sync.errors import TransportError

SEED_PREFIX = 18 << 3  # "S"
USER_PREFIX = 20 << 3  # "U"
SEED_BYTES = 32
BLOCK = re.compile(rb"-----BEGIN ([A-Z ]+)-----\s+(\S+)\s+-+END")


@dataclass(frozen=True, slots=True)
class Identity:
    """A user's key pair, with the JWT that an account issued for it, if there is one."""

    public_key: str
    jwt: bytes | None = None
    _private: Ed25519PrivateKey = field(kw_only=True, repr=False)

    def sign(self, nonce: str) -> bytes:
        """The answer to the server's challenge."""
        return base64.b64encode(self._private.sign(nonce.encode()))


def from_creds(path: Path) -> Identity:
    """Read a `.creds` file. Raises TransportError when it is none."""
    try:
        blocks = dict(BLOCK.findall(path.read_bytes()))
    except OSError as error:
        raise _bad(f"cannot read {path}: {error.strerror}") from error
    jwt, seed = blocks.get(b"NATS USER JWT"), blocks.get(b"USER NKEY SEED")
    if jwt is None or seed is None:
        raise _bad(f"{path} holds no user's JWT and seed")
    return from_seed(seed.decode("ascii", "replace"), jwt)


def from_seed(seed: str, jwt: bytes | None = None) -> Identity:
    """The user of an nkey seed (`SU...`). Raises TransportError when it is none."""
    raw = _decode(seed.strip())
    prefix = (raw[0] & 7) << 5 | (raw[1] & 248) >> 3
    if len(raw) != 2 + SEED_BYTES or raw[0] & 248 != SEED_PREFIX or prefix != USER_PREFIX:
        raise _bad("this is no user's seed")
    private = Ed25519PrivateKey.from_private_bytes(raw[2:])
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return Identity(_encode(bytes([USER_PREFIX]) + public), jwt, _private=private)


def _decode(text: str) -> bytes:
    try:
        raw = base64.b32decode(text + "=" * (-len(text) % 8))
    except ValueError as error:
        raise _bad("this is no nkey") from error
    if len(raw) < 4 or _checksum(raw[:-2]) != raw[-2:]:
        raise _bad("this nkey is mistyped")
    return raw[:-2]


def _encode(raw: bytes) -> str:
    return base64.b32encode(raw + _checksum(raw)).decode().rstrip("=")


def _checksum(raw: bytes) -> bytes:
    return binascii.crc_hqx(raw, 0).to_bytes(2, "little")


def _bad(what: str) -> TransportError:
    hint = "Ask the operator for this shop's credentials; see docs/nats.md."
    return TransportError(what, permanent=True, hint=hint)
