"""Single fields of the OwnTracks app's messages: numbers may be texts, or missing. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Document = Mapping[str, Any]

MAX_TEXT = 128  # characters kept of a text
MAX_TIME_S = 1e11  # beyond it are milliseconds


class FieldUnusable(ValueError):
    """A field that cannot be used; the text says which and why."""


def number(document: Document, field: str, low: float, high: float) -> float:
    """A finite number from `low` to `high`. Raises FieldUnusable."""
    value = document.get(field)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise FieldUnusable(f"{field} is no number")
    try:
        found = float(value)
    except (ValueError, OverflowError):
        raise FieldUnusable(f"{field} is no number") from None
    if not math.isfinite(found) or not low <= found <= high:
        raise FieldUnusable(f"{field} is out of range")
    return found


def maybe(
    document: Document, field: str, low: float = -math.inf, high: float = math.inf
) -> float | None:
    """The same, None where it is missing or null."""
    return None if document.get(field) is None else number(document, field, low, high)


def whole(document: Document, field: str, low: int, high: int) -> int:
    """A whole number. Raises FieldUnusable."""
    found = number(document, field, low, high)
    if not found.is_integer():
        raise FieldUnusable(f"{field} is no whole number")
    return int(found)


def moment(document: Document, field: str) -> datetime:
    """Seconds since 1970. Raises FieldUnusable."""
    return datetime.fromtimestamp(number(document, field, 0.0, MAX_TIME_S), UTC)


def text(document: Document, field: str) -> str:
    """A text, cut where it is too long; "" where there is none."""
    value = document.get(field)
    return value[:MAX_TEXT] if isinstance(value, str) else ""
