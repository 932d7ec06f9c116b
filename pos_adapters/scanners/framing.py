"""From the bytes of a serial scanner to lines of text. Pure."""

from __future__ import annotations

# Bytes. Four for each of the 1,024 characters a pass may have; more is noise.
MAX_LINE_BYTES = 4096

# Seconds of silence inside a line after which its beginning is noise, not half a code: at the
# slowest usual rate of 9,600 baud a scanner never pauses for more than a few milliseconds.
STALE_AFTER_S = 1.0

_CR, _LF = b"\r", b"\n"


class LineFramer:
    """Cuts a stream at CR, LF or CR LF; never holds more than one line of `max_bytes`."""

    def __init__(self, prefix: bytes = b"", max_bytes: int = MAX_LINE_BYTES) -> None:
        """With a `prefix`, lines that do not begin with it are dropped; it is taken off."""
        self._prefix = prefix
        self._max_bytes = max_bytes
        self._line = bytearray()
        self._is_oversized = False
        self._last_at_s = 0.0
        self.dropped = 0

    def feed(self, chunk: bytes, at_s: float) -> list[str]:
        """The lines completed by `chunk`, which came at the monotonic time `at_s`."""
        if at_s - self._last_at_s >= STALE_AFTER_S:
            self._forget_beginning()
        self._last_at_s = at_s
        *ended, rest = chunk.replace(_CR, _LF).split(_LF)
        lines = []
        for piece in ended:
            self._extend(piece)
            line = self._finish()
            if line:
                lines.append(line)
        self._extend(rest)
        return lines

    def _extend(self, piece: bytes) -> None:
        if self._is_oversized:
            return
        self._line += piece.replace(b"\0", b"")
        if len(self._line) > self._max_bytes:
            self._is_oversized = True
            self._line.clear()

    def _finish(self) -> str:
        """The line that ends here, or "" when there is none worth having."""
        raw, is_oversized = bytes(self._line), self._is_oversized
        self._line.clear()
        self._is_oversized = False
        if is_oversized or (raw and not raw.startswith(self._prefix)):
            self.dropped += 1
            return ""
        return decoded(raw[len(self._prefix) :])

    def _forget_beginning(self) -> None:
        if self._line or self._is_oversized:
            self.dropped += 1
        self._line.clear()
        self._is_oversized = False


def decoded(raw: bytes) -> str:
    """UTF-8 where it is valid, else Latin-1, which takes every byte."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
