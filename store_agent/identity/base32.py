"""Base32 for texts that travel through bar codes, scanners and keyboards.

The alphabet has no Y and Z (German keyboards swap them), no I (Turkish ones change it) and no O.
It lies within QR's alphanumeric mode. docs/passes.md tells the reasons.
"""

from __future__ import annotations

import base64

ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTUVWX"
_RFC_4648 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_FROM_RFC = str.maketrans(_RFC_4648, ALPHABET)
_TO_RFC = str.maketrans(ALPHABET, _RFC_4648)
_LETTERS = frozenset(ALPHABET)
_CHARS_PER_BLOCK = 8


def encode(raw: bytes) -> str:
    """`raw` as text, five bits a character, most significant first, without padding characters."""
    return base64.b32encode(raw).decode().rstrip("=").translate(_FROM_RFC)


def decode(text: str) -> bytes | None:
    """The bytes of `text`, or None unless it is exactly what `encode` makes of them.

    So lower case, other characters, an impossible length and non-zero left-over bits are refused:
    one message has one text.
    """
    if not _LETTERS.issuperset(text):
        return None
    padding = "=" * (-len(text) % _CHARS_PER_BLOCK)
    try:
        raw = base64.b32decode(text.translate(_TO_RFC) + padding)
    except ValueError:
        return None
    return raw if encode(raw) == text else None
