"""The shipped fakes: a whole reader, and a keyboard to put under the real HID reader."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from pos_adapters.base import Connection, OnReading, ReaderState
from pos_adapters.scanners import layouts
from pos_adapters.scanners.device import gone
from pos_adapters.scanners.gate import Gate
from pos_adapters.scanners.keymap import EV_KEY, PRESSED, RELEASED
from pos_adapters.scanners.layouts import LAYOUTS, LayoutName

# Codes waiting while the agent is busy; a scanner's own memory holds about as many.
MAX_WAITING = 64
# Bytes in the pipe of a simulated keyboard that are taken at once, one a delivery.
MAX_DELIVERIES = 4096


class SimulatedReader:
    """A reader without a device: `scan` puts a code before the glass."""

    def __init__(
        self, name: str, lane: str, now: Callable[[], datetime], monotonic: Callable[[], float]
    ) -> None:
        """It starts plugged in, and online once it runs."""
        self.name = name
        self.dropped = 0
        self._now = now
        self._gate = Gate(lane, now, monotonic)
        self._codes: asyncio.Queue[str] = asyncio.Queue(MAX_WAITING)
        self._is_plugged = True
        self._state = ReaderState(Connection.OFFLINE, now(), "not started")

    @property
    def state(self) -> ReaderState:
        """Whether it runs and is plugged in."""
        return self._state

    def scan(self, data: str) -> None:
        """Read `data` once; dropped when unplugged or nobody fetches the codes."""
        if not self._is_plugged or self._codes.full():
            self.dropped += 1
        else:
            self._codes.put_nowait(data)

    def unplug(self) -> None:
        """Lose the device."""
        self._is_plugged = False
        self._state = ReaderState(Connection.OFFLINE, self._now(), "unplugged")

    def plug(self) -> None:
        """Find the device again."""
        self._is_plugged = True
        self._state = ReaderState(Connection.OK, self._now())

    async def run(self, on_reading: OnReading) -> None:
        """See `pos_adapters.base.Reader.run`."""
        if self._is_plugged:
            self.plug()
        try:
            while True:
                await self._gate.hand_over(await self._codes.get(), on_reading)
        finally:
            self._state = ReaderState(Connection.OFFLINE, self._now(), "stopped")


@dataclass(frozen=True, slots=True)
class SimulatedKey:
    """One key event, shaped like an `evdev.InputEvent`."""

    code: int
    value: int
    type: int = EV_KEY


class SimulatedKeyboard:
    """A keyboard scanner as the kernel shows it; `open` is what `hid_reader` opens it with."""

    def __init__(self, layout: LayoutName = LayoutName.US) -> None:
        """Plugged in, nobody listens."""
        self.is_plugged = True
        self.holder: KeyboardHandle | None = None  # who grabbed it
        self._layout = layout

    def open(self, path: str) -> KeyboardHandle:
        """Open the device at `path`; ENOENT while it is unplugged."""
        if not self.is_plugged:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return KeyboardHandle(self)

    def type(self, text: str) -> None:
        """Scan `text`, with Enter behind it."""
        self.press(*keystrokes(text, self._layout), *_tap(layouts.KEY_ENTER))

    def press(self, *events: SimulatedKey) -> None:
        """Send raw key events to whoever holds the keyboard."""
        if self.is_plugged and self.holder:
            self.holder.deliver(events)

    def unplug(self) -> None:
        """Pull the plug: reading fails from now on."""
        self.is_plugged = False
        if self.holder:
            self.holder.deliver(())

    def plug(self) -> None:
        """Put it back; it must be opened anew."""
        self.is_plugged = True


class KeyboardHandle:
    """One opening of a simulated keyboard, in place of an `evdev.InputDevice`."""

    def __init__(self, keyboard: SimulatedKeyboard) -> None:
        """A pipe stands for the descriptor of the event device."""
        self._keyboard = keyboard
        self._events: list[SimulatedKey] = []
        self._is_lost = False
        self._read_end, self._write_end = os.pipe()

    def deliver(self, events: Iterable[SimulatedKey]) -> None:
        """Become readable with `events`, or with the loss of the device."""
        self._events += events
        self._is_lost = self._is_lost or not self._keyboard.is_plugged
        os.write(self._write_end, b"\0")

    def fileno(self) -> int:
        """A descriptor that becomes readable with every delivery."""
        return self._read_end

    def grab(self) -> None:
        """Hold the keyboard exclusively; EBUSY while another handle does."""
        if self._keyboard.holder:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        self._keyboard.holder = self

    def read(self) -> Iterator[SimulatedKey]:
        """All events since the last call; ENODEV once it was unplugged."""
        if self._is_lost:
            gone()
        os.read(self._read_end, MAX_DELIVERIES)
        events, self._events = self._events, []
        return iter(events)

    def close(self) -> None:
        """Let go of the keyboard."""
        os.close(self._read_end)
        os.close(self._write_end)
        if self._keyboard.holder is self:
            self._keyboard.holder = None


def keystrokes(text: str, layout: LayoutName = LayoutName.US) -> list[SimulatedKey]:
    """The keys a scanner set to `layout` presses for `text`; Alt and digits where it has no key."""
    return [event for char in text for event in _strokes(char, layout)]


def _strokes(char: str, name: LayoutName) -> list[SimulatedKey]:
    layout = LAYOUTS[name]
    after = _tap(layouts.KEY_SPACE) if char in layout.dead else []
    for legends, modifier in (
        (layout.plain, None),
        (layout.shifted, layouts.KEY_LEFTSHIFT),
        (layout.alt_gr, layouts.KEY_RIGHTALT),
    ):
        code = next((code for code, legend in legends.items() if legend == char), None)
        if code is not None:
            return [*_held(modifier, _tap(code)), *after]
    keys = {digit: code for code, digit in layouts.NUMPAD.items()}
    number = str(ord(char)) if ord(char) > 0xFF else f"0{ord(char)}"
    digits = [event for digit in number for event in _tap(keys[digit])]
    return _held(layouts.KEY_LEFTALT, digits)


def _tap(code: int) -> list[SimulatedKey]:
    return [SimulatedKey(code, PRESSED), SimulatedKey(code, RELEASED)]


def _held(modifier: int | None, events: list[SimulatedKey]) -> list[SimulatedKey]:
    if modifier is None:
        return events
    return [SimulatedKey(modifier, PRESSED), *events, SimulatedKey(modifier, RELEASED)]
