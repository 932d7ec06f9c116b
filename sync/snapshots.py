"""A snapshot's stream, and where it can be taken up again after the line was cut."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SnapshotPosition:
    """How much of which stream is here already: `offset` bytes of the one called `tag`.

    The platform sends the same bytes under the same tag, or uses another tag.
    """

    tag: str
    offset: int


@dataclass(frozen=True, slots=True)
class SnapshotPiece:
    """Some bytes of the zstd NDJSON stream called `tag`, from `offset` on.

    Without a tag the stream cannot be taken up again: the next attempt starts at its beginning.
    """

    data: bytes
    offset: int
    tag: str | None = None
