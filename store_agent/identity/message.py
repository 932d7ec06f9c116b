"""From what a reader delivered to the texts that may stand in the pass map."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from store_agent.domain.scan import ScanReason

# Characters. The longest signed message has 378; a code with more than 1,000 cannot be read off a
# phone in a hurry. What is longer is noise or an attack and must not cost a look-up.
MAX_LENGTH = 1024

# Suffixes and frames that scanners add around the code: CR, LF, Tab, NUL, STX, ETX.
FRAMING = "\r\n\t\x00\x02\x03"

# Code characters of AIM symbology identifiers (ISO/IEC 15424); `]` + one of them + a modifier.
AIM_CODES = frozenset("ABCDEFGHIJKLMNOPQRSTUXdehsz")

# A code that was encoded to UTF-8 and misread once, and misread once more on the way.
MAX_MISREADINGS = 2

# What Windows-1252 shows for the bytes 0x80-0x9F; Latin-1 has control characters there.
_WINDOWS_1252 = {
    char: byte
    for byte in range(0x80, 0xA0)
    if (char := bytes([byte]).decode("cp1252", "ignore")) != ""
}


@dataclass(frozen=True, slots=True)
class ScannedText:
    """One scan without its frame. `prefixed` is the text before an AIM prefix was cut off it."""

    text: str
    symbology: str | None = None  # AIM identifier without "]", e.g. "Q1"
    prefixed: str | None = None


def normalise(data: str, symbology: str | None) -> ScannedText | ScanReason:
    """Take the frame and the AIM prefix off; EMPTY or TOO_LONG when nothing usable remains."""
    framed = data.strip(FRAMING)
    if len(framed) > MAX_LENGTH:
        return ScanReason.TOO_LONG
    told = _aim_identifier("]" + symbology.removeprefix("]")) if symbology else None
    embedded = _aim_identifier(framed)
    if embedded is None or (told is not None and told != embedded):
        scanned = ScannedText(framed, told)
    else:
        scanned = ScannedText(framed[1 + len(embedded) :].strip(FRAMING), embedded, framed)
    return scanned if scanned.text.strip() else ScanReason.EMPTY


def candidates(scanned: ScannedText) -> tuple[str, ...]:
    """All texts this scan may stand for, the most literal first, each one encodable as UTF-8.

    ASCII without an AIM prefix, the common case, has exactly one. Pass messages are Latin-1 bytes:
    readers hand them over read as UTF-8, as Latin-1, as Windows-1252, or misread twice.
    """
    texts = (scanned.text,) if scanned.prefixed is None else (scanned.text, scanned.prefixed)
    if scanned.text.isascii():
        return texts
    spread = (variant for text in texts for variant in _variants(text))
    return tuple(dict.fromkeys(text for text in spread if is_encodable(text)))


def is_encodable(text: str) -> bool:
    """False for lone surrogates, which no data base takes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _aim_identifier(text: str) -> str | None:
    """The identifier at the start of `text` without "]", e.g. "Q1"; None when there is none."""
    if len(text) < 3 or text[0] != "]" or text[1] not in AIM_CODES:
        return None
    return text[1:3] if text[2].isascii() and text[2].isalnum() else None


def _variants(text: str) -> list[str]:
    """`text` itself and every text whose bytes a reader may have misread as `text`."""
    found = [text]
    misread = text
    for _ in range(MAX_MISREADINGS):
        raw = _bytes_shown_as(misread)
        if raw is None:
            break
        found.append(raw.decode("latin-1"))
        try:
            misread = raw.decode("utf-8")
        except UnicodeDecodeError:
            break
        found.append(misread)
    with suppress(UnicodeEncodeError):  # Latin-1 bytes read as UTF-8, as far as they were valid
        found.append(text.encode("utf-8", "surrogateescape").decode("latin-1"))
    return found


def _bytes_shown_as(text: str) -> bytes | None:
    """The bytes that Latin-1, Windows-1252 or Python's surrogateescape shows as `text`."""
    raw = bytearray()
    for char in text:
        code = ord(char)
        if code < 0x100:
            raw.append(code)
        elif 0xDC80 <= code <= 0xDCFF:
            raw.append(code - 0xDC00)
        elif char in _WINDOWS_1252:
            raw.append(_WINDOWS_1252[char])
        else:
            return None
    return bytes(raw)
