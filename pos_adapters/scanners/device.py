"""A reader over any device with a file descriptor: open, read, lose, wait, open again."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn, Protocol

from pos_adapters.base import Connection, OnReading, ReaderState
from pos_adapters.scanners.gate import Gate

# Seconds between attempts to open a device that is not there, doubling from the first to the last:
# a re-plugged scanner is back before the cashier wonders, a missing one costs nothing.
FIRST_RETRY_S = 0.5
LAST_RETRY_S = 5.0

_NO_PERMISSION = "no permission: add the agent's user to group dialout (serial) or input (HID)"
_EXPLANATIONS = {
    errno.ENOENT: "not connected",
    errno.ENXIO: "not connected",
    errno.ENODEV: "unplugged",
    errno.EIO: "unplugged",
    errno.EACCES: _NO_PERMISSION,
    errno.EPERM: _NO_PERMISSION,
    errno.EBUSY: "in use by another program",
    errno.EAGAIN: "in use by another program",
}


class Device(Protocol):
    """One open connection. Any method may raise OSError: then the device is gone."""

    def fileno(self) -> int:
        """The descriptor that becomes readable."""

    def read_texts(self, at_s: float) -> Iterable[str]:
        """Completed texts, without waiting; `at_s` is the monotonic time."""

    def close(self) -> None:
        """Release the device; must not raise."""

    @property
    def dropped(self) -> int:
        """Lines thrown away on this connection."""


@dataclass(frozen=True, slots=True)
class Times:
    """The clocks a reader gets, and how patient it is (seconds)."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    first_retry_s: float = FIRST_RETRY_S
    last_retry_s: float = LAST_RETRY_S


class DeviceReader:
    """A `Reader` over whatever `open_device` opens; OSError from it means "not there yet"."""

    def __init__(
        self, name: str, lane: str, open_device: Callable[[], Device], times: Times
    ) -> None:
        """Nothing is opened before `run`."""
        self.name = name
        self._open_device = open_device
        self._times = times
        self._gate = Gate(lane, times.now, times.monotonic)
        self._state = ReaderState(Connection.OFFLINE, times.now(), "not started")
        self._device: Device | None = None
        self._dropped_before = 0

    @property
    def state(self) -> ReaderState:
        """Whether the device is there right now."""
        return self._state

    @property
    def dropped(self) -> int:
        """Lines thrown away since the start, over all connections."""
        return self._dropped_before + (self._device.dropped if self._device else 0)

    async def run(self, on_reading: OnReading) -> None:
        """See `pos_adapters.base.Reader.run`."""
        try:
            await self._keep_reading(on_reading)
        finally:
            self._become(Connection.OFFLINE, "stopped")

    async def _keep_reading(self, on_reading: OnReading) -> NoReturn:
        delay_s = self._times.first_retry_s
        while True:
            try:
                device = self._open_device()
            except OSError as error:
                self._become(Connection.OFFLINE, explain(error))
                await asyncio.sleep(delay_s)
                delay_s = min(2 * delay_s, self._times.last_retry_s)
                continue
            delay_s = self._times.first_retry_s
            with closing(device):
                lost = await self._read_until_lost(device, on_reading)
            self._become(Connection.OFFLINE, explain(lost))
            await asyncio.sleep(delay_s)

    async def _read_until_lost(self, device: Device, on_reading: OnReading) -> OSError:
        """Read until the device fails; the failure is the answer, not an error of the reader."""
        self._device = device
        self._become(Connection.OK)
        try:
            while True:
                await readable(device.fileno())
                try:
                    texts = list(device.read_texts(self._times.monotonic()))
                except OSError as error:
                    return error
                for text in texts:
                    await self._gate.hand_over(text, on_reading)
        finally:
            self._dropped_before += device.dropped
            self._device = None

    def _become(self, state: Connection, reason: str = "") -> None:
        if (state, reason) != (self._state.state, self._state.reason):
            self._state = ReaderState(state, self._times.now(), reason)


async def readable(descriptor: int) -> None:
    """Return when `descriptor` has data or was hung up."""
    loop = asyncio.get_running_loop()
    waiting = loop.create_future()

    def wake() -> None:
        loop.remove_reader(descriptor)
        if not waiting.done():
            waiting.set_result(None)

    loop.add_reader(descriptor, wake)
    try:
        await waiting
    finally:
        loop.remove_reader(descriptor)


def gone() -> NoReturn:
    """Raise what the kernel raises for an unplugged device."""
    raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))


def explain(error: OSError) -> str:
    """One short reason for the health report; a read of nothing carries no number."""
    if error.errno is None:
        return "unplugged"
    return _EXPLANATIONS.get(error.errno, os.strerror(error.errno))
