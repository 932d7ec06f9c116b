"""A barcode scanner played over a pseudo-terminal; the agent's reader has the other end."""

from __future__ import annotations

import os

_END_OF_CODE = b"\r"  # what serial scanners send after each code, unless told otherwise


class TerminalScanner:
    """Writes codes to an open terminal. Without a reader nothing waits: such scans are lost."""

    def __init__(self, fd: int) -> None:
        """`fd` is the scanner's end; it becomes non-blocking for everybody who shares it."""
        self._fd = fd
        os.set_blocking(fd, False)

    def scan(self, text: str) -> bool:
        """Read one code; False when nobody takes it because the line is full or gone."""
        code = text.encode() + _END_OF_CODE
        try:
            return os.write(self._fd, code) == len(code)
        except OSError:  # full, or the other end was unplugged: a scanner just beeps
            return False
