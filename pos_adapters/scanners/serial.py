"""Scanners on a serial line (RS-232, USB CDC): binary-safe, so the preferred connection."""

from __future__ import annotations

import errno
import os
import termios
from dataclasses import dataclass

import serial

from pos_adapters.scanners.device import DeviceReader, Times, gone
from pos_adapters.scanners.framing import LineFramer

# Bytes taken at once: the kernel's line buffer.
READ_BYTES = 4096


@dataclass(frozen=True, slots=True)
class SerialSettings:
    """`port`: best a link below /dev/serial/by-id. `prefix`: what the scanner sends before data."""

    port: str
    baud: int = 9600
    prefix: bytes = b""


class SerialDevice:
    """One open line, claimed exclusively."""

    def __init__(self, settings: SerialSettings) -> None:
        """Open the port; OSError when that fails, ValueError for impossible settings."""
        try:
            self._port = serial.Serial(
                settings.port, settings.baud, timeout=0, exclusive=True, rtscts=False
            )
        except termios.error as error:  # no OSError: the port went away while it was set up
            raise OSError(errno.EIO, os.strerror(errno.EIO)) from error
        self._framer = LineFramer(settings.prefix)

    def fileno(self) -> int:
        """The descriptor of the line."""
        return int(self._port.fileno())

    @property
    def dropped(self) -> int:
        """Lines thrown away on this connection."""
        return self._framer.dropped

    def read_texts(self, at_s: float) -> list[str]:
        """Completed lines. Readable without data means hung up."""
        try:
            chunk = os.read(self.fileno(), READ_BYTES)
        except BlockingIOError:  # woken for nothing
            return []
        if not chunk:
            gone()
        return self._framer.feed(chunk, at_s)

    def close(self) -> None:
        """Give the port back."""
        self._port.close()


def serial_reader(name: str, lane: str, settings: SerialSettings, times: Times) -> DeviceReader:
    """A reader on a serial line; nothing is opened before it runs."""
    return DeviceReader(name, lane, lambda: SerialDevice(settings), times)
