"""Google Wallet's rotating barcode: check a code, render one, and say how to index its pattern."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime

from store_agent.domain.catalog import Rotation
from store_agent.domain.errors import InvalidInput
from store_agent.domain.scan import ScanReason
from store_agent.identity.instants import to_millis
from store_agent.identity.pattern import Anchor, Match, Part, Stamp, Value, anchor, match, parse
from store_agent.identity.totp import MAX_VALUE_LENGTH, one_time_value

__all__ = ["Anchor", "Generator", "anchor", "code_at", "generator", "verify"]

# Windows of `period_ms` accepted on each side of the current one: a phone's clock and ours differ.
WINDOWS_EACH_SIDE = 1
# Milliseconds. No phone and no scanner is faster, and a timestamp in seconds stays precise enough.
MIN_PERIOD_MS = 1000


@dataclass(frozen=True, slots=True)
class Generator:
    """A rotation that was checked: keys decoded, pattern cut into parts."""

    rotation: Rotation
    parts: tuple[Part, ...]
    keys: tuple[bytes, ...]

    def read(self, data: str) -> Match | None:
        """Cut `data` by the pattern; None when it does not fit as a whole."""
        return match(self.parts, self.rotation.fields, data)

    def value(self, index: int, counter: int) -> str:
        """The one-time value of field `index` in window `counter`."""
        digits = self.rotation.fields[index].value_length
        return one_time_value(self.keys[index], counter, digits)


def generator(rotation: Rotation) -> Generator:
    """Check `rotation`; InvalidInput when no code could ever be told right from wrong by it."""
    parts = parse(rotation.pattern)
    indices = [part.index for part in parts if isinstance(part, Value)]
    if not indices:
        raise InvalidInput("a rotating pattern needs a {totp_value_n}", field="pattern")
    if max(indices) >= len(rotation.fields):
        raise InvalidInput("the pattern uses a value that has no key", field="fields")
    if rotation.period_ms < MIN_PERIOD_MS:
        raise InvalidInput("a window lasts at least one second", field="period_ms")
    if not all(1 <= field.value_length <= MAX_VALUE_LENGTH for field in rotation.fields):
        raise InvalidInput(f"a value has 1 to {MAX_VALUE_LENGTH} digits", field="value_length")
    return Generator(rotation, parts, tuple(_key(field.key) for field in rotation.fields))


def _key(text: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if not key:  # the text itself stays out of the error: it is a secret
        raise InvalidInput("a one-time key must be non-empty hexadecimal", field="key")
    return key


def code_at(rotation: Rotation, when: datetime) -> str:
    """The code a phone shows at `when` (from 1970 on). InvalidInput for an unusable rotation."""
    source = generator(rotation)
    millis = to_millis(when)
    if millis < 0:
        raise InvalidInput("there are no codes before 1970", field="when")
    counter = millis // rotation.period_ms

    def rendered(part: Part) -> str:
        if isinstance(part, str):
            return part
        if isinstance(part, Stamp):
            return str(millis // part.value)
        return source.value(part.index, counter)

    return "".join(map(rendered, source.parts))


def verify(source: Generator, code: Match, now: datetime) -> int | ScanReason:
    """The counter of the window in which `code` is right, or why it is refused.

    `now` must be a trusted time. A timestamp in the code may be the window's start or the moment of
    rendering: both lie in the same window. OUTSIDE_WINDOW: right, but of another time (a
    screenshot). WRONG_CODE: right at no time that the code itself names.
    """
    current = to_millis(now) // source.rotation.period_ms
    window = range(current - WINDOWS_EACH_SIDE, current + WINDOWS_EACH_SIDE + 1)
    claimed = _claimed_counters(code, source.rotation.period_ms) if code.stamps else window
    right = [counter for counter in claimed if counter >= 0 and _is_right(source, code, counter)]
    if not right:
        return ScanReason.WRONG_CODE
    nearest = min(right, key=lambda counter: abs(counter - current))
    return nearest if nearest in window else ScanReason.OUTSIDE_WINDOW


def _claimed_counters(code: Match, period_ms: int) -> range:
    """The windows all timestamps of `code` agree on.

    A timestamp in seconds touches two when the period is no whole number of seconds.
    """
    first = max(stamp * unit.value // period_ms for unit, stamp in code.stamps)
    last = min((stamp * unit.value + unit.value - 1) // period_ms for unit, stamp in code.stamps)
    return range(first, last + 1)


def _is_right(source: Generator, code: Match, counter: int) -> bool:
    """Compare every value of one window in constant time, without stopping at the first wrong."""
    equal = [
        hmac.compare_digest(source.value(index, counter).encode(), value.encode())
        for index, value in code.values
    ]
    return all(equal)
