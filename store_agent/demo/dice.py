"""Repeatable chance: everything invented comes from here, and only from the seed."""

from __future__ import annotations

import hashlib
import random
import struct
from collections.abc import Callable

THROWS = 48  # half as many again as the most eventful customer takes
_WORDS = struct.Struct(f">{THROWS}I")
_UNIT = 2.0**-32


def dice(seed: int, *purpose: str | int) -> random.Random:
    """A generator for one purpose; the same seed and purpose give the same throws for ever."""
    return random.Random(int.from_bytes(secret(seed, *purpose)[:8], "big"))  # noqa: S311 - invented data has to be repeatable


def secret(seed: int, *purpose: str | int) -> bytes:
    """32 bytes derived from the seed: key material of the demo, worth nothing anywhere else."""
    text = "/".join(("sample shop", str(seed), *map(str, purpose)))
    return hashlib.sha256(text.encode()).digest()


class Throws:
    """Cheap throws for one thing of many: seeding `random.Random` anew costs five times as much."""

    def __init__(self, seed: int, purpose: str) -> None:
        """One source a purpose."""
        self._prefix = secret(seed, purpose)

    def of(self, index: int) -> Callable[[], float]:
        """A function that gives `THROWS` numbers in [0, 1), the same for the same `index`."""
        source = hashlib.shake_128(self._prefix + index.to_bytes(8, "big"))
        return map(_UNIT.__mul__, _WORDS.unpack(source.digest(_WORDS.size))).__next__
