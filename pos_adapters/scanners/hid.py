"""Scanners that act as a keyboard, held exclusively so that nothing is typed into the till.

Needs the optional library evdev (Linux): `pip install "store-agent[hid]"`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from pos_adapters.base import MissingDependency
from pos_adapters.scanners.device import DeviceReader, Times
from pos_adapters.scanners.keymap import KeyDecoder, KeyEvent
from pos_adapters.scanners.layouts import LayoutName


class Keyboard(Protocol):
    """The part of `evdev.InputDevice` that is used. OSError means: gone, or held by another."""

    def fileno(self) -> int:
        """The descriptor of the event device."""

    def grab(self) -> None:
        """Keep every other program from seeing the keys."""

    def read(self) -> Iterable[KeyEvent]:
        """All events there are, without waiting."""

    def close(self) -> None:
        """Release the device."""


OpenKeyboard = Callable[[str], Keyboard]


@dataclass(frozen=True, slots=True)
class HidSettings:
    """`path`: a link below /dev/input/by-id. `layout`: what the scanner is set to."""

    path: str
    layout: LayoutName = LayoutName.US


class HidDevice:
    """One grabbed keyboard."""

    def __init__(self, keyboard: Keyboard, layout: LayoutName) -> None:
        """Grab `keyboard`; it is closed again when that fails."""
        try:
            keyboard.grab()
        except OSError:
            keyboard.close()
            raise
        self._keyboard = keyboard
        self._decoder = KeyDecoder(layout)

    def fileno(self) -> int:
        """The descriptor of the event device."""
        return self._keyboard.fileno()

    @property
    def dropped(self) -> int:
        """Texts thrown away on this connection."""
        return self._decoder.dropped

    def read_texts(self, at_s: float) -> list[str]:
        """Texts completed by the events there are."""
        try:
            events = list(self._keyboard.read())
        except BlockingIOError:  # woken for nothing
            return []
        return [text for event in events if (text := self._decoder.feed(event, at_s))]

    def close(self) -> None:
        """Let go of the keyboard; an unplugged one cannot be closed properly any more."""
        with suppress(OSError):
            self._keyboard.close()


def hid_reader(
    name: str,
    lane: str,
    settings: HidSettings,
    times: Times,
    open_keyboard: OpenKeyboard | None = None,
) -> DeviceReader:
    """A reader on a keyboard scanner. MissingDependency at once when evdev is not installed."""
    opener = open_keyboard or evdev_opener()
    return DeviceReader(
        name, lane, lambda: HidDevice(opener(settings.path), settings.layout), times
    )


def evdev_opener() -> OpenKeyboard:
    """How real keyboards are opened; the library is loaded here, for those who need it."""
    try:
        from evdev import InputDevice  # noqa: PLC0415  an optional extra
    except ImportError as error:
        raise MissingDependency(
            "keyboard scanners need the evdev library",
            hint='Install it with: pip install "store-agent[hid]"',
        ) from error
    opener: OpenKeyboard = InputDevice
    return opener
