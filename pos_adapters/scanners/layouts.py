"""What is printed on the keys: US and German layouts as (plain, with Shift, with AltGr).

Key codes are those of linux/input-event-codes.h, so that nothing here needs the evdev library.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

KEY_TAB, KEY_ENTER, KEY_SPACE = 15, 28, 57
KEY_LEFTCTRL, KEY_RIGHTCTRL = 29, 97
KEY_LEFTSHIFT, KEY_RIGHTSHIFT = 42, 54
KEY_LEFTALT, KEY_RIGHTALT = 56, 100
KEY_CAPSLOCK, KEY_KPENTER = 58, 96

# Number pad, as with Num Lock on: scanners type digits, never cursor keys.
NUMPAD = dict(zip((82, 79, 80, 81, 75, 76, 77, 71, 72, 73), "0123456789", strict=True))
_NUMPAD_SIGNS = {55: "*", 74: "-", 78: "+", 98: "/"}

ACUTE = "\u00b4"  # the accent, not the apostrophe

_DIGIT_ROW, _TOP_ROW, _HOME_ROW, _BOTTOM_ROW = (
    range(2, 14),
    range(16, 28),
    (*range(30, 42), 43),
    range(44, 54),
)
_KEY_102ND = 86  # between Shift and Z; US keyboards lack it


class LayoutName(StrEnum):
    """The layout the scanner is set to, which need not be the host's."""

    US = "us"
    DE = "de"


@dataclass(frozen=True, slots=True)
class Layout:
    """Characters by key code, and the accents that wait for the next key."""

    plain: dict[int, str]
    shifted: dict[int, str]
    alt_gr: dict[int, str] = field(default_factory=dict)
    dead: frozenset[str] = frozenset()


def _rows(digits: str, top: str, home: str, bottom: str) -> dict[int, str]:
    """One character for each key of the four rows."""
    keys = (*_DIGIT_ROW, *_TOP_ROW, *_HOME_ROW, *_BOTTOM_ROW)
    return dict(zip(keys, digits + top + home + bottom, strict=True))


_COMMON = {KEY_SPACE: " "} | NUMPAD | _NUMPAD_SIGNS

US = Layout(
    plain=_rows("1234567890-=", "qwertyuiop[]", "asdfghjkl;'`\\", "zxcvbnm,./")
    | _COMMON
    | {83: ".", _KEY_102ND: "\\"},
    shifted=_rows("!@#$%^&*()_+", "QWERTYUIOP{}", 'ASDFGHJKL:"~|', "ZXCVBNM<>?")
    | _COMMON
    | {83: ".", _KEY_102ND: "|"},
)

DE = Layout(
    plain=_rows("1234567890ß" + ACUTE, "qwertzuiopü+", "asdfghjklöä^#", "yxcvbnm,.-")
    | _COMMON
    | {83: ",", _KEY_102ND: "<"},
    shifted=_rows('!"§$%&/()=?`', "QWERTZUIOPÜ*", "ASDFGHJKLÖÄ°'", "YXCVBNM;:_")
    | _COMMON
    | {83: ",", _KEY_102ND: ">"},
    alt_gr={
        3: "²",
        4: "³",
        8: "{",
        9: "[",
        10: "]",
        11: "}",
        12: "\\",
        16: "@",
        18: "€",
        27: "~",
        50: "µ",
        _KEY_102ND: "|",
    },
    dead=frozenset("`^") | {ACUTE},
)

LAYOUTS = {LayoutName.US: US, LayoutName.DE: DE}
