"""Time in the files: RFC 3339 text, UTC, always microseconds, so that text order is time order."""

from __future__ import annotations

from datetime import UTC, datetime


def to_text(when: datetime) -> str:
    """`2026-11-21T10:00:00.000000+00:00`; `when` must be aware."""
    return when.astimezone(UTC).isoformat(timespec="microseconds")


def to_text_or_none(when: datetime | None) -> str | None:
    """As `to_text`; None stays None."""
    return None if when is None else to_text(when)


def from_text(text: str) -> datetime:
    """The aware UTC time of `to_text`."""
    return datetime.fromisoformat(text)


def from_text_or_none(text: str | None) -> datetime | None:
    """As `from_text`; None stays None."""
    return None if text is None else datetime.fromisoformat(text)


def file_stamp(when: datetime) -> str:
    """A time for file names: `20261121T100000Z`."""
    return when.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
