"""Single values of a fences file: numbers and texts, as JSON gives them."""

from __future__ import annotations

import hashlib
import math
import unicodedata

import orjson

UNSEEN = frozenset({"Cc", "Cs"})  # control characters, halves of a character


def finite_number(value: object) -> float | None:
    """The number, or None for everything that is none: true, a text, NaN, a billion digits."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def is_plain(text: str, limit: int) -> bool:
    """Something to read on one line, of at most `limit` characters."""
    return (
        0 < len(text) <= limit
        and text == text.strip()
        and not any(unicodedata.category(character) in UNSEEN for character in text)
    )


MADE_UP = "unnamed-"


def made_up_id(what: object) -> str:
    """The id of something that has neither id nor name: the same as long as `what` is."""
    try:
        content = orjson.dumps(what, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError, RecursionError):
        content = b""
    return MADE_UP + hashlib.sha256(content).hexdigest()[:8]


def slug(name: str) -> str:
    """An id made of a name: its letters and digits in lower case, hyphens between them."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    words = "".join(one if one.isalnum() else " " for one in folded).split()
    return "-".join(words)
