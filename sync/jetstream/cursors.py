"""Positions in the feed's stream as text. Pure.

`<stream>-<seq>[-<seq>...]`: which stream, then up to where each scope was read; one number stands
for all scopes. A shop keeps it and gives it back, nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sync.errors import CursorLostError
from sync.jetstream.port import StreamFacts

EPOCH_KEY = "feed_epoch"  # the stream's metadata: the publisher changes it when changes are missing
IDENTITY_CHARS = 12


def identity_of(facts: StreamFacts) -> str:
    """Another one for a stream that was made anew, or that lacks changes it once had."""
    text = f"{facts.name} {facts.identity} {facts.metadata.get(EPOCH_KEY, '')}"
    return hashlib.sha256(text.encode()).hexdigest()[:IDENTITY_CHARS]


def cursor_at(facts: StreamFacts, positions: Sequence[int]) -> str:
    """The cursor of these positions."""
    return "-".join([identity_of(facts), *map(str, positions)])


def positions_of(cursor: str, facts: StreamFacts, scopes: int) -> list[int]:
    """The position of each scope. Raises CursorLostError when this stream cannot go on there."""
    identity, *numbers = cursor.split("-")
    if identity != identity_of(facts) or not all(n.isascii() and n.isdigit() for n in numbers):
        raise _lost("is of another stream")
    positions = [int(number) for number in numbers]
    if len(positions) == 1:
        positions *= scopes
    if len(positions) != scopes:
        raise _lost("is of other scopes")
    for position in positions:
        if position < facts.first_seq - 1:
            raise _lost("is older than what the stream still holds")
        if position > facts.last_seq:
            raise _lost("is ahead of the stream: it lost its newest messages")
    return positions


def _lost(why: str) -> CursorLostError:
    return CursorLostError(f"this feed position {why}")
