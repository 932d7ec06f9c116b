"""Google Wallet's `valuePattern`: literal text between one-time values and timestamps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from store_agent.domain.catalog import TotpField

# Digits of a rendered timestamp between September 2001 and November 2286.
SECONDS_WIDTH = 10
MILLIS_WIDTH = 13
# A timestamp in milliseconds has three digits more than the same one in seconds.
MILLIS_EXTRA = MILLIS_WIDTH - SECONDS_WIDTH
# Digits of seconds that are still read: far beyond any calendar, small enough for any counter.
MAX_SECONDS_WIDTH = 13

_PLACEHOLDER = re.compile(r"(\{totp_value_[0-9]{1,3}\}|\{totp_timestamp_(?:seconds|millis)\})")


class Stamp(Enum):
    """A timestamp field; the value is its unit in milliseconds."""

    SECONDS = 1000
    MILLIS = 1


@dataclass(frozen=True, slots=True)
class Value:
    """A one-time value field: `{totp_value_<index>}`."""

    index: int


Part = str | Stamp | Value


@dataclass(frozen=True, slots=True)
class Anchor:
    """A literal that stands at a fixed `offset` (characters) of every code; "" fits any code."""

    offset: int
    text: str

    def fits(self, data: str) -> bool:
        """True when `data` may be a code of the anchored pattern."""
        return data.startswith(self.text, self.offset)


@dataclass(frozen=True, slots=True)
class Match:
    """What a code holds: one-time values by field index, and its timestamps."""

    values: tuple[tuple[int, str], ...]
    stamps: tuple[tuple[Stamp, int], ...]


def parse(pattern: str) -> tuple[Part, ...]:
    """Cut `pattern` into its parts; an unknown `{placeholder}` is literal text."""
    return tuple(_part(piece) for piece in _PLACEHOLDER.split(pattern) if piece)


def _part(piece: str) -> Part:
    if not _PLACEHOLDER.fullmatch(piece):
        return piece
    if piece == "{totp_timestamp_seconds}":
        return Stamp.SECONDS
    if piece == "{totp_timestamp_millis}":
        return Stamp.MILLIS
    return Value(int(piece.removeprefix("{totp_value_").removesuffix("}")))


def anchor(pattern: str, fields: Sequence[TotpField] = ()) -> Anchor:
    """The longest literal of `pattern` at a fixed offset: what a look-up of codes indexes by.

    Timestamps have their width of today (10 and 13 digits). A value's width stands in `fields`;
    without it only what precedes the first value counts. No such literal: the empty anchor.
    """
    best = Anchor(0, "")
    offset = 0
    for part in parse(pattern):
        if isinstance(part, str):
            best = Anchor(offset, part) if len(part) > len(best.text) else best
            offset += len(part)
        elif isinstance(part, Stamp):
            offset += SECONDS_WIDTH if part is Stamp.SECONDS else MILLIS_WIDTH
        elif part.index < len(fields):
            offset += fields[part.index].value_length
        else:
            break
    return best


def match(parts: Sequence[Part], fields: Sequence[TotpField], data: str) -> Match | None:
    """Read the WHOLE of `data` as `parts`; None when it does not fit. Every index is in `fields`.

    All widths are known but the timestamps', and those follow from the length of `data`: there is
    exactly one way to cut it, also where two fields stand side by side.
    """
    seconds_width = _seconds_width(parts, fields, len(data))
    if seconds_width is None:
        return None
    values: list[tuple[int, str]] = []
    stamps: list[tuple[Stamp, int]] = []
    offset = 0
    for part in parts:
        end = offset + _width(part, fields, seconds_width)
        piece = data[offset:end]
        offset = end
        if isinstance(part, str):
            if piece != part:
                return None
        elif not (piece.isascii() and piece.isdigit()):
            return None
        elif isinstance(part, Stamp):
            stamps.append((part, int(piece)))
        else:
            values.append((part.index, piece))
    return Match(tuple(values), tuple(stamps))


def _seconds_width(parts: Sequence[Part], fields: Sequence[TotpField], length: int) -> int | None:
    """Digits of a timestamp in seconds, so that `parts` fill `length` characters; or None."""
    stamp_count = sum(isinstance(part, Stamp) for part in parts)
    without_seconds = sum(_width(part, fields, 0) for part in parts)
    rest = length - without_seconds
    if stamp_count == 0:
        return 0 if rest == 0 else None
    width, odd = divmod(rest, stamp_count)
    return width if odd == 0 and 1 <= width <= MAX_SECONDS_WIDTH else None


def _width(part: Part, fields: Sequence[TotpField], seconds_width: int) -> int:
    if isinstance(part, str):
        return len(part)
    if isinstance(part, Value):
        return fields[part.index].value_length
    return seconds_width + (MILLIS_EXTRA if part is Stamp.MILLIS else 0)
