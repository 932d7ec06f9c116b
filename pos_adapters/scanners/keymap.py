"""From key events of a keyboard scanner to texts. Pure; the time rides in the call.

Scanners press the keys of the layout they are set to, whatever layout the host uses.
"""

from __future__ import annotations

import unicodedata
from typing import Protocol

from pos_adapters.scanners import layouts
from pos_adapters.scanners.layouts import LAYOUTS, NUMPAD, Layout, LayoutName

# Characters; a pass has at most 1,024, anything longer is a stuck key.
MAX_TEXT_LENGTH = 1024
# Seconds between keys after which the beginning is a stray key press, not half a code.
STALE_AFTER_S = 1.0

# linux/input-event-codes.h
EV_SYN, EV_KEY = 0, 1
SYN_DROPPED = 3
RELEASED, PRESSED, REPEATED = 0, 1, 2

_MODIFIERS = {
    layouts.KEY_LEFTSHIFT: "shift",
    layouts.KEY_RIGHTSHIFT: "shift",
    layouts.KEY_LEFTCTRL: "ctrl",
    layouts.KEY_RIGHTCTRL: "ctrl",
    layouts.KEY_LEFTALT: "alt",
    layouts.KEY_RIGHTALT: "alt_gr",
}
_TERMINATORS = frozenset({layouts.KEY_ENTER, layouts.KEY_KPENTER, layouts.KEY_TAB})
_COMBINING = {layouts.ACUTE: "\u0301", "`": "\u0300", "^": "\u0302"}
# Digits behind Alt: the longest are 7 for U+10FFFF; more come from a stuck key.
_MAX_ALT_DIGITS = 8


class KeyEvent(Protocol):
    """An `evdev.InputEvent`, or anything with its three numbers."""

    @property
    def type(self) -> int:
        """EV_KEY for keys."""

    @property
    def code(self) -> int:
        """Which key."""

    @property
    def value(self) -> int:
        """0 released, 1 pressed, 2 repeated by the kernel."""


class KeyDecoder:
    """Follows modifiers and collects characters until Enter or Tab."""

    def __init__(self, layout: LayoutName = LayoutName.US) -> None:
        """Start with no key held and Caps Lock off: an exclusively held device has no other."""
        self._layout: Layout = LAYOUTS[layout]
        self.dropped = 0
        self._caps_lock = False
        self._last_at_s = 0.0
        self._start_over()

    def feed(self, event: KeyEvent, at_s: float) -> str:
        """The text `event` completes, or ""; `at_s` is the monotonic time."""
        if event.type == EV_SYN and event.code == SYN_DROPPED:  # the kernel lost events
            self._drop()
            self._start_over()
        if event.type != EV_KEY or event.value == REPEATED:
            return ""
        if at_s - self._last_at_s >= STALE_AFTER_S and self._text:
            self._drop()
        self._last_at_s = at_s
        if event.code in _MODIFIERS:
            return self._modifier(event.code, is_down=event.value == PRESSED)
        return self._press(event.code) if event.value == PRESSED else ""

    def _start_over(self) -> None:
        self._held: set[int] = set()
        self._text = ""
        self._is_oversized = False
        self._dead = ""
        self._alt_digits = ""

    def _drop(self) -> None:
        """Throw the unfinished text away."""
        if self._text:
            self.dropped += 1
        self._text, self._is_oversized = "", False
        self._dead = ""

    def _holds(self, modifier: str) -> bool:
        return any(_MODIFIERS[code] == modifier for code in self._held)

    def _modifier(self, code: int, *, is_down: bool) -> str:
        if is_down:
            self._held.add(code)
            return ""
        self._held.discard(code)
        if code != layouts.KEY_LEFTALT or not self._alt_digits:
            return ""
        char = alt_character(self._alt_digits)
        self._alt_digits = ""
        return self._finish() if char in ("\r", "\n") else self._append(char)

    def _press(self, code: int) -> str:
        if code == layouts.KEY_CAPSLOCK:
            self._caps_lock = not self._caps_lock
            return ""
        if code in _TERMINATORS:
            return self._finish()
        if self._holds("alt") and code in NUMPAD:
            self._alt_digits = (self._alt_digits + NUMPAD[code])[:_MAX_ALT_DIGITS]
            return ""
        if self._holds("ctrl"):
            return self._control(code)
        return self._append(self._accented(self._character(code)))

    def _character(self, code: int) -> str:
        if self._holds("alt_gr"):
            return self._layout.alt_gr.get(code, "")
        plain = self._layout.plain.get(code, "")
        shift = self._holds("shift")
        if self._caps_lock and plain.isalpha() and plain != "ß":
            shift = not shift
        return self._layout.shifted.get(code, "") if shift else plain

    def _control(self, code: int) -> str:
        """Ctrl and a key of the US layout: a control character, Ctrl ] the group separator."""
        key = layouts.US.plain.get(code, "").upper()
        if len(key) != 1 or not "@" <= key <= "_":
            return ""
        char = chr(ord(key) & 0x1F)
        return self._finish() if char in ("\r", "\n", "\t") else self._append(char)

    def _accented(self, char: str) -> str:
        """Join an accent typed before with `char`; accent and space is the accent itself."""
        if not char:
            return ""
        accent, self._dead = self._dead, ""
        if char in self._layout.dead and not accent:
            self._dead = char
            return ""
        if not accent:
            return char
        if char == " ":
            return accent
        joined = unicodedata.normalize("NFC", char + _COMBINING[accent])
        return joined if len(joined) == 1 else accent + char

    def _append(self, text: str) -> str:
        if len(self._text) + len(text) > MAX_TEXT_LENGTH:
            self._is_oversized = True
        if not self._is_oversized:
            self._text += text
        return ""

    def _finish(self) -> str:
        text, is_oversized = self._text, self._is_oversized
        self._text, self._is_oversized = "", False
        self._dead = ""
        if is_oversized:
            self.dropped += 1
            return ""
        return text


def alt_character(digits: str) -> str:
    """What Alt and these number-pad digits type: "" for what is no character.

    As on Windows, which scanners copy: a leading zero means Windows-1252, none code page 437, and
    numbers above 255 are Unicode.
    """
    number = int(digits)
    if number > 0xFF:
        is_character = number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF
        return chr(number) if is_character else ""
    return bytes([number]).decode("cp1252" if digits[0] == "0" else "cp437", "ignore")
