"""When an event happened, as well as this shop can tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sync.outbox import OutboxRow, from_rfc3339

_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)


def happened_at(row: OutboxRow) -> datetime:
    """By the platform's clock if it was ever compared with the box's, else by the box's."""
    written_at = from_rfc3339(row.occurred_at)
    if row.offset_s is None:
        return written_at
    try:
        return written_at + timedelta(seconds=row.offset_s)
    except OverflowError:  # a wall clock beyond all years, set right since
        return _EARLIEST if row.offset_s < 0 else _LATEST


def is_certain(row: OutboxRow) -> bool:
    """Whether `happened_at` is true time."""
    return row.offset_s is not None


def milliseconds(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and `Z`, the form most receivers agree on."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
